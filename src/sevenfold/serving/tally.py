"""Counters of a service that outlive its engine, which is replaced when state is rebuilt."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from sevenfold.serving.values_seen import ValuesSeen

__all__ = ["STAGES", "STAGE_BOUNDS_S", "Tally"]

STAGES = ("features", "model", "policy", "record", "reasons", "flush")
"""What the time of a decision is made of, beside waiting for its turn."""

STAGE_BOUNDS_S = (5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 1.0)
"""Upper bounds of the buckets of a stage's time, in seconds."""

_BOUNDS_NS = [int(bound * 1e9) for bound in STAGE_BOUNDS_S]


@dataclass(slots=True)
class Tally:
    """What was done so far.

    Attributes
    ----------
    actions
        Decisions by action.
    fallbacks
        Decisions without a score.
    explained
        Decisions whose reasons were found.
    model_failures, model_trouble
        How often the model failed, and how at last.
    failures
        Failures by model.
    spent_ns
        Nanoseconds by stage.
    buckets
        How often each stage took how long: a count for each of `STAGE_BOUNDS_S`, and one for more.
    seen
        Scores and nulls of features.
    """

    actions: Counter[str] = field(default_factory=Counter)
    fallbacks: int = 0
    explained: int = 0
    model_failures: int = 0
    model_trouble: str = ""
    failures: Counter[str] = field(default_factory=Counter)
    spent_ns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    buckets: dict[str, list[int]] = field(
        default_factory=lambda: {stage: [0] * (len(_BOUNDS_NS) + 1) for stage in STAGES}
    )
    seen: ValuesSeen = field(default_factory=ValuesSeen)

    def spent(self, stage: str, nanoseconds: int) -> None:
        """Count a stage that was gone through once, by a group of decisions together."""
        self.spent_ns[stage] += nanoseconds
        self.buckets[stage][bisect_left(_BOUNDS_NS, nanoseconds)] += 1

    def model_failed(self, model: str, how: str) -> None:
        """Count that a model gave no probabilities."""
        self.model_failures += 1
        self.failures[model] += 1
        self.model_trouble = how
