"""``sf.Policy``: what is done with a score beyond what mistakes cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from sevenfold.errors import DesignError, Fault
from sevenfold.serving.verdict import ACTIONS, Action, Decider

__all__ = ["Control", "Policy"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control group: some events that would be blocked are approved, so that their labels come to be known.

    Parameters
    ----------
    share
        Of the would-be blocks, above 0 and at most 0.5.
    below
        Only of events whose amount is below this, in major units: what an approval can cost is bounded.
    by
        Whose blocks are drawn from: those that the costs ask for (``"cost"``), those of ``"rule"``, those of
        a ``"list"``.
    because
        Why this share.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    share: float
    below: float
    by: tuple[Decider, ...] = ("cost",)
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        if not 0.0 < self.share <= 0.5:
            faults.append(Fault("control.share", "above 0 and at most 0.5", str(self.share)))
        if not (math.isfinite(self.below) and self.below > 0):
            faults.append(Fault("control.below", "an amount above 0", str(self.below)))
        faults += [
            Fault("control.by", '"cost", "rule" or "list"', repr(by))
            for by in self.by
            if by not in ("cost", "rule", "list")
        ]
        if faults:
            raise DesignError("A control group cannot be declared like this", faults)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How scores, rules and lists become actions; what mistakes cost stands in the problem.

    Parameters
    ----------
    review_capacity_per_day
        How many events people can review in a day (UTC); `None` for any number.
    review_catches
        The share of positives that a review finds, above 0 and at most 1.
    control
        The control group; `None` for none.
    watch
        What happens at least to events whose entity is on a watch list.
    fallback
        What happens without a score where no rule and no list decides.
    amount
        The field of the deciding event that holds what is at stake; by default its first amount of money.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    review_capacity_per_day: int | None = None
    review_catches: float = 1.0
    control: Control | None = None
    watch: Action = "review"
    fallback: Action = "approve"
    amount: str | None = None
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        capacity = self.review_capacity_per_day
        if capacity is not None and (type(capacity) is not int or capacity < 0):
            expected = "a whole number, zero or more, or None"
            faults.append(Fault("policy.review_capacity_per_day", expected, repr(capacity)))
        if not 0.0 < self.review_catches <= 1.0:
            faults.append(Fault("policy.review_catches", "above 0 and at most 1", str(self.review_catches)))
        faults += [
            Fault(f"policy.{name}", f"one of {', '.join(get_args(Action))}", repr(action))
            for name, action in (("watch", self.watch), ("fallback", self.fallback))
            if action not in ACTIONS
        ]
        if faults:
            raise DesignError("A policy cannot be declared like this", faults)
