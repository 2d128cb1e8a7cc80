"""The columns that are written: payments and chargebacks as events, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.batch import NEVER, Batch
from sevenfold.systems.fraud.world.categories import AGES
from sevenfold.systems.fraud.world.patterns import FRIENDLY, NAMES, ORDINARY
from sevenfold.systems.fraud.world.people import REGIONS, People
from sevenfold.systems.fraud.world.reissue import holder

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.tokens import Tokens

__all__ = ["CHARGEBACK", "PAYMENT", "TRUTH", "Disputes", "payments_frame", "truth_frame"]

_MOMENT = pl.Datetime("ms", "UTC")
PAYMENT: dict[str, pl.DataType] = {
    "payment_id": pl.String(),
    "occurred_at": _MOMENT,
    "card": pl.String(),
    "merchant": pl.String(),
    "device": pl.String(),
    "ip": pl.String(),
    "amount": pl.Decimal(18, 2),
    "currency": pl.String(),
    "country": pl.String(),
}
CHARGEBACK: dict[str, pl.DataType] = {
    "chargeback_id": pl.String(),
    "reported_at": _MOMENT,
    "payment_id": pl.String(),
    "card": pl.String(),
    "merchant": pl.String(),
}
TRUTH: dict[str, pl.DataType] = {
    "payment_id": pl.String(),
    "pattern": pl.String(),
    "is_fraud": pl.Boolean(),
    "attack": pl.Int64(),
    "age": pl.String(),
    "region": pl.String(),
}


def payments_frame(batch: Batch, identity: pl.Series, tokens: Tokens) -> pl.DataFrame:
    """Return payments as events in outside form: the columns of `PAYMENT`."""
    return pl.DataFrame(
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
        }
    )


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


@dataclass(frozen=True, slots=True)
class Disputes:
    """What chargebacks need to know of their payments.

    They are few and arrive in an order of their own, so they are kept in memory until the end.

    Parameters
    ----------
    reported
        When they arrive, ms UTC.
    payment, card, merchant
        Numbers of the entities.
    pattern
        What made the payment.
    """

    reported: Indices
    payment: Indices
    card: Indices
    merchant: Indices
    pattern: Indices

    @classmethod
    def of(cls, batch: Batch, before: int) -> Disputes:
        """Take them from payments, ``before`` which others were made."""
        rows = np.flatnonzero(batch.reported != NEVER)
        return cls(
            batch.reported[rows], rows + before, batch.card[rows], batch.merchant[rows], batch.pattern[rows]
        )

    @classmethod
    def concat(cls, parts: list[Disputes]) -> Disputes:
        """Put them together in the order in which they arrive."""
        whole = (np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__)
        reported, payment, card, merchant, pattern = whole
        order = np.lexsort((payment, reported))
        return cls(reported[order], payment[order], card[order], merchant[order], pattern[order])

    def frame(self, tokens: Tokens) -> pl.DataFrame:
        """Return them as events in outside form: the columns of `CHARGEBACK`."""
        return pl.DataFrame(
            {
                "chargeback_id": tokens.write("chargeback", np.arange(len(self.reported))),
                "reported_at": pl.Series(self.reported).cast(_MOMENT),
                "payment_id": tokens.write("payment", self.payment),
                "card": tokens.write("card", self.card),
                "merchant": tokens.write("merchant", self.merchant),
            }
        )
