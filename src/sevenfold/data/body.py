"""Bodies: events as the log keeps them, in canonical JSON.

A body is a JSON object of physical values in the order of the fields, without spaces, nulls left out. Two
events are the same if their bodies are; leaving nulls out lets an event grow a field that may be null
without changing what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from sevenfold.data.convert import physical_default
from sevenfold.data.fields import MISSING, Field, Kind
from sevenfold.data.table import physical_schema
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.data.event import EventType

__all__ = ["encode", "encode_table", "read_body", "read_lines", "read_table"]

_ENCODER = msgspec.json.Encoder()


def encode(event: EventType, row: Sequence[Any] | Mapping[str, Any]) -> bytes:
    """Return the body of one row of physical values, given in the order of the fields or by name."""
    return _ENCODER.encode(event.__body__(**row) if isinstance(row, dict) else event.__body__(*row))


def encode_table(event: EventType, frame: pl.DataFrame) -> list[bytes]:
    """Return the bodies of the rows of a physical table."""
    if not frame.height:
        return []
    columns = [_plain(frame[name], field.kind).to_list() for name, field in event.__fields__.items()]
    return _ENCODER.encode_lines(list(map(event.__body__, *columns))).rstrip(b"\n").split(b"\n")


def read_body(event: EventType, body: bytes) -> tuple[Any, ...]:
    """Return the physical values of a body, in the order of the fields.

    A field that was declared after the body was written gives its default.

    Raises
    ------
    LogError
        Where the body does not hold the event as it is declared now.
    """
    try:
        values = msgspec.structs.astuple(msgspec.json.decode(body, type=event.__body__))
    except msgspec.MsgspecError as error:
        raise _mismatch(event, error) from None
    if None not in values:
        return values
    fields = event.__fields__
    return tuple(
        _default(event, field) if value is None and not field.nullable else value
        for value, field in zip(values, fields.values(), strict=True)
    )


def read_table(event: EventType, bodies: Sequence[bytes]) -> pl.DataFrame:
    """Return the physical table of many bodies, in their order; `read_body`, vectorised.

    Raises
    ------
    LogError
        Where a body does not hold the event as it is declared now.
    """
    return read_lines(event, b"\n".join(bodies))


def read_lines(event: EventType, lines: bytes) -> pl.DataFrame:
    """As `read_table`, of bodies that are a line each."""
    schema = physical_schema(event)
    if not lines:
        return pl.DataFrame(schema=schema)
    wire = {name: pl.Int64() if isinstance(dtype, pl.Datetime) else dtype for name, dtype in schema.items()}
    try:
        frame = pl.read_ndjson(lines, schema=wire)
    except pl.exceptions.PolarsError as error:
        raise _mismatch(event, error) from None
    defaults = [
        pl.col(name).fill_null(_default(event, field))
        for name, field in event.__fields__.items()
        if not field.nullable and frame[name].null_count()
    ]
    return frame.with_columns(defaults).cast(pl.Schema(schema))


def _default(event: EventType, field: Field) -> object:
    default = physical_default(field, event.__fields__)
    if default is MISSING:
        raise _mismatch(event, f"a body holds nothing for {field.name}")
    return default


def _mismatch(event: EventType, reason: object) -> LogError:
    return LogError(f"The log does not hold {event.__name__} as it is declared now: {reason}")


def _plain(column: pl.Series, kind: Kind) -> pl.Series:
    """Return a physical column as a body's struct takes it."""
    if kind is Kind.TIMESTAMP:
        return column.cast(pl.Int64)
    return column.cast(pl.String) if kind in (Kind.ENTITY, Kind.CATEGORY) else column
