"""A change of the models at work, as the log has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from sevenfold.data.log import NewEntry
from sevenfold.serving.names import MODEL_CHANGE

if TYPE_CHECKING:
    from sevenfold.data.log import LogEntry

__all__ = ["ACTIONS", "TRIALS", "Action", "ModelChange", "Value"]

Action = Literal["promote", "rollback", "shadow", "canary", "ab", "stop"]
ACTIONS: tuple[Action, ...] = get_args(Action)

TRIALS = ("shadow", "canary", "ab")
"""How a challenger is tried: without effect; on a share of entities; the same, judged by its metric."""

Value = float | int | str | bool | None


class ModelChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step: who did it, why, and on what evidence.

    Attributes
    ----------
    number
        Counts the changes of a design from 1; two at the same moment cannot both be logged.
    action
        ``promote`` makes a bundle the champion, ``rollback`` brings back the one before, ``shadow``,
        ``canary`` and ``ab`` put a challenger on trial, ``stop`` ends its trial.
    bundle
        What it is about: the new champion, the challenger; after a rollback the champion that is back, `None`
        where a segment goes back to the champion of all.
    who, why, at_ms
        By whom, in one sentence, and when, in epoch milliseconds.
    before
        The champion until then.
    segment
        The value of the segment field whose events it is about; empty for all.
    share
        The share of entities that the challenger decides.
    evidence
        The figures behind it, by name.
    """

    number: int
    action: Action
    bundle: str | None
    who: str
    why: str
    at_ms: int
    before: str | None = None
    segment: str = ""
    share: float = 0.0
    evidence: dict[str, Value] = {}

    def entry(self) -> NewEntry:
        """Its entry; a second change of the same number is a conflict in the log."""
        body = _ENCODER.encode(self)
        return NewEntry(MODEL_CHANGE, f"{self.number:06d}", self.at_ms, body, self.at_ms)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @staticmethod
    def of(entry: LogEntry) -> ModelChange:
        """The change that an entry holds."""
        return _DECODER.decode(entry.body)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(ModelChange)
