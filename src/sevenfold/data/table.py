"""Whole tables of events: from what users bring to physical columns, vectorised.

A physical table holds one column a field, in the order of declaration: timestamps as ``Datetime("ms",
"UTC")``, money as Int64 minor units, entities, categories and texts as String, numbers as Int64, Float64
and Boolean. An entity's column that comes as integers or as Categorical stays so. Rows are counted from
zero here, as Polars counts them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from sevenfold.data.columns import decided, decided_currency, decided_money
from sevenfold.data.convert import currency_fields, from_text, money_digits, value_converter
from sevenfold.data.fields import MISSING, Field, Kind
from sevenfold.data.money import DIGITS, to_minor
from sevenfold.data.refusal import RefusedError
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sevenfold.data.event import EventType

__all__ = ["REJECTS", "Split", "from_physical_rows", "normalise", "physical_schema", "split"]

REJECTS = {"row": pl.Int64, "field": pl.String, "expected": pl.String, "got": pl.String, "hint": pl.String}
"""Columns of a table of refusals: one line for each value that was refused."""

_PHYSICAL: dict[Kind, pl.DataType] = {
    Kind.TIMESTAMP: pl.Datetime("ms", "UTC"),
    Kind.ENTITY: pl.String(),
    Kind.MONEY: pl.Int64(),
    Kind.CATEGORY: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.FLOAT: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
}
_NOT_TEXT = (Kind.TIMESTAMP, Kind.MONEY, Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN)
_EXAMPLES = 20
_REFUSED_CURRENCY = "?"


class Split(NamedTuple):
    """A table parted into what its event accepts and what it refuses.

    Attributes
    ----------
    accepted
        The physical columns of the rows without a fault, in their order.
    rejects
        Columns as `REJECTS`, in the order of the rows.
    positions
        Boolean, one a row of the table: whether it was accepted.
    """

    accepted: pl.DataFrame
    rejects: pl.DataFrame
    positions: pl.Series


def physical_schema(event: EventType) -> dict[str, pl.DataType]:
    """Return the column types of a physical table of an event, in the order of the fields."""
    return {name: _PHYSICAL[field.kind] for name, field in event.__fields__.items()}


def normalise(
    event: EventType, frame: pl.DataFrame, *, physical: bool = False, strict: bool = False
) -> pl.DataFrame:
    """Return the physical table of a table of events.

    Parameters
    ----------
    event
        What the rows are.
    frame
        One row an event. Columns of fields that may be left out may be missing; others that the event
        does not declare are ignored.
    physical
        The table is physical already: only its columns and their types are checked, and amounts are
        taken as minor units.
    strict
        Whether a column that the event does not declare is a fault.

    Raises
    ------
    DataError
        With examples of everything that is wrong, and how often.
    """
    if physical:
        return _checked(event, frame, strict=strict)
    accepted, rejects, _ = split(event, frame, strict=strict)
    if rejects.height:
        raise _refusal(event, frame.height, rejects)
    return accepted


def split(event: EventType, frame: pl.DataFrame, *, strict: bool = False) -> Split:
    """Part a table into the physical rows that its event accepts and the refusals of the others.

    Raises
    ------
    DataError
        Where the table lacks a column, or, when strict, has one too many: then no row could be right.
    """
    if faults := _column_faults(event, frame, strict=strict):
        raise DataError(f"The table cannot hold {event.__name__} events", faults)
    converted = _converted(event.__fields__, frame)
    rejected = [
        (row, name, refused.expected, refused.got, refused.hint)
        for name, column in converted.items()
        for row, refused in column.refused.items()
    ]
    rejects = pl.DataFrame(rejected, schema=REJECTS, orient="row").sort("row", maintain_order=True)
    positions = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True).scatter(rejects["row"], False)
    table = pl.DataFrame([column.values for column in converted.values()])
    return Split(table.filter(positions) if rejects.height else table, rejects, positions)


def from_physical_rows(event: EventType, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Return the physical table of rows of physical values in the order of the fields."""
    schema = physical_schema(event)
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=pl.Int64 if isinstance(dtype, pl.Datetime) else dtype).cast(dtype)
            for (name, dtype), values in zip(schema.items(), columns, strict=True)
        ]
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A field's physical values, null where refused, and the refusals by row."""

    values: pl.Series
    refused: dict[int, RefusedError]


def _converted(
    fields: Mapping[str, Field], frame: pl.DataFrame, done: Mapping[str, _Column] | None = None
) -> dict[str, _Column]:
    """Convert fields of a frame, some other fields of which may be done already."""
    currencies = currency_fields(fields.values())
    done = dict(done or {})
    # Currencies first: how an amount reads depends on them.
    for name in sorted(fields, key=lambda name: name not in currencies):
        field = fields[name]
        if field.kind is Kind.MONEY:
            done[name] = _money_column(field, frame, done)
        else:
            done[name] = _plain_column(field, frame, is_currency=name in currencies)
    return {name: done[name] for name in fields}


def _plain_column(field: Field, frame: pl.DataFrame, *, is_currency: bool) -> _Column:
    convert = value_converter(field, is_currency=is_currency)

    def fast(column: pl.Series) -> pl.Series:
        return decided_currency(column) if is_currency else decided(field.kind, column)

    column = _column(field, frame, fast, lambda _, value: convert(value))
    if field.kind is not Kind.TIMESTAMP:
        return column
    return _Column(column.values.cast(_PHYSICAL[Kind.TIMESTAMP]), column.refused)


