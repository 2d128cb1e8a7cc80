"""The decision record: everything that led to one action, as it lies in the log right behind its event.

A record is an entry of the event log, of the event `names.DECISION`, under the key of the event that was
decided. Its body is JSON. Feature values stand in it as the kernel had them, 8 bytes a feature in base64:
exact, and read a million at a time without parsing numbers. Which name each of them has is said once, by an
entry of the event `names.PROGRAM` under the key that the record gives as ``program``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from sevenfold.features.kernel.layout import NULL_INT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.features.plan import Asking

__all__ = [
    "Answer",
    "Decision",
    "DecisionRecord",
    "Program",
    "decode_reasons",
    "decode_record",
    "decode_records",
    "encode_answer",
    "encode_reasons",
    "encode_record",
    "encode_records",
]

Value = float | int | str | None


class DecisionRecord(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the log keeps of a decision, beside the event itself.

    Attributes
    ----------
    event
        The name of the event that was decided; its key is the entry's.
    program
        Which program computed the features: the key of a `names.PROGRAM` entry.
    features
        Their values, 8 bytes each.
    texts
        Those of the features that are texts, in order.
    model
        The id of the bundle; `None` where there was no model, or it failed.
    score
        Calibrated probability; `None` without a model.
    policy
        The version of policy, rules and lists.
    action
        What was done; ``would_be`` before the control group was drawn, where that differs.
    risk_score, rules, shadow_rules, lists, control, fallback, by, review_from, block_from
        As `verdict.Verdict` has them.
    took_us
        Microseconds: waited for its turn, features, model, policy.
    """

    event: str
    program: str
    features: bytes
    model: str | None
    score: float | None
    policy: str
    action: Literal["approve", "review", "block"]
    took_us: tuple[int, int, int, int]
    texts: tuple[str | None, ...] = ()
    risk_score: int | None = None
    rules: tuple[str, ...] = ()
    shadow_rules: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    control: float | None = None
    fallback: bool = False
    would_be: str | None = None
    by: str = "cost"
    review_from: float = 1.0
    block_from: float = 1.0


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a caller gets; the same each time the same event is sent."""

    decision_id: str
    event_id: str
    action: str
    score: float | None
    risk_score: int | None
    reasons: tuple[dict[str, Any], ...]
    rules: tuple[str, ...]
    model: str | None
    policy: str
    fallback: bool
    elapsed_us: int


class Program(msgspec.Struct, frozen=True):
    """What the feature values of a record mean.

    Attributes
    ----------
    event
        At which event they are computed.
    plan
        The fingerprint of the plan that computed them.
    names
        In order.
    counts, texts
        Which are integers and which are texts; all else are float64.
    """

    event: str
    plan: str
    names: tuple[str, ...]
    counts: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, event: str, plan: str, asking: Asking) -> Program:
        """Describe what a plan computes at an event."""
        names = asking.names
        counts = tuple(name for name in names if name in asking.counts)
        texts = tuple(name for name in names if name in asking.texts)
        return cls(event, plan, names, counts, texts)

    def encode(self) -> bytes:
        """Its body in the log."""
        return _ENCODER.encode(self)

    @staticmethod
    def decode(body: bytes) -> Program:
        """Read one from its body in the log."""
        return msgspec.json.decode(body, type=Program)

    @property
    def key(self) -> str:
        """Its key in the log: a hash of the body."""
        return hashlib.sha256(self.encode()).hexdigest()[:16]

    def values(self, record: DecisionRecord) -> dict[str, Value]:
        """The features of a record by name; `None` is null."""
        words = np.frombuffer(record.features, "<i8")
        numbers = words.view("<f8").tolist()
        counts, texts = frozenset(self.counts), iter(record.texts)
        found: dict[str, Value] = {}
        for name, word, number in zip(self.names, words.tolist(), numbers, strict=True):
            if name in self.texts:
                found[name] = next(texts)
            elif name in counts:
                found[name] = None if word == NULL_INT else word
            else:
                found[name] = number if number == number else None  # NaN is null
        return found


class Decision(msgspec.Struct, frozen=True):
    """A decision that is durable.

    Attributes
    ----------
    offset
        Where its record stands in the log.
    event_id
        The key of the event that was decided.
    decided_ms
        When, in epoch milliseconds.
    record
        What is kept of it.
    program
        What its feature values mean.
    reasons
        Why, for a person; of reviews and blocks.
    """

    offset: int
    event_id: str
    decided_ms: int
    record: DecisionRecord
    program: Program
    reasons: tuple[dict[str, Any], ...] = ()

    @property
    def action(self) -> str:
        """What was done."""
        return self.record.action

    @property
    def score(self) -> float | None:
        """Calibrated probability; `None` without a model."""
        return self.record.score

    @property
    def features(self) -> dict[str, Value]:
        """Feature values by name."""
        return self.program.values(self.record)

    def answer(self) -> bytes:
        """What a caller gets, as JSON."""
        return encode_answer(self.offset, self.event_id, self.record, self.reasons)

    def describe(self) -> dict[str, Any]:
        """All of it as plain data, features by name."""
        plain: dict[str, Any] = msgspec.to_builtins(self.record)
        plain["features"] = self.features
        plain.pop("texts", None)
        took = dict(zip(("waited", "features", "model", "policy"), self.record.took_us, strict=True))
        return {
            "decision_id": str(self.offset),
            "event_id": self.event_id,
            "decided_ms": self.decided_ms,
            **plain,
            "reasons": list(self.reasons),
            "took_us": took,
        }


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(DecisionRecord)
_MANY = msgspec.json.Decoder(list[DecisionRecord])


def encode_answer(
    offset: int, event_id: str, record: DecisionRecord, reasons: tuple[dict[str, Any], ...] = ()
) -> bytes:
    """What a caller gets for a record, as JSON."""
    return _ENCODER.encode(
        Answer(
            str(offset),
            event_id,
            record.action,
            record.score,
            record.risk_score,
            reasons,
            record.rules,
            record.model,
            record.policy,
            record.fallback,
            sum(record.took_us),
        )
    )


def decode_records(bodies: Sequence[bytes]) -> list[DecisionRecord]:
    """Records from their bodies, in one go."""
    return _MANY.decode(b"[" + b",".join(bodies) + b"]")


def encode_reasons(reasons: tuple[dict[str, Any], ...]) -> bytes:
    """The body of a decision's reasons in the log."""
    return _ENCODER.encode({"reasons": reasons})


def decode_reasons(body: bytes) -> tuple[dict[str, Any], ...]:
    """A decision's reasons from their body."""
    return tuple(msgspec.json.decode(body)["reasons"])


encode_record = _ENCODER.encode
"""The body of a record in the log."""


def encode_records(records: Sequence[DecisionRecord]) -> list[bytes]:
    """The bodies of records, in one go."""
    return _ENCODER.encode_lines(records).split(b"\n")[:-1]


decode_record = _DECODER.decode
"""A record from its body."""
