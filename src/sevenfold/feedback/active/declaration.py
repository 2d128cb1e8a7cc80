"""``sf.Active``: which decisions that nobody asked about are sent to review to learn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sevenfold.errors import DesignError, Fault

__all__ = ["Active", "StrategyName"]

StrategyName = Literal["uncertainty", "committee", "density", "random"]


@dataclass(frozen=True, kw_only=True)
class Active:
    """Which decisions that nobody asked about are sent to review, so that the model learns from them.

    Parameters
    ----------
    per_day
        How many in a day; 0 for none.
    strategy
        What is preferred: ``"uncertainty"`` of the score, disagreement of a ``"committee"``, ``"density"``
        (uncertain and like many others), or ``"random"``.
    random_share
        The share that is drawn at random whatever the strategy, above 0 and at most 1: without it a model
        that is sure of a mistake never hears of it.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    per_day: int = 0
    strategy: StrategyName = "uncertainty"
    random_share: float = 0.2
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        if type(self.per_day) is not int or self.per_day < 0:
            faults.append(Fault("active.per_day", "a whole number, zero or more", repr(self.per_day)))
        if self.strategy not in get_args(StrategyName):
            expected = f"one of {', '.join(get_args(StrategyName))}"
            faults.append(Fault("active.strategy", expected, repr(self.strategy)))
        if not 0.0 < self.random_share <= 1.0:
            faults.append(Fault("active.random_share", "above 0 and at most 1", str(self.random_share)))
        if faults:
            raise DesignError("Active learning cannot be declared like this", faults)
