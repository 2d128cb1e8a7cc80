"""Events that the feature tests share: payments with all kinds of fields, and streams that join them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sevenfold as sf
from sevenfold.data.fields import Kind
from sevenfold.data.money import digits
from sevenfold.data.table import from_physical_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from sevenfold.data.event import EventType

__all__ = [
    "EVENTS",
    "Chargeback",
    "Payment",
    "Profile",
    "Row",
    "Transfer",
    "frames_of",
    "outside",
    "physical",
]

Row = dict[str, Any]


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    """One field of every kind, currencies of 0 to 3 digits, and entities that may be missing."""

    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    card_since: sf.Timestamp | None = None
    merchant: sf.Entity | None = None
    device: sf.Entity | None = None
    payer: sf.Entity["account"] | None = None  # noqa: F821 - a name, not a type
    amount: sf.Money
    currency: sf.Category = "EUR"
    score: float | None = None
    items: int | None = None
    country: sf.Category | None = None
    online: bool = False
    challenged: bool | None = None


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    """Joins a payment by card and by merchant."""

    chargeback_id: str
    reported_at: sf.Timestamp
    card: sf.Entity
    merchant: sf.Entity | None = None
    fee: sf.Money["KWD"] | None = None  # noqa: F821
    reason: sf.Category


class Transfer(sf.Event, key="transfer_id", time="made_at"):
    """Two entities of one type."""

    transfer_id: str
    made_at: sf.Timestamp
    sender: sf.Entity["account"]  # noqa: F821
    receiver: sf.Entity["account"] | None = None  # noqa: F821
    amount: sf.Money["JPY"]  # noqa: F821
    risk: float | None = None
    instant: bool = False


class Profile(sf.Event, key="profile_id", time="updated_at"):
    """What is known of a card until it is told anew."""

    profile_id: str
    updated_at: sf.Timestamp
    card: sf.Entity
    segment: sf.Category | None = None
    limit: sf.Money["EUR"] | None = None  # noqa: F821
    latitude: float | None = None
    longitude: float | None = None


EVENTS: dict[str, EventType] = {event.__name__: event for event in (Payment, Chargeback, Transfer, Profile)}


def physical(event: EventType, **values: Any) -> Row:
    """A row of physical values; fields that are not given hold their default, or null."""
    given = {name: None if field.required else field.default for name, field in event.__fields__.items()}
    plain = {name: value if isinstance(value, (str, bool)) else None for name, value in given.items()}
    return plain | values


def outside(event: EventType, row: Row) -> Row:
    """A physical row as a user would write it: money as decimals in major units."""
    written = dict(row)
    for name, field in event.__fields__.items():
        if field.kind is Kind.MONEY and row[name] is not None:
            currency = field.currency or (row[field.currency_field] if field.currency_field else None)
            written[name] = Decimal(row[name]).scaleb(-digits(currency or "EUR"))
    return written


def frames_of(
    log: Sequence[tuple[EventType, Row]], *, offsets: bool = True, empty: Sequence[EventType] = ()
) -> dict[str, pl.DataFrame]:
    """The log as physical tables by event, with each row's place in it; ``empty`` ones get a table anyway."""
    import polars as pl

    frames = {}
    for event in dict.fromkeys([*(event for event, _ in log), *empty]):
        own = [(place, row) for place, (kind, row) in enumerate(log) if kind is event]
        frame = from_physical_rows(event, [tuple(row[name] for name in event.__fields__) for _, row in own])
        if offsets:
            frame = frame.with_columns(pl.Series("_offset", [place for place, _ in own], dtype=pl.Int64))
        frames[event.__name__] = frame
    return frames
