"""What the policy is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sevenfold.data.log import LogEntry

__all__ = ["ACTIONS", "Action", "Asked", "Decider", "Judge", "RuleCount", "Verdict"]

Action = Literal["approve", "review", "block"]
ACTIONS: tuple[Action, ...] = ("approve", "review", "block")
"""From the mildest to the strictest."""

Decider = Literal["list", "rule", "cost", "control", "fallback"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A batch that is decided together.

    Parameters
    ----------
    rows
        Physical values of the events, in the order of their fields.
    features
        For each row its features by name, as `FeatureEngine.observe_physical` gives them; or int64 words,
        shape (rows, features), in the order of the plan's names for the event: counts and hashes of texts
        as they are, all else as the bits of a double.
    scores
        float64, shape (rows,): calibrated probabilities. `None` where the model failed: then rules and
        lists decide alone, and the verdicts say so. NaN does the same for a row.
    fields
        Words of some of the events' fields, int64 of shape (rows,), by the field's position, where they are
        known already; the others are made from ``rows``.
    """

    rows: Sequence[Sequence[Any]]
    features: Sequence[Mapping[str, float | int | str | None]] | NDArray[np.int64]
    scores: NDArray[np.float64] | None
    fields: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What is to be done about one event, and why.

    Parameters
    ----------
    action
        What is done.
    risk_score
        0 to 999, tied to the false-positive rate of the validation period; `None` without a score.
    rules, shadow_rules
        Names of the live rules that hit, and of those that would have.
    lists
        Lists that an entity of the event stands on, as ``deny:card``.
    control
        The probability with which this would-be block was approved; `None` outside the control group.
    fallback
        Whether there was no score.
    would_be
        The action before the control group was drawn.
    by
        What decided.
    review_from, block_from
        The probabilities from which this event is reviewed and blocked by its costs.
    """

    action: Action
    risk_score: int | None
    rules: tuple[str, ...] = ()
    shadow_rules: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    control: float | None = None
    fallback: bool = False
    would_be: Action = "approve"
    by: Decider = "cost"
    review_from: float = 1.0
    block_from: float = 1.0


class RuleCount(msgspec.Struct):
    """What a rule did since the service was opened.

    Parameters
    ----------
    hits
        Events that met it.
    unknown
        Events of which it could not be told, since a value was missing.
    errors
        Batches over which the rules could not be run, and of which the events were decided without them.
    broken
        Whether it should run and cannot: it no longer fits the design.
    """

    hits: int = 0
    unknown: int = 0
    errors: int = 0
    broken: bool = False


class Judge(Protocol):
    """The policy at work: from events, features and scores to actions (`serving.judge` has one)."""

    @property
    def version(self) -> str:
        """What tells one policy from another: its declaration, its scale and its rules."""
        ...

    def judge(self, asked: Asked, event_ids: Sequence[str], now_ms: int) -> list[Verdict]:
        """Decide a batch, in order; the reviews of the day are counted as they are given."""
        ...

    def update(self, entry: LogEntry) -> None:
        """Take note of an entry of the log: a change of a rule or a list, or else nothing."""
        ...

    def rule_counts(self) -> Mapping[str, RuleCount]:
        """What each rule did since the policy was made, by name."""
        ...

    def recall(self, action: str, now_ms: int) -> None:
        """Count a decision made before a restart, so that the day's reviews are known."""
        ...
