"""From rows of events to the counters of a profile, vectorised.

A profile is one table of counters (`COLUMNS`), so that two of them are merged by adding up:

==========  =====================  ===================================================================
part        by                     n
==========  =====================  ===================================================================
rows        slice, at              events
nulls       field, slice, at       missing values
numbers     field, slice, at, bin  values in a bin of `sevenfold.data.profile_sketch`
lengths     field, slice, at, bin  texts whose length is in a bin
values      field, slice, at,      how often a category comes: exactly, as long as its slice has lost none
            value
frequent    field, slice, at,      the same of entities and texts, by day alone, and only of the frequent
            value
lost        field, slice, at       what was taken off each of a slice's values
extremes    field                  values; with ``low``, ``high`` and ``total``, their sum
registers   field, bin             the highest rank of a register (the one part that is not added up)
hourly      at                     events in an hour since 1970
refused     field                  refused values
read        —                      rows read, refused ones included
==========  =====================  ===================================================================

Slices are days since 1970 (``DAY``), and hours of the day week by week (``HOUR``: 24 times the number of the
week plus the hour), so that like hours can be compared with like hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.convert import money_digits
from sevenfold.data.fields import Kind
from sevenfold.data.money import DIGITS
from sevenfold.data.profile_sketch import bins, register, register_rank, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.fields import Field

__all__ = ["ALL", "BY", "COLUMNS", "DAY", "HOUR", "cells", "compacted", "in_units"]

COLUMNS: dict[str, pl.DataType] = {
    "part": pl.String(),
    "field": pl.String(),
    "slice": pl.Int8(),
    "at": pl.Int32(),
    "bin": pl.Int32(),
    "value": pl.String(),
    "n": pl.Int64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "total": pl.Float64(),
}
BY = ("part", "field", "slice", "at", "bin", "value")
"""What identifies a counter."""

ALL, DAY, HOUR = 0, 1, 2
"""Kinds of slices."""

_GROUP = ("part", "field", "slice", "at")
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_CAPACITY = {"values": 250, "frequent": 30}
"""How many values of a field a slice counts."""

_DAYS_KEPT = 400
_WEEKS_KEPT = 8
_HOURS_KEPT = 24 * _DAYS_KEPT
_NUMBERS = (Kind.MONEY, Kind.INTEGER, Kind.FLOAT)
_FEW = (Kind.CATEGORY, Kind.BOOLEAN)
_MANY = (Kind.ENTITY, Kind.TEXT)


def cells(event: EventType, rows: pl.DataFrame) -> pl.DataFrame:
    """Count rows of one event.

    Parameters
    ----------
    event
        What they are.
    rows
        Physical columns of at least one row.

    Returns
    -------
    pl.DataFrame
        `COLUMNS`, not compacted.
    """
    time = pl.col(event.__time__).dt.epoch("ms")
    day = (time // _DAY_MS).cast(pl.Int32)
    hour = (day // 7 * 24 + time // _HOUR_MS % 24).cast(pl.Int32)
    # Fields by their number, so that no name of a field meets one of these.
    names = {name: f"f{number}" for number, name in enumerate(event.__fields__)}
    clock = (time // _HOUR_MS).cast(pl.Int32).alias("_clock")
    held = rows.with_columns(_in_units(event, rows)).select(
        day.alias("_day"), hour.alias("_hour"), clock, *(pl.col(name).alias(names[name]) for name in names)
    )
    found = [
        _line("hourly", held.group_by(at=pl.col("_clock")).agg(n=pl.len())),
        *_rows_and_nulls(names, held, DAY, "_day"),
        *_rows_and_nulls(names, held, HOUR, "_hour"),
    ]
    for name, field in event.__fields__.items():
        column = held.select(pl.col(names[name]).alias("_value"), "_day", "_hour").drop_nulls()
        found += _of_field(field, column, event)
    return pl.concat(found)


def in_units(event: EventType, name: str, rows: pl.DataFrame) -> pl.Series:
    """Return a field's physical values in its own units: money as Float64 in major ones."""
    return rows.with_columns(_in_units(event, rows))[name]


