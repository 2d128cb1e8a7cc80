"""A score from 0 to 999 that keeps its meaning when the model changes.

A risk score says how rare such an event is among the negatives of the validation period: one negative in
ten scores 250 or more, one in a hundred 500, one in a thousand 750, one in ten thousand 999. A threshold on
it is therefore a false-positive rate, whatever model is behind it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import BundleError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from sevenfold.learning.arrays import FloatVector

__all__ = ["HIGHEST", "POINTS_A_DECADE", "RiskScale", "false_positive_rate"]

HIGHEST = 999
POINTS_A_DECADE = 250
"""Points by which negatives become ten times rarer."""


def false_positive_rate(risk: float) -> float:
    """The share of negatives that score at least this much.

    >>> false_positive_rate(500)
    0.01
    """
    return float(10.0 ** (-risk / POINTS_A_DECADE))


@dataclass(frozen=True, eq=False)
class RiskScale:
    """How probabilities become risk scores.

    Parameters
    ----------
    above
        float64, shape (999,), not falling: a probability above the *s*-th of them scores at least *s*.
    negatives
        How many there were to learn from; rates below one in so many could not be told apart.
    """

    above: FloatVector
    negatives: int
    _above: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_above", self.above.tolist())  # a list is faster to search than an array

    @classmethod
    def learn(cls, y: npt.ArrayLike, score: npt.ArrayLike) -> RiskScale:
        """Learn it from labels of 0 and 1 and scores of a period that the model has not learned from.

        Above the highest negative every score is 999; without negatives, every score is 0.
        """
        scores = np.asarray(score, dtype=np.float64)
        negatives = np.sort(scores[np.asarray(y) == 0])[::-1]
        n = len(negatives)
        if not n:
            return cls(np.full(HIGHEST, np.inf), 0)
        allowed = np.floor(n * 10.0 ** (-np.arange(1, HIGHEST + 1) / POINTS_A_DECADE) + 1e-9).astype(np.int64)
        return cls(negatives[np.minimum(allowed, n - 1)], n)

    def risk(self, probability: float) -> int | None:
        """The risk score of a probability; `None` for NaN.

        >>> scale = RiskScale.learn([0] * 100 + [1], [i / 100 for i in range(100)] + [0.995])
        >>> scale.risk(0.5), scale.risk(0.9), scale.risk(0.985), scale.risk(0.995)
        (75, 250, 500, 999)
        """
        return None if probability != probability else bisect_left(self._above, probability)

    def risks(self, probabilities: FloatVector) -> npt.NDArray[np.int64]:
        """The risk scores of probabilities, shape (rows,), which must not be NaN."""
        return np.searchsorted(self.above, probabilities).astype(np.int64)

    def threshold(self, risk: int) -> float:
        """The probability above which events score at least this much; risk from 1 to 999."""
        return float(self.above[risk - 1])

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data: where the probability rises, and the highest risk score before it does."""
        if not self.negatives:
            return {"negatives": 0, "risk": [], "above": []}
        ends = np.flatnonzero(np.append(self.above[1:] != self.above[:-1], True))
        return {
            "negatives": self.negatives,
            "risk": (ends + 1).tolist(),
            "above": self.above[ends].tolist(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> RiskScale:
        """Read what `to_json` gave.

        Raises
        ------
        BundleError
            It is something else.
        """
        if plain["negatives"] == 0:
            return cls(np.full(HIGHEST, np.inf), 0)
        risk, above = np.asarray(plain["risk"]), np.asarray(plain["above"], dtype=np.float64)
        widths = np.diff(risk, prepend=0)
        rising = (np.diff(above) > 0).all() and (widths > 0).all()
        if len(risk) != len(above) or risk[-1] != HIGHEST or not rising:
            fault = Fault("risk_scale", "a rising scale", "another")
            raise BundleError("The bundle's risk scale is damaged.", [fault])
        return cls(np.repeat(above, widths), int(plain["negatives"]))
