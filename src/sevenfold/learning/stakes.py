"""What is at stake in each event: the money that turns a score into a decision, and a model into savings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import UsageError

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector, Mask, Values

__all__ = ["MONEY", "Stakes"]

MONEY = "money_saved"
"""The name of the metric."""


@dataclass(frozen=True, eq=False)
class Stakes:
    """What each event costs when it is judged wrongly, in major units.

    Parameters
    ----------
    loss
        float64, shape (rows,), zero or more: lost where the event is positive and passes.
    alarm
        float64, shape (rows,), zero or more: lost where it is negative and stopped.
    unit
        How the money is written: ``"EUR"``; nothing where several currencies are mixed.

    Raises
    ------
    UsageError
        The arrays differ in length, or hold something else.
    """

    loss: FloatVector
    alarm: FloatVector
    unit: str = ""

    def __post_init__(self) -> None:
        if self.loss.ndim != 1 or self.loss.shape != self.alarm.shape:
            raise UsageError(f"Losses {self.loss.shape} and alarms {self.alarm.shape} must be of one length.")
        if not ((self.loss >= 0).all() and (self.alarm >= 0).all()):
            raise UsageError("Losses and alarms are zero or more, and never missing.")

    def __len__(self) -> int:
        return len(self.loss)

    def take(self, rows: Mask | IntVector) -> Stakes:
        """Take some rows."""
        return Stakes(self.loss[rows], self.alarm[rows], self.unit)

    def stopped(self, score: FloatVector) -> Mask:
        """Tell which events are better stopped, if scores are probabilities; shape (rows,).

        An event is stopped where what it would lose on average exceeds what stopping it would (Elkan, 2001,
        "The foundations of cost-sensitive learning", section 1). No label is looked at, so the money that
        this saves is money that a service could have saved.
        """
        mask: Mask = score * self.loss > (1.0 - score) * self.alarm
        return mask

    def saved(self, y: Values, score: FloatVector, weight: FloatMatrix | None = None) -> FloatVector:
        """Give the share of all losses that `stopped` would have saved, less what it would have cost.

        Parameters
        ----------
        y, score
            Labels of 0 and 1, and probabilities, shape (rows,).
        weight
            float64, shape (replicates, rows that matter): how many times each counts, where the rows that
            matter are those of `mattering`, in their order; ``None`` for once.

        Returns
        -------
        FloatVector
            Shape (replicates,): 1 for a judge that knows everything, 0 for one that stops nothing, below 0
            for one that costs more than it saves; NaN where nothing is lost.
        """
        rows = self.mattering(y, score)
        positive = y[rows] == 1
        lost = np.where(positive, self.loss[rows], 0.0)
        gained = np.where(
            self.stopped(score)[rows], np.where(positive, self.loss[rows], -self.alarm[rows]), 0.0
        )
        weights = np.ones((1, int(rows.sum()))) if weight is None else weight
        total = weights @ lost
        share: FloatVector = np.full(len(weights), np.nan)
        np.divide(weights @ gained, total, out=share, where=total > 0)
        return share

    def mattering(self, y: Values, score: FloatVector) -> Mask:
        """Find the rows that add to `saved`: the positives and the stopped; shape (rows,)."""
        mask: Mask = (y == 1) | self.stopped(score)
        return mask
