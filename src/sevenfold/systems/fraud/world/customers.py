"""What customers do when their own payment is blocked: some try again, some leave for good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import ONLINE, SUBSCRIPTION
from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.clock import MINUTE
from sevenfold.systems.fraud.world.patterns import FRIENDLY, ORDINARY
from sevenfold.systems.fraud.world.reissue import holder

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Flags, Indices
    from sevenfold.systems.fraud.world.batch import Batch

__all__ = ["Customers"]

_AGAIN = 0.5
"""Share of the blocked payments that are tried again."""
_LEAVE = 0.03
"""Share of the customers who never come back."""


class Customers:
    """Who was turned away in a live world.

    Parameters
    ----------
    seed
        The world's.
    count
        How many customers there are.

    Attributes
    ----------
    left
        Which customers have left for good.
    """

    def __init__(self, seed: int, count: int) -> None:
        self._chance = stream(seed, "turned away")
        self.left: Flags = np.zeros(count, dtype=np.bool_)

    def turned_away(self, blocked: Batch, now: int, end: int) -> Batch:
        """Return what honest customers try again after a block.

        Parameters
        ----------
        blocked
            The payments that were blocked.
        now, end
            The end of the step and of the world, ms UTC.
        """
        honest = blocked.take((blocked.pattern == ORDINARY) | (blocked.pattern == FRIENDLY))
        honest = honest.take(honest.channel != SUBSCRIPTION)
        leave = self._chance.random(len(honest)) < _LEAVE
        self.left[holder(honest.card[leave])] = True
        again = honest.take(~leave & (self._chance.random(len(honest)) < _AGAIN) & (honest.channel == ONLINE))
        wait = self._chance.integers(MINUTE, 10 * MINUTE, len(again))
        tried = replace(again, time=now + wait)
        return tried.take(tried.time < end)

    def stay(self, batch: Batch) -> Batch:
        """Leave out what those who have left would have paid; thieves pay with their cards all the same."""
        if not self.left.any():
            return batch
        owner: Indices = holder(batch.card)
        gone = (owner >= 0) & self.left[owner] & (batch.attack < 0)
        return batch.take(~gone)
