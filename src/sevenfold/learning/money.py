"""What a score is worth: money saved by stopping every event above a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sevenfold.errors import UsageError

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector

__all__ = ["MoneyCurve", "money_by_threshold"]


@dataclass(frozen=True, eq=False)
class MoneyCurve:
    """Money saved by threshold, compared with stopping nothing.

    Parameters
    ----------
    threshold
        float64, falling: events that score at least this much are stopped. The first is above every score.
    saved
        float64, the same shape: losses prevented, less what the wrongly stopped cost.
    at_stake
        All losses together: what a perfect score would save.
    """

    threshold: FloatVector
    saved: FloatVector
    at_stake: float

    @property
    def best(self) -> tuple[float, float]:
        """The threshold that saves most, the highest of equals, and what it saves.

        It was chosen with the labels at hand, so a later period saves less.
        """
        i = int(np.argmax(self.saved))
        return float(self.threshold[i]), float(self.saved[i])


def money_by_threshold(
    y: npt.ArrayLike, score: npt.ArrayLike, loss: npt.ArrayLike, alarm: npt.ArrayLike
) -> MoneyCurve:
    """Add up what each threshold would have saved.

    Parameters
    ----------
    y, score
        Labels of 0 and 1 and scores, shape (rows,).
    loss
        What each row costs if it is positive and passes, such as its amount; a number for all, or (rows,).
    alarm
        What each row costs if it is negative and stopped; a number for all, or (rows,).

    Raises
    ------
    UsageError
        The shapes differ.

    Examples
    --------
    >>> curve = money_by_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], loss=[50, 9, 30, 9], alarm=5)
    >>> curve.best, curve.at_stake
    ((0.7, 75.0), 80.0)
    """
    labels, scores = np.asarray(y), np.asarray(score, dtype=np.float64)
    try:
        stakes, alarms = (
            np.broadcast_to(np.asarray(v, dtype=np.float64), labels.shape) for v in (loss, alarm)
        )
    except ValueError as error:
        raise UsageError("Labels, scores, losses and alarms must be of one length.") from error
    if labels.shape != scores.shape:
        raise UsageError(f"Labels {labels.shape} and scores {scores.shape} must be of one length.")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    gained = np.cumsum(np.where(labels == 1, stakes, -alarms)[order])
    ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True]) if len(ranked) else np.empty(0, dtype=int)
    return MoneyCurve(
        threshold=np.r_[np.inf, ranked[ends]],
        saved=np.r_[0.0, gained[ends]],
        at_stake=float(stakes[labels == 1].sum()),
    )
