"""How often something happens: actions among decisions, labels among decisions, day by day.

What is rare moves no histogram, but it can be counted. The newest days are held against the four weeks before
them as two counts; what happens in clusters, as attacks do, varies more than chance alone, and how much
more is learned from the days themselves.

References
----------
Farrington et al. (1996), A Statistical Algorithm for the Early Detection of Outbreaks of Infectious Disease:
counts against their own past, with the overdispersion estimated there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.monitoring.drift.calibration import BEFORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Rate", "RateChange"]

_WINDOWS: Final = (1, 3, 7, 14)
_KEPT: Final = 91
_LEAST_DAYS: Final = 42
"""Days that are seen before anything is said."""

_LIMIT: Final = 6.0
"""Standard deviations of the logarithm of a ratio of counts; a few weeks tell little of clusters."""

_LEAST_RATIO: Final = 1.25
"""A smaller change than by a quarter is no news."""

_BLOCKS: Final = 4
"""Windows side by side that are seen before one of that length says anything."""

_PRIOR: Final = 3.0
"""Blocks of days for which the variation is taken to be chance alone."""


@dataclass(frozen=True, slots=True)
class RateChange:
    """How far a rate is from its past, at its most striking window.

    Parameters
    ----------
    excess
        1 at the limit.
    window
        Days that were looked at.
    rate, expected
        What was there, and what the four weeks before let expect.
    count
        How often it happened in the window.
    """

    excess: float
    window: int
    rate: float
    expected: float
    count: int


@dataclass(eq=False)
class Rate:
    """A rate, day by day: the newest `_KEPT` days of counts and of what could have been counted."""

    counts: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    exposures: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def close(self, count: float, exposure: float) -> RateChange | None:
        """End a day; ``None`` where nothing can be said yet.

        Parameters
        ----------
        count
            How often it happened.
        exposure
            How often it could have happened; a day of 0 is left out.
        """
        if exposure <= 0:
            return None
        self.counts = np.append(self.counts, count)[-_KEPT:]
        self.exposures = np.append(self.exposures, exposure)[-_KEPT:]
        windows = [one for one in _WINDOWS if len(self.counts) >= max(_LEAST_DAYS, one * (_BLOCKS + 1) + 7)]
        return max((self._at(one) for one in windows), key=lambda change: change.excess, default=None)

    def _at(self, window: int) -> RateChange:
        own, before = self.counts[-window:].sum(), self.counts[-window - BEFORE : -window].sum()
        rows, rows_before = self.exposures[-window:].sum(), self.exposures[-window - BEFORE : -window].sum()
        expected = before / rows_before * rows
        ratio = math.log((own + 0.5) / (expected + 0.5))
        more = self._overdispersion(window)
        deviation = math.sqrt(more * (1 / (expected + 0.5) + 1 / (before + 0.5)))
        far = abs(ratio) / deviation if abs(ratio) >= math.log(_LEAST_RATIO) else 0.0
        return RateChange(far / _LIMIT, window, float(own / rows), float(before / rows_before), int(own))

    def _overdispersion(self, window: int) -> float:
        """Give how many times the variance of counts is what chance alone gives, at its worst; at least 1.

        Blocks as long as each window tell it. The window itself and the week before it do not count: a change
        must not excuse itself.
        """
        counts, exposures = self.counts[: -window - 7], self.exposures[: -window - 7]
        worst = 1.0
        for length in _WINDOWS:
            blocks = len(counts) // length
            if length > window or blocks < 2:
                continue
            count = counts[-blocks * length :].reshape(blocks, length).sum(1)
            rows = exposures[-blocks * length :].reshape(blocks, length).sum(1)
            expected = np.maximum(count.sum() / rows.sum() * rows, 0.5)
            squares = float(((count - expected) ** 2 / expected).sum())
            worst = max(worst, (squares + _PRIOR) / (blocks - 1 + _PRIOR))
        return worst

    def state(self) -> dict[str, Any]:
        """Give all that it knows."""
        return {"counts": self.counts, "exposures": self.exposures}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.counts, self.exposures = state["counts"], state["exposures"]
