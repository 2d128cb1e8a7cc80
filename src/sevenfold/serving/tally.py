"""Counters of a service that outlive its engine, which is replaced when state is rebuilt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["STAGES", "Tally"]

STAGES = ("features", "model", "policy", "record", "reasons", "flush")
"""What the time of a decision is made of, beside waiting for its turn."""


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
    """

    actions: Counter[str] = field(default_factory=Counter)
    fallbacks: int = 0
    explained: int = 0
    model_failures: int = 0
    model_trouble: str = ""
    failures: Counter[str] = field(default_factory=Counter)
    spent_ns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))

    def model_failed(self, model: str, how: str) -> None:
        """Count that a model gave no probabilities."""
        self.model_failures += 1
        self.failures[model] += 1
        self.model_trouble = how
