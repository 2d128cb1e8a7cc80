"""Marks: what the sources of a label said, brought into one form whatever event it came by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.lake import ARRIVED, OFFSET
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.learning.arrays import Times
    from sevenfold.learning.label import Label
    from sevenfold.learning.label_source import LabelSource

__all__ = ["MARKS", "marks_of", "milliseconds", "missing_columns"]

_LISTED = 100
"""Faults of single rows that an error carries, at most."""


MARKS = {
    "key": pl.String(),
    "value": pl.Int8(),
    "known": pl.Int64(),
    "dated": pl.Int64(),
    "order": pl.Int64(),
    "source": pl.Int32(),
}
"""Columns of marks: key of the decided event; 1, 0, or null for what is taken back; since when it is known
and when it says it was, epoch milliseconds; what settles the order at one moment; the place of its source."""


def marks_of(label: Label, tables: Mapping[str, pl.DataFrame], known: str | None) -> pl.DataFrame:
    """Collect the marks of all sources; arguments as for `missing_columns`.

    Raises
    ------
    DataError
        A value is neither 0 nor 1.
    """
    found = [
        _marks(source, place, tables[name], _since(source, tables[name], known))
        for place, source in enumerate(label.sources)
        if (name := source.event.__name__) in tables
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=MARKS)


def missing_columns(label: Label, tables: Mapping[str, pl.DataFrame], known: str | None) -> list[Fault]:
    """Name the columns that sources need and tables don't have.

    Parameters
    ----------
    tables
        By the name of the event; those that are not there have said nothing.
    known
        The column that says since when an event is known; `None` for its own time. Where a table has no
        arrivals, its own time counts instead of them.
    """
    asked = [
        (name, tables[name], _columns(source, tables[name], known))
        for source in label.sources
        if (name := source.event.__name__) in tables
    ]
    return [
        Fault(f"{name}.{column}", "a column", "none", f"Columns that are there: {', '.join(table.columns)}")
        for name, table, columns in asked
        for column in dict.fromkeys(columns)
        if column not in table.columns
    ]


def milliseconds(series: pl.Series) -> Times:
    """Epoch milliseconds of a Datetime or integer column, int64, shape (rows,)."""
    return _epoch(series).to_numpy()


def _since(source: LabelSource, table: pl.DataFrame, known: str | None) -> str:
    if known is None or (known == ARRIVED and known not in table.columns):
        return source.event.__time__
    return known


def _columns(source: LabelSource, table: pl.DataFrame, known: str | None) -> list[str]:
    columns = [source.key]
    if isinstance(source.value, str):
        columns.append(source.value)
    columns.append(_since(source, table, known))
    if source.where is not None:
        columns.append(source.where[0])
    return columns


def _marks(source: LabelSource, place: int, table: pl.DataFrame, known: str) -> pl.DataFrame:
    if source.where is not None:
        field, wanted = source.where
        table = table.filter(pl.col(field).cast(pl.String) == wanted)
    dated = source.event.__time__ if source.event.__time__ in table.columns else known
    order = table[OFFSET] if OFFSET in table.columns else pl.Series(range(table.height), dtype=pl.Int64)
    return pl.DataFrame(
        [
            table[source.key].cast(pl.String).alias("key"),
            _value(source, place, table),
            _epoch(table[known]).alias("known"),
            _epoch(table[dated]).alias("dated"),
            order.cast(pl.Int64).alias("order"),
            pl.Series("source", [place], dtype=pl.Int32).new_from_index(0, table.height),
        ]
    )


def _value(source: LabelSource, place: int, table: pl.DataFrame) -> pl.Series:
    if not isinstance(source.value, str):
        return pl.Series("value", [int(source.value)], dtype=pl.Int8).new_from_index(0, table.height)
    value = table[source.value].cast(pl.Int8, strict=False).alias("value")
    right = value.is_in([0, 1]).fill_null(value=False)
    if place:  # a further source takes back what it said by saying nothing
        right |= table[source.value].is_null()
    wrong = table.filter(~right)
    if wrong.height:
        name = source.event.__name__
        raise DataError(
            f"Labels of {name} must say 0 or 1.",
            [
                Fault(f"{name}.{source.value} of {k}", "0 or 1", repr(v))
                for k, v in wrong.select(source.key, source.value).head(_LISTED).iter_rows()
            ],
        )
    return value


def _epoch(series: pl.Series) -> pl.Series:
    if series.dtype.is_temporal():
        series = series.dt.epoch("ms")
    return series.cast(pl.Int64)
