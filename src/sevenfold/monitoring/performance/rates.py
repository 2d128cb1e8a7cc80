"""Rates and their intervals from sums of weighted rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Rate", "Z", "expected_rate", "share", "total", "wilson"]

Z: Final = 1.959963984540054
"""The normal quantile of 95 %, two-sided."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A figure, its 95 % interval, and how many rows it rests on; NaN where nothing is known.

    Parameters
    ----------
    value, low, high
        The figure and its interval.
    rows
        Rows behind it: for a share, those of its denominator.
    """

    value: float
    low: float
    high: float
    rows: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not known"
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"

    def to_json(self) -> dict[str, float | None]:
        """Give the figures as plain data; what is not known is null."""
        plain = {"value": self.value, "low": self.low, "high": self.high, "rows": self.rows}
        return {name: None if math.isnan(figure) else figure for name, figure in plain.items()}


def wilson(value: float, size: float, z: float = Z) -> tuple[float, float]:
    """The score interval of a share (Wilson, 1927), of so many rows, which need not be whole.

    Parameters
    ----------
    value
        The share.
    size
        Rows.
    z
        The normal quantile; of 95 %, two-sided, by default.

    Examples
    --------
    >>> low, high = wilson(0.0, 10)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.278)
    """
    if not size > 0:
        return 0.0, 1.0
    square = z * z
    centre = (value + square / (2 * size)) / (1 + square / size)
    half = z / (1 + square / size) * math.sqrt(value * (1 - value) / size + square / (4 * size * size))
    return max(0.0, centre - half), min(1.0, centre + half)


def share(
    part: float, whole: float, part_squares: float, whole_squares: float, rows: float, z: float = Z
) -> Rate:
    """A share of weighted rows: the ratio of two Horvitz-Thompson totals (Hájek, 1971).

    The interval is Wilson's for the number of rows that would be as sure: the smaller of Kish's effective
    size (1965, section 8.2), (sum w)² / sum w², and the one that the linearised variance of the ratio gives
    (Särndal, Swensson and Wretman, 1992, result 5.6.1). With all weights 1 both are the number of rows.

    Parameters
    ----------
    part, whole
        Sums of the weights of the rows that count and of all rows.
    part_squares, whole_squares
        The same of the squares of the weights.
    rows
        How many rows there are.
    z
        The normal quantile of the interval.

    Examples
    --------
    >>> print(share(5, 10, 5, 10, 10))
    0.5 (0.2366 to 0.7634)
    """
    if not whole > 0:
        return Rate(math.nan, math.nan, math.nan, rows)
    value = min(1.0, part / whole)
    size = whole * whole / whole_squares
    variance = (part_squares * (1 - 2 * value) + value * value * whole_squares) / (whole * whole)
    if variance > 0 and 0 < value < 1:
        size = min(size, value * (1 - value) / variance)
    low, high = wilson(value, size, z)
    return Rate(value, low, high, rows)


def total(value: float, squares: float, rows: float) -> Rate:
    """A sum of weighted amounts, its interval from the squares of what was added, as of a Poisson stream."""
    half = Z * math.sqrt(max(squares, 0.0))
    return Rate(value, value - half, value + half, rows)


def expected_rate(sums: Mapping[str, float], part: str, others: str, prefix: str = "e_") -> Rate:
    """A share that scores lead to expect, with the interval of a share of independent draws.

    Parameters
    ----------
    sums
        As `sums.expected_sums` gives them.
    part, others
        The two cells that the share is taken over: the one counted, and the one it is compared with.
    prefix
        Of the sums' names.
    """
    counted, other = sums[f"{prefix}{part}"], sums[f"{prefix}{others}"]
    whole = counted + other
    if not whole > 0:
        return Rate(math.nan, math.nan, math.nan, whole)
    value = counted / whole
    # Linearised: both cells may move; what moves one of the same row moves the other against it.
    variance = _variance(sums, part, others, value, prefix) / (whole * whole)
    half = Z * math.sqrt(max(variance, 0.0))
    return Rate(value, max(0.0, value - half), min(1.0, value + half), whole)


_FLAGGED = {"tp": True, "fp": True, "fn": False, "tn": False}


def _variance(sums: Mapping[str, float], part: str, others: str, value: float, prefix: str) -> float:
    """Variance of part - value (part + others), where each row of a cell is a draw of its own."""
    of = {True: sums[f"{prefix}flagged_var"], False: sums[f"{prefix}passed_var"]}
    if _FLAGGED[part] == _FLAGGED[others]:
        return of[_FLAGGED[part]]  # their sum is fixed: as many rows as were flagged
    return (1 - value) ** 2 * of[_FLAGGED[part]] + value**2 * of[_FLAGGED[others]]
