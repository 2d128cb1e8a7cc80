"""Payments as columns of numbers, while the world makes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevenfold.systems.fraud.world.arrays import Flags, Indices

__all__ = ["CHANNELS", "NEVER", "ONLINE", "REASONS", "SHOP", "SUBSCRIPTION", "Batch"]

NEVER = -1
"""Nobody ever reports it, or gives it back."""

CHANNELS: Final = ("shop", "online", "subscription")
SHOP, ONLINE, SUBSCRIPTION = range(3)

REASONS: Final = (
    "insufficient_funds",
    "do_not_honour",
    "suspected_fraud",
    "wrong_security_code",
    "expired_card",
    "technical",
    "lost_or_stolen",
)
"""Why issuers decline; the code of a reason in `Batch` is its position and one, 0 is an approved payment."""

_SMALL: Final = frozenset({"currency", "country", "channel", "pattern", "declined"})
"""Columns of int8; all others are int64."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Payments; every column is as long as the others, int8 where it counts few things, else int64.

    Parameters
    ----------
    time
        When, in ms UTC.
    card, merchant, device, ip
        Numbers of the entities; -1 where there is none.
    cents
        Amount in hundredths of the currency.
    currency, country
        Positions in `CURRENCIES` and `COUNTRIES`; -1 where unknown; int8.
    channel
        Position in `CHANNELS`, int8.
    pattern
        Position among the patterns, 0 for ordinary; int8.
    attack
        Number of the attack that the payment belongs to, -1 for ordinary.
    declined
        Why the issuer declines it, 0 where it does not; see `REASONS`; int8.
    refunded, returned
        When its merchant gives it back, in ms UTC or `NEVER`, and how much, in hundredths.
    reported
        When its chargeback arrives, in ms UTC, or `NEVER`.
    """

    time: Indices
    card: Indices
    merchant: Indices
    device: Indices
    ip: Indices
    cents: Indices
    currency: Indices
    country: Indices
    channel: Indices
    pattern: Indices
    attack: Indices
    declined: Indices
    refunded: Indices
    returned: Indices
    reported: Indices

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(cls, **columns: Indices) -> Batch:
        """Return payments of some columns; all others say that there is nothing to be said.

        Parameters
        ----------
        columns
            At least ``time``.
        """
        size = len(columns["time"])
        absent = {"pattern": 0, "declined": 0, "returned": 0, "channel": ONLINE}
        made: list[Indices] = []
        for field in fields(cls):
            kind = np.int8 if field.name in _SMALL else np.int64
            given = columns.get(field.name)
            if given is None:
                made.append(np.full(size, absent.get(field.name, -1), dtype=kind))
            else:
                made.append(np.asarray(given).astype(kind, copy=False))
        return cls(*made)

    @classmethod
    def empty(cls) -> Batch:
        """Return a batch of no payments."""
        return cls.of(time=np.empty(0, dtype=np.int64))

    @classmethod
    def concat(cls, parts: Iterable[Batch]) -> Batch:
        """Put batches one after the other."""
        held = [part for part in parts if len(part)]
        if not held:
            return cls.empty()
        if len(held) == 1:
            return held[0]
        return cls(*(np.concatenate([getattr(part, f.name) for part in held]) for f in fields(cls)))

    def take(self, rows: Indices | Flags) -> Batch:
        """Return some of the payments, by position or by flag."""
        return Batch(*(getattr(self, f.name)[rows] for f in fields(self)))

    def in_time(self, chance: np.random.Generator) -> Batch:
        """Sort by time; payments of the same millisecond come in random order, whatever made them.

        The low 21 bits of the sort key are random, the rest is time: 2 ** 42 ms reach to the year 2109.
        """
        key = (self.time << 21) | chance.integers(0, 1 << 21, len(self))
        return self.take(np.argsort(key))