def _money_column(field: Field, frame: pl.DataFrame, done: Mapping[str, _Column]) -> _Column:
    currency = done[field.currency_field] if field.currency_field else None
    digits = _digits(field, currency, frame.height)
    scale = pl.select(pl.lit(10, pl.Int64).pow(digits)).to_series()
    return _column(
        field,
        frame,
        lambda column: decided_money(column, scale),
        lambda row, value: to_minor(value, digits[row]),
    )


def _digits(field: Field, currency: _Column | None, height: int) -> pl.Series:
    """Return the digits of a field's amounts, row by row, as `convert.money_digits` has them."""
    if currency is None:
        return _constant(money_digits(field, None), height).cast(pl.Int64)
    codes = currency.values.clone().scatter(list(currency.refused), None)
    digits = codes.replace_strict(DIGITS, default=None, return_dtype=pl.Int64).fill_null(
        money_digits(field, None)
    )
    return digits.scatter(list(currency.refused), money_digits(field, _REFUSED_CURRENCY))


def _column(
    field: Field,
    frame: pl.DataFrame,
    fast: Callable[[pl.Series], pl.Series],
    slow: Callable[[int, object], object],
) -> _Column:
    """Convert a column by the fast road, and by the slow one what that leaves undecided."""
    default = None if field.default is MISSING else field.default
    absent = field.name not in frame.columns
    given = _constant(default, frame.height) if absent else frame[field.name]
    values = fast(given)
    undecided = (values.is_null() & given.is_not_null()).arg_true()
    refused: dict[int, RefusedError] = {}
    if undecided.len():
        found, refused = _slowly(field, undecided.to_list(), given.gather(undecided), slow)
        values = values.clone().scatter(list(found), list(found.values()))
    if not field.nullable and given.null_count():
        if default is None:
            refused |= {row: RefusedError("a value", "null") for row in given.is_null().arg_true()}
        else:
            values = _filled(values, given.is_null(), fast(_constant(default, frame.height)))
    return _Column(values.alias(field.name), refused)


def _slowly(
    field: Field, rows: list[int], given: pl.Series, slow: Callable[[int, object], object]
) -> tuple[dict[int, object], dict[int, RefusedError]]:
    is_text = given.dtype == pl.String and field.kind in _NOT_TEXT
    found: dict[int, object] = {}
    refused: dict[int, RefusedError] = {}
    for row, value in zip(rows, given.to_list(), strict=True):
        try:
            found[row] = slow(row, from_text(field.kind, value) if is_text else value)
        except RefusedError as refusal:
            refused[row] = refusal
    return found, refused


def _filled(values: pl.Series, missing: pl.Series, defaults: pl.Series) -> pl.Series:
    if values.dtype != defaults.dtype:  # an entity's integers beside a default that is text
        values, defaults = values.cast(pl.String), defaults.cast(pl.String)
    return defaults.zip_with(missing, values)


def _constant(value: object, height: int) -> pl.Series:
    return pl.Series([value]).new_from_index(0, height)


def _column_faults(event: EventType, frame: pl.DataFrame, *, strict: bool) -> list[Fault]:
    fields = event.__fields__
    there = ", ".join(frame.columns) or "none"
    faults = [
        Fault(f"{event.__name__}.{name}", "a column", "nothing", f"The columns are: {there}")
        for name, field in fields.items()
        if field.required and name not in frame.columns
    ]
    if strict:
        declared = f"The fields are: {', '.join(fields)}"
        faults += [
            Fault(f"column {name}", f"a field of {event.__name__}", "an undeclared column", declared)
            for name in frame.columns
            if name not in fields
        ]
    return faults


def _checked(event: EventType, frame: pl.DataFrame, *, strict: bool) -> pl.DataFrame:
    faults = _column_faults(event, frame, strict=strict)
    faults += [
        Fault(f"{event.__name__}.{name}", f"a column of {_PHYSICAL[field.kind]}", str(frame.schema[name]))
        for name, field in event.__fields__.items()
        if name in frame.columns and not _is_physical(field.kind, frame.schema[name])
    ]
    if faults:
        raise DataError(f"The table does not hold physical {event.__name__} events", faults)
    absent = [name for name in event.__fields__ if name not in frame.columns]
    return frame.with_columns(_defaults(event, frame, absent)).select(*event.__fields__)


def _defaults(event: EventType, frame: pl.DataFrame, absent: list[str]) -> list[pl.Series]:
    """Return the columns of fields that a physical table leaves out."""
    present = {name: _Column(frame[name], {}) for name in event.__fields__ if name in frame.columns}
    fields = {name: field for name, field in event.__fields__.items() if name in absent}
    done = _converted(fields, frame.select(event.__key__), present)
    return [done[name].values for name in absent]


def _is_physical(kind: Kind, dtype: pl.DataType) -> bool:
    if kind in (Kind.ENTITY, Kind.CATEGORY) and dtype in (pl.Categorical, pl.Enum):
        return True
    return dtype == _PHYSICAL[kind] or (kind is Kind.ENTITY and dtype.is_integer())


def _refusal(event: EventType, height: int, rejects: pl.DataFrame) -> DataError:
    counts = ", ".join(f"{field} {count:,}" for field, count in Counter(rejects["field"]).most_common())
    rows = rejects["row"].n_unique()
    # The first example of each field before the second of any: an error shows only so many.
    rank = pl.int_range(pl.len()).over("field")
    examples = rejects.with_columns(rank=rank).filter(pl.col("rank") < _EXAMPLES).sort("rank", "row")
    faults = [
        Fault(f"row {row}: {field}", expected, got, hint)
        for row, field, expected, got, hint in examples.select(*REJECTS).iter_rows()
    ]
    return DataError(f"{rows:,} of {height:,} {event.__name__} rows are refused ({counts})", faults)
