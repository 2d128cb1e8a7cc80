"""Whose word counts: from what every source said to what was known, moment by moment.

At any moment each rank says what its newest mark said, or nothing where that was taken back, and the highest
rank that says something counts. So a later mark of a weaker source changes nothing, and where a stronger one
takes its word back, the weaker counts again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.learning.knowledge import UNKNOWN

if TYPE_CHECKING:
    from sevenfold.learning.label import Label

__all__ = ["resolved", "with_winner"]

_VALUES = 3  # 0, 1 and taken back
_TAKEN_BACK = 2


def resolved(label: Label, found: pl.DataFrame) -> pl.DataFrame:
    """Reduce marks to those at which something came to be known.

    Parameters
    ----------
    found
        Marks in any order: ``row``, ``value``, ``known``, ``order``, ``source``, see `marks.MARKS`.

    Returns
    -------
    DataFrame
        ``row``; ``value`` Int8, `UNKNOWN` where all was taken back; ``known`` Int64; ``source`` Int32, the
        place of the one whose word counts, -1 for none. In the order in which they count.
    """
    if found["source"].n_unique() < 2 and not found["value"].null_count():
        return found.sort("known", "order", maintain_order=True).select("row", "value", "known", "source")
    states = _states(label, found)
    before = pl.col("counts").shift(1).over("row")
    first_said = pl.col("counts").is_not_null() & before.is_null()
    changed = pl.col("counts").ne_missing(before)
    own = pl.col("counts") == pl.col("own")
    return (
        states.filter(first_said | changed | own)
        .select(
            "row",
            (pl.col("counts") % _VALUES).fill_null(UNKNOWN).cast(pl.Int8).alias("value"),
            "known",
            (pl.col("counts") // _VALUES).fill_null(-1).cast(pl.Int32).alias("source"),
            "order",
        )
        .sort("known", "order", maintain_order=True)
        .drop("order")
    )


def with_winner(label: Label, found: pl.DataFrame) -> pl.DataFrame:
    """Say of each mark whether it is the one that counts in the end: a column ``wins``."""
    states = _states(label, found)
    last = pl.col("counts").last().over("row")
    mine = pl.col("own") == last
    newest = pl.int_range(pl.len()).over("row")
    return states.with_columns(
        (mine & (newest == newest.filter(mine).max().over("row"))).fill_null(value=False).alias("wins")
    )


def _states(label: Label, found: pl.DataFrame) -> pl.DataFrame:
    """Marks in the order of each row's knowledge, with ``own`` and what ``counts`` after each of them."""
    ranks = [label.ranks[source.name] for source in label.sources]
    rank = pl.col("source").replace_strict(list(range(len(ranks))), ranks, return_dtype=pl.Int32)
    own = pl.col("source").cast(pl.Int32) * _VALUES + pl.col("value").cast(pl.Int32).fill_null(_TAKEN_BACK)
    ordered = found.sort("row", "known", "order", maintain_order=True).with_columns(own=own, rank=rank)
    levels = sorted(ordered["rank"].unique(), reverse=True)
    said = [
        pl.when(pl.col("rank") == level).then(pl.col("own")).forward_fill().over("row") for level in levels
    ]
    counted = [pl.when(state % _VALUES != _TAKEN_BACK).then(state) for state in said]
    counts = pl.coalesce(counted) if counted else pl.lit(None, dtype=pl.Int32)
    return ordered.with_columns(counts=counts)
