"""Events as requests: physical values back into what callers send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from sevenfold.data.convert import money_digits
from sevenfold.data.fields import Kind
from sevenfold.serving.replay.run import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.data.event import EventType

__all__ = ["calls_of", "outer_rows"]

_AT, _EVENT, _ROW = "_at", "_event", "_row"


def calls_of(events: Mapping[str, EventType], decides: str, tables: Mapping[str, pl.DataFrame]) -> list[Call]:
    """Return the requests for the events of tables, in the order in which they happened.

    Parameters
    ----------
    events, decides
        The design's events by name, and the one that is decided.
    tables
        Physical tables by event.
    """
    rows = {name: outer_rows(events[name], frame) for name, frame in tables.items()}
    order = pl.concat(
        [
            frame.select(pl.col(events[name].__time__).cast(pl.Int64).alias(_AT))
            .with_columns(pl.lit(name).alias(_EVENT))
            .with_row_index(_ROW)
            for name, frame in tables.items()
        ]
    ).sort(_AT, maintain_order=True)
    paths = {name: "/v1/decisions" if name == decides else f"/v1/events/{name}" for name in events}
    money = next(
        (field.name for field in events[decides].__fields__.values() if field.kind is Kind.MONEY), None
    )
    encode = msgspec.json.encode
    calls = []
    for event, number in zip(order[_EVENT].to_list(), order[_ROW].to_list(), strict=True):
        row = rows[event][number]
        amount = float(row.get(money, 0.0)) if money is not None and event == decides else 0.0
        calls.append(Call(paths[event], encode(row), amount))
    return calls


def outer_rows(event: EventType, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as callers send them: epoch milliseconds, money as decimal text, nulls left out."""
    plain = frame.select(*event.__fields__).with_columns(
        pl.col(name).cast(pl.Int64)
        if field.kind is Kind.TIMESTAMP
        else pl.col(name).cast(pl.String)
        if field.kind in (Kind.ENTITY, Kind.CATEGORY)
        else pl.col(name)
        for name, field in event.__fields__.items()
    )
    money = [field for field in event.__fields__.values() if field.kind is Kind.MONEY]
    rows = []
    for values in plain.iter_rows(named=True):
        row = {name: value for name, value in values.items() if value is not None}
        for field in money:
            if field.name in row:
                currency = row.get(field.currency_field) if field.currency_field else None
                row[field.name] = _decimal(row[field.name], money_digits(field, currency))
        rows.append(row)
    return rows


def _decimal(minor: int, places: int) -> str:
    """Write minor units as a decimal in major ones.

    >>> _decimal(1250, 2), _decimal(-5, 2), _decimal(7, 0)
    ('12.50', '-0.05', '7')
    """
    if not places:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{places}}"
