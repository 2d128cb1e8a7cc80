"""Summaries of bounded size that can be merged: quantiles, frequent values, numbers of distinct values.

All three are kept as rows of a table, one row a counter, so that merging is a sum (or a maximum) by group:

- quantiles as counts in logarithmic bins, DDSketch of Masson, Rim and Lee (2019), "DDSketch: a fast and
  fully-mergeable quantile sketch with relative-error guarantees", section 2. Unlike there, bins are never
  collapsed: a double has few enough of them.
- frequent values as Misra-Gries counters, merged as in Agarwal et al. (2012), "Mergeable summaries",
  section 3: where there are more than so many, the largest that has no place is taken off all.
- distinct values by HyperLogLog, Flajolet et al. (2007), figure 3, with its correction for small numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "ACCURACY",
    "REGISTERS",
    "bins",
    "distinct",
    "quantiles",
    "register",
    "register_rank",
    "trimmed",
    "value_of",
]

ACCURACY = 0.02
"""Largest relative error of a quantile."""

REGISTERS = 2048
"""The number of distinct values is off by 2.3 % (standard error, 1.04 / √registers)."""

_STEP = math.log((1 + ACCURACY) / (1 - ACCURACY))
_SMALLEST = 1e-9
_OFFSET = 1 - math.ceil(math.log(_SMALLEST) / _STEP)
_REGISTER_BITS = REGISTERS.bit_length() - 1
_HALF = 2 * math.exp(_STEP) / (math.exp(_STEP) + 1)


def bins(values: pl.Expr) -> pl.Expr:
    """Return the bin (Int32) of each value of a finite Float64 expression.

    The order of bins is that of values; bin 0 holds what is closer to zero than 1e-9.
    """
    size = values.abs()
    bin_ = (size.log() / _STEP).ceil() + _OFFSET
    return pl.when(size < _SMALLEST).then(0).otherwise(bin_ * values.sign()).cast(pl.Int32)


def value_of(bin_: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the value that stands for each bin, within `ACCURACY` of all that it holds."""
    size = np.exp((np.abs(bin_) - _OFFSET - 1) * _STEP) * _HALF
    return np.where(bin_ == 0, 0.0, np.sign(bin_) * size)


def quantiles(counts: pl.DataFrame, shares: Sequence[float]) -> list[float]:
    """Return quantiles of binned values.

    Parameters
    ----------
    counts
        ``bin`` and ``n`` (any number type: counts may be weighted), each bin once.
    shares
        From 0 to 1.

    Returns
    -------
    list of float
        NaN where nothing was counted.
    """
    table = counts.filter(pl.col("n") > 0).sort("bin")
    if not table.height:
        return [math.nan] * len(shares)
    below = np.cumsum(table["n"].to_numpy().astype(np.float64))
    at = np.searchsorted(below, np.asarray(shares) * below[-1], side="left")
    return value_of(table["bin"].to_numpy().astype(np.int64)[np.minimum(at, below.size - 1)]).tolist()  # type: ignore[no-any-return]


def trimmed(counts: pl.DataFrame, groups: Sequence[str], capacity: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep at most so many counters a group.

    Parameters
    ----------
    counts
        Columns `groups`, ``value`` and ``n``; each value once a group.
    groups
        What counters share a capacity.
    capacity
        How many counters there may be.

    Returns
    -------
    counts
        As before; every true count lies between ``n`` and ``n`` plus what its group has lost.
    lost
        Columns `groups` and ``n``: what was taken off each counter of a group that was too large.
    """
    rank = pl.col("n").rank("ordinal", descending=True).over(groups)
    ranked = counts.with_columns(_rank=rank)
    lost = ranked.filter(pl.col("_rank") == capacity + 1).select(*groups, "n")
    if not lost.height:
        return counts, lost
    kept = ranked.join(lost.rename({"n": "_lost"}), on=list(groups), how="left", nulls_equal=True)
    kept = kept.with_columns(n=pl.col("n") - pl.col("_lost").fill_null(0)).filter(pl.col("n") > 0)
    return kept.select(counts.columns), lost


def register(hashes: pl.Expr) -> pl.Expr:
    """Return the register (Int32) that a hash (UInt64) goes to."""
    return (hashes % REGISTERS).cast(pl.Int32)


def register_rank(hashes: pl.Expr) -> pl.Expr:
    """Return the rank (Int64) of a hash in its register: the place of the lowest bit set in the rest."""
    return (hashes // REGISTERS).bitwise_trailing_zeros().clip(0, 64 - _REGISTER_BITS).cast(pl.Int64) + 1


def distinct(ranks: NDArray[np.int64]) -> float:
    """Estimate how many distinct values there were from the highest ranks of the registers that have one."""
    empty = REGISTERS - ranks.size
    total = float(np.sum(2.0 ** -ranks.astype(np.float64))) + empty
    raw = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS**2 / total
    if empty and raw <= 2.5 * REGISTERS:
        return REGISTERS * math.log(REGISTERS / empty)
    return raw
