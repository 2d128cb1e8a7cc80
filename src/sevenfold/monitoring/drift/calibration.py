"""How much one day differs from the days before it when nothing changes, learned from the days themselves.

Values of one card or merchant come again and again, so that rows are far from independent and a p-value from
a formula is worth nothing. Here each day of the reference is held against the four weeks before it, by the
same rule that is used later. That gives, for each feature, window and distance, a mean and a deviation; and,
for each window and distance, the largest deviation among *all* features on each day. The limit is the value
that this largest one exceeds once in ten thousand days, by an extreme-value fit: one test for any number of
features, however alike they are.

References
----------
Westfall, Young (1993), Resampling-Based Multiple Testing: the distribution of the maximum over all tests
corrects for their number and keeps their dependence. Gumbel (1958), Statistics of Extremes: the limit law of
maxima, fitted by moments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.monitoring.drift.distance import distances, scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["BEFORE", "LEAST_DAYS", "WINDOWS", "Calibration", "Compared", "compare", "week_of"]

WINDOWS: Final = (1, 3, 7)
"""Days that are looked at together: a broken field shows at once, a slow change only in a week."""

BEFORE: Final = 28
"""Days before the window that it is held against: four of each day of the week."""

LEAST_DAYS: Final = BEFORE + max(WINDOWS) + 21
"""Days that a calibration needs: each window, what comes before it, and three weeks to learn from."""

_ONCE_IN_DAYS: Final = 10_000
_LEAST_LIMIT: Final = 4.5
_DOUBT: Final = 2.5
"""Standard errors by which the limit is raised."""

_LEAST_DEVIATION: Final = 0.35
"""What the cube root of a chi-squared value with one degree of freedom deviates by; a feature that never
changed in the reference is not taken to be exact."""

_EULER: Final = 0.5772156649015329
_SAME_FOR_ALL: Final = 50.0
"""Rows in a bin by which a day of the week is taken to be like all others."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One window held against the days before it.

    Parameters
    ----------
    found
        float64, shape (features, 3): the distances.
    level
        The same, on the scale of `scaled`.
    share, expected
        float64, shape (features, bins): what was there, and what was expected of days like these.
    rows
        Of the window.
    """

    found: Floats
    level: Floats
    share: Floats
    expected: Floats
    rows: int


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is usual, and from where on it is not.

    Parameters
    ----------
    week
        float64, shape (7, features, bins): by how much each day of the week differs, as a factor.
    mean, deviation
        float64, shape (windows, features, 3): of the levels on quiet days.
    limit
        float64, shape (windows, 3): in deviations, exceeded by any feature once in 10,000 days.
    usual_rows
        Median rows of a day.
    """

    week: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    deviation: Floats = field(repr=False)
    limit: Floats
    usual_rows: float

    @classmethod
    def of(cls, counts: Counts, numbers: NDArray[np.int64]) -> Calibration | None:
        """Learn from days without a change; ``None`` where they are too few.

        Parameters
        ----------
        counts
            int64, shape (days, features, bins).
        numbers
            int64, shape (days,): the days' numbers since 1970.
        """
        if len(counts) < LEAST_DAYS or not counts.shape[1]:
            return None
        levels = np.full((len(WINDOWS), len(counts), *counts.shape[1:2], 3), np.nan)
        for place, window in enumerate(WINDOWS):
            for stop in range(BEFORE + window, len(counts) + 1):
                # Its own rows must not tell what is expected of it: it would look calmer than the next.
                week = week_of(counts, numbers, slice(stop - window, stop))
                levels[place, stop - 1] = compare(counts[:stop], numbers[:stop], window, week).level
        mean = np.nanmean(levels, 1)
        deviation = np.maximum(np.nanstd(levels, 1, ddof=1), _LEAST_DEVIATION)
        far = (levels - mean[:, None]) / deviation[:, None]
        limit = [
            _limit(far[place, BEFORE + window - 1 :].max(1), window) for place, window in enumerate(WINDOWS)
        ]
        usual = float(np.median(counts[:, 0].sum(-1)))
        return cls(week_of(counts, numbers), mean, deviation, np.stack(limit), usual)

    def excess(self, place: int, compared: Compared) -> Floats:
        """Give how far beyond the limit each distance is, 1 at the limit; float64, shape (features, 3)."""
        far: Floats = (compared.level - self.mean[place]) / self.deviation[place] / self.limit[place]
        return far