def compacted(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add tables of counters up, and cut what has outgrown its bounds."""
    trimmed_ = _trimmed(_newest(_added(pl.concat(parts))))
    lost = pl.col("part") == "lost"  # now and before
    return pl.concat([trimmed_.filter(~lost), _added(trimmed_.filter(lost))])


def _in_units(event: EventType, rows: pl.DataFrame) -> list[pl.Series]:
    """Return the columns of money in major units."""
    found = []
    for name, field in event.__fields__.items():
        if field.kind is Kind.MONEY:
            digits: pl.Series | int = money_digits(field, None)
            if field.currency_field is not None:
                codes = rows[field.currency_field].cast(pl.String)
                digits = codes.replace_strict(DIGITS, default=digits, return_dtype=pl.Int64)
                found.append(rows[name] / pl.Series([10.0]).new_from_index(0, rows.height).pow(digits))
            else:
                found.append(rows[name] / 10.0**digits)
    return found


def _rows_and_nulls(names: Mapping[str, str], held: pl.DataFrame, slice_: int, at: str) -> list[pl.DataFrame]:
    counted = held.group_by(at=pl.col(at)).agg(
        pl.len().alias("rows"), *(pl.col(number).null_count() for number in names.values())
    )
    nulls = counted.drop("rows").unpivot(index="at", variable_name="number", value_name="n")
    field = pl.col("number").replace_strict({number: name for name, number in names.items()})
    return [
        _line("rows", counted.select("at", n="rows"), slice_),
        _line("nulls", nulls.filter(pl.col("n") > 0).with_columns(field=field).drop("number"), slice_),
    ]


def _of_field(field: Field, column: pl.DataFrame, event: EventType) -> list[pl.DataFrame]:
    """Count the values of one field; the columns are ``_value``, ``_day`` and ``_hour``."""
    value = pl.col("_value")
    if not column.height or field.kind is Kind.TIMESTAMP:
        return []
    if field.kind in _NUMBERS:
        number = value.cast(pl.Float64)
        extremes = column.select(
            n=pl.len(), low=number.min(), high=number.max(), total=number.sum()
        ).with_columns(field=pl.lit(field.name))
        return [*_binned("numbers", field, column, bins(number)), _line("extremes", extremes)]
    text = value.cast(pl.String)
    if field.kind in _FEW:
        return [
            _counted("values", field, column.group_by(at=pl.col(at), value=text).agg(n=pl.len()), slice_)
            for slice_, at in ((DAY, "_day"), (HOUR, "_hour"))
        ]
    hashes = column.select(h=text.hash())
    ranks = hashes.group_by(bin=register(pl.col("h"))).agg(n=register_rank(pl.col("h")).max())
    found = [
        _line("registers", ranks.with_columns(field=pl.lit(field.name))),
        *_binned("lengths", field, column, bins(text.str.len_chars().cast(pl.Float64))),
    ]
    if field.name != event.__key__:  # its values come once each
        by_day = column.group_by(at=pl.col("_day"), value=text).agg(n=pl.len())
        found.append(_trimmed(_counted("frequent", field, by_day, DAY)))
    return found


def _binned(part: str, field: Field, column: pl.DataFrame, bin_: pl.Expr) -> list[pl.DataFrame]:
    binned = column.lazy().select("_day", "_hour", bin=bin_).collect()
    return [
        _line(
            part,
            binned.group_by(at=pl.col(at), bin=pl.col("bin"))
            .agg(n=pl.len())
            .with_columns(field=pl.lit(field.name)),
            slice_,
        )
        for slice_, at in ((DAY, "_day"), (HOUR, "_hour"))
    ]


def _counted(part: str, field: Field, counts: pl.DataFrame, slice_: int) -> pl.DataFrame:
    return _line(part, counts.with_columns(field=pl.lit(field.name)), slice_)


def _line(part: str, counts: pl.DataFrame, slice_: int = ALL) -> pl.DataFrame:
    """Give counters all the columns of a profile."""
    known = counts.with_columns(part=pl.lit(part), slice=pl.lit(slice_))
    absent = [name for name in COLUMNS if name not in known.columns]
    return known.with_columns(pl.lit(None).alias(name) for name in absent).select(*COLUMNS).cast(COLUMNS)  # type: ignore[arg-type]


def _newest(table: pl.DataFrame) -> pl.DataFrame:
    """Let go of the oldest slices, so that a profile does not grow with time."""
    kept = {
        DAY: (pl.col("slice") == DAY, pl.col("at"), _DAYS_KEPT),
        HOUR: (pl.col("slice") == HOUR, pl.col("at") // 24, _WEEKS_KEPT),
        ALL: (pl.col("part") == "hourly", pl.col("at"), _HOURS_KEPT),
    }
    for chosen, at, most in kept.values():
        oldest = table.filter(chosen).select(at.unique().sort().reverse().slice(most - 1, 1))
        if oldest.height:
            table = table.filter(~chosen | (at >= oldest.item()))
    return table


def _trimmed(table: pl.DataFrame) -> pl.DataFrame:
    """Cut the values of slices that have too many, and note what they lost."""
    found = [table.filter(~pl.col("part").is_in(list(_CAPACITY)))]
    for part, capacity in _CAPACITY.items():
        counts, lost = trimmed(table.filter(pl.col("part") == part), _GROUP, capacity)
        found.append(counts)
        of_slice = {slice_: lost.filter(pl.col("slice") == slice_) for slice_ in (DAY, HOUR)}
        found += [_line("lost", one.drop("part", "slice"), slice_) for slice_, one in of_slice.items()]
    return pl.concat(found)


def _added(table: pl.DataFrame) -> pl.DataFrame:
    largest = (pl.col("part") == "registers").first()
    return (
        table.group_by(BY)
        .agg(
            n=pl.when(largest).then(pl.col("n").max()).otherwise(pl.col("n").sum()),
            low=pl.col("low").min(),
            high=pl.col("high").max(),
            total=pl.col("total").sum(),
        )
        .select(*COLUMNS)
    )
