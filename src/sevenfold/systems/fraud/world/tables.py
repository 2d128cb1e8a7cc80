"""The columns that are written: payments and what follows them as events, and the truth beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.batch import CHANNELS, REASONS, Batch
from sevenfold.systems.fraud.world.categories import AGES, REGIONS
from sevenfold.systems.fraud.world.patterns import FRIENDLY, NAMES, ORDINARY
from sevenfold.systems.fraud.world.reissue import holder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.people import People
    from sevenfold.systems.fraud.world.tokens import Tokens

__all__ = ["EVENTS", "TRUTH", "event_frame", "payments_frame", "truth_frame"]

_MOMENT = pl.Datetime("ms", "UTC")
_PAYMENT: dict[str, pl.DataType] = {
    "payment_id": pl.String(),
    "occurred_at": _MOMENT,
    "card": pl.String(),
    "merchant": pl.String(),
    "device": pl.String(),
    "ip": pl.String(),
    "amount": pl.Decimal(18, 2),
    "currency": pl.String(),
    "country": pl.String(),
    "channel": pl.String(),
}
_CHARGEBACK: dict[str, pl.DataType] = {
    "chargeback_id": pl.String(),
    "reported_at": _MOMENT,
    "payment_id": pl.String(),
    "card": pl.String(),
    "merchant": pl.String(),
}
_REFUND: dict[str, pl.DataType] = {
    "refund_id": pl.String(),
    "refunded_at": _MOMENT,
    "payment_id": pl.String(),
    "card": pl.String(),
    "merchant": pl.String(),
    "amount": pl.Decimal(18, 2),
    "currency": pl.String(),
}
_DECLINE: dict[str, pl.DataType] = {
    "decline_id": pl.String(),
    "declined_at": _MOMENT,
    "payment_id": pl.String(),
    "card": pl.String(),
    "merchant": pl.String(),
    "device": pl.String(),
    "ip": pl.String(),
    "reason": pl.String(),
}
EVENTS: Final = {"Payment": _PAYMENT, "Decline": _DECLINE, "Refund": _REFUND, "Chargeback": _CHARGEBACK}
"""The columns of each event."""
TRUTH: dict[str, pl.DataType] = {
    "payment_id": pl.String(),
    "pattern": pl.String(),
    "is_fraud": pl.Boolean(),
    "attack": pl.Int64(),
    "age": pl.String(),
    "region": pl.String(),
}


def payments_frame(batch: Batch, identity: pl.Series, tokens: Tokens) -> pl.DataFrame:
    """Return payments as events in outside form: the columns of ``EVENTS["Payment"]``."""
    frame = pl.DataFrame(
        {
            "payment_id": identity,
            "occurred_at": pl.Series(batch.time).cast(_MOMENT),
            **{
                kind: tokens.write(kind, getattr(batch, kind))
                for kind in ("card", "merchant", "device", "ip")
            },
            "amount": pl.Series(batch.cents) / 100,
            "currency": _named(countries.CURRENCIES, batch.currency),
            "country": _named([country.code for country in countries.COUNTRIES], batch.country),
            "channel": _named(CHANNELS, batch.channel),
        }
    )
    return frame.cast({"amount": pl.Decimal(18, 2)})


def truth_frame(batch: Batch, identity: pl.Series, people: People) -> pl.DataFrame:
    """Return what made each payment: the columns of `TRUTH`.

    The attack's number stands where it is fraud; age band and region are those of the holder of the card,
    null for cards from elsewhere.
    """
    owner = holder(batch.card)
    ours = owner >= 0
    real = (batch.pattern != ORDINARY) & (batch.pattern != FRIENDLY)
    return pl.DataFrame(
        {
            "payment_id": identity,
            "pattern": _named(NAMES, batch.pattern),
            "is_fraud": real,
            "attack": pl.select(pl.when(pl.Series(real)).then(pl.Series(batch.attack))).to_series(),
            "age": _named(AGES, np.where(ours, people.age[owner], -1)),
            "region": _named(REGIONS, np.where(ours, people.region[owner], -1)),
        }
    )


def _named(names: tuple[str, ...] | list[str], position: Indices) -> pl.Series:
    """Write names for positions; null for -1."""
    listed = pl.Series([*names, None], dtype=pl.String)
    return listed.gather(pl.Series(np.where(position < 0, len(names), position).astype(np.uint32)))


def event_frame(kind: str, told: Mapping[str, Indices], tokens: Tokens) -> pl.DataFrame:
    """Return what follows payments as events in outside form.

    Parameters
    ----------
    kind
        One of `KINDS`.
    told
        Columns as `Following.until` gives them.
    """
    if not len(told["time"]):
        return pl.DataFrame(schema=EVENTS[kind])
    moment = pl.Series(told["time"]).cast(_MOMENT)
    common = {
        "payment_id": tokens.write("payment", told["payment"]),
        "card": tokens.write("card", told["card"]),
        "merchant": tokens.write("merchant", told["merchant"]),
    }
    identity = tokens.write(kind.lower(), told["number"])
    if kind == "Chargeback":
        return pl.DataFrame({"chargeback_id": identity, "reported_at": moment, **common})
    if kind == "Refund":
        return pl.DataFrame(
            {
                "refund_id": identity,
                "refunded_at": moment,
                **common,
                "amount": (pl.Series(told["returned"]) / 100).cast(pl.Decimal(18, 2)),
                "currency": _named(countries.CURRENCIES, told["currency"]),
            }
        )
    return pl.DataFrame(
        {
            "decline_id": identity,
            "declined_at": moment,
            **common,
            **{name: tokens.write(name, told[name]) for name in ("device", "ip")},
            "reason": _named(REASONS, told["declined"].astype(np.int64) - 1),
        }
    )