def _limit(largest: Floats, window: int) -> Floats:
    """Fit a Gumbel law to daily maxima, shape (days, 3), and read off the return level; shape (3,).

    Few days tell little of what is rare, and windows that overlap tell less: the level is raised by its own
    uncertainty, as if there were only as many days as windows side by side.
    """
    spread = largest.std(0, ddof=1) * math.sqrt(6.0) / math.pi
    rare = math.log(_ONCE_IN_DAYS)
    # The variance of a quantile by maximum likelihood: Coles (2001), An Introduction to Statistical Modeling
    # of Extreme Values, §3.3; by moments it is a little more.
    unsure = math.sqrt((1.11 + 0.52 * rare + 0.61 * rare**2) * window / len(largest))
    level = largest.mean(0) + spread * (rare - _EULER + _DOUBT * unsure)
    found: Floats = np.maximum(level, _LEAST_LIMIT)
    return found


def week_of(counts: Counts, numbers: NDArray[np.int64], leave_out: slice = slice(0, 0)) -> Floats:
    """Give by what factor each bin is fuller on each day of the week; float64, shape (7, features, bins).

    Each day is held against the week around it, so that a trend is not taken for a day of the week.

    Parameters
    ----------
    counts, numbers
        As for `Calibration.of`.
    leave_out
        Days that must not tell.
    """
    edge = 3
    rows = counts[:, :1].sum(-1, keepdims=True)
    total = np.concatenate([np.zeros_like(counts[:1]), counts.cumsum(0)])
    around = (total[2 * edge + 1 :] - total[: -2 * edge - 1]).astype(np.float64)
    around *= rows[edge:-edge] / np.maximum(around[:, :1].sum(-1, keepdims=True), 1.0)
    told = np.ones(len(counts), np.bool_)
    told[leave_out] = False
    factors = np.ones((7, *counts.shape[1:]))
    for day in range(7):
        chosen = (told & (numbers % 7 == day))[edge:-edge]
        seen, usual = counts[edge:-edge][chosen].sum(0), around[chosen].sum(0)
        factors[day] = (seen + _SAME_FOR_ALL) / (usual + _SAME_FOR_ALL)
    return factors


def compare(counts: Counts, numbers: NDArray[np.int64], window: int, week: Floats) -> Compared:
    """Hold the newest days against those before them, each day against days of the week like it.

    Parameters
    ----------
    counts, numbers
        As for `Calibration.of`; the newest days are last.
    window
        How many of them are looked at.
    week
        From `week_of`.
    """
    own, kinds = counts[-window:], numbers[-window:] % 7
    before = counts[-window - BEFORE : -window]
    rows_of = own[:, 0].sum(-1)
    rows, rows_before = int(rows_of.sum()), int(before[:, 0].sum())
    # What is expected of the days before, had they been like no day of the week, is what the factors scale.
    like = np.tensordot(_shares_of(numbers[-window - BEFORE : -window], before), week, 1)
    base = before.sum(0) / max(rows_before, 1) / np.where(like > 0, like, 1.0)
    expected = np.zeros_like(base)
    for count, kind in zip(rows_of, kinds, strict=True):
        one = base * week[kind]
        expected += count / max(rows, 1) * one / np.maximum(one.sum(-1, keepdims=True), 1e-300)
    share = own.sum(0) / max(rows, 1)
    found = distances(share, expected, rows, rows_before)
    return Compared(found, scaled(found, rows, rows_before), share, expected, rows)


def _shares_of(numbers: NDArray[np.int64], counts: Counts) -> Floats:
    """Give the share of rows on each day of the week; float64, shape (7,)."""
    rows = counts[:, 0].sum(-1)
    share: Floats = np.bincount(numbers % 7, rows, minlength=7) / max(float(rows.sum()), 1.0)
    return share
