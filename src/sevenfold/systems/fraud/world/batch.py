"""Payments as columns of numbers, while the world makes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevenfold.systems.fraud.world.arrays import Flags, Indices

__all__ = ["NEVER", "Batch"]

NEVER = -1
"""Nobody ever reports it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Payments; every column is int64 and as long as the others.

    Parameters
    ----------
    time
        When, in ms UTC.
    card, merchant, device, ip
        Numbers of the entities; -1 where there is none.
    cents
        Amount in hundredths of the currency.
    currency, country
        Positions in `CURRENCIES` and `COUNTRIES`; -1 where unknown.
    pattern
        Position among the patterns, 0 for ordinary.
    attack
        Number of the attack that the payment belongs to, -1 for ordinary.
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
    pattern: Indices
    attack: Indices
    reported: Indices

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def empty(cls) -> Batch:
        """Return a batch of no payments."""
        return cls(*(np.empty(0, dtype=np.int64) for _ in fields(cls)))

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
