"""What a bank does when its customer reports a fraud: the card is dead, and a new one comes by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import NEVER, Batch
from sevenfold.systems.fraud.world.patterns.thieves import FOREIGN

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices

__all__ = ["Reissues", "holder"]

_ISSUES = 16
"""Cards that an account can have, one after the other."""
_SECONDS = 33
"""Bits for seconds since the world's start: more than two hundred years."""


def holder(card: Indices) -> Indices:
    """Return the customer whom each issued card belongs to, -1 for cards from elsewhere."""
    return np.where(card < FOREIGN, card // (2 * _ISSUES), -1)


class Reissues:
    """Which card an account had when.

    An account is ``2 * customer`` or ``2 * customer + 1``; the card that it has at a moment is a number of
    its own, another one after each reported fraud.

    Parameters
    ----------
    customers
        How many there are.
    start_ms
        The world's first moment.
    """

    def __init__(self, customers: int, start_ms: int) -> None:
        self._start = start_ms
        self._hit = np.zeros(2 * customers, dtype=np.bool_)
        self._keys = np.empty(0, dtype=np.int64)

    def block(self, frauds: Batch) -> None:
        """Take note of frauds: each account is blocked when the first payment of an attack on it is reported.

        Parameters
        ----------
        frauds
            Payments with accounts in the place of cards; those of foreign cards are not our bank's.
        """
        known = np.flatnonzero((frauds.card < FOREIGN) & (frauds.reported != NEVER))
        if not len(known):
            return
        account = frauds.card[known]
        case, row = np.unique((frauds.attack[known] << 31) | account, return_inverse=True)
        first = np.full(len(case), np.iinfo(np.int64).max)
        np.minimum.at(first, row, frauds.reported[known])
        blocked = case & ((1 << 31) - 1)
        self._hit[blocked] = True
        self._keys = np.sort(np.concatenate([self._keys, self._key(blocked, first)]))

    def issued(self, account: Indices, time: Indices) -> Indices:
        """Return the card that each account had at a moment (ms UTC); foreign cards stay what they are."""
        own = account < FOREIGN
        card = np.where(own, account * _ISSUES, account)
        rows = np.flatnonzero(own)
        rows = rows[self._hit[account[rows]]]
        if len(rows):
            before = np.searchsorted(self._keys, account[rows] << _SECONDS)
            until = np.searchsorted(self._keys, self._key(account[rows], time[rows]), side="right")
            card[rows] += np.minimum(until - before, _ISSUES - 1)
        return card

    def _key(self, account: Indices, time: Indices) -> Indices:
        return (account << _SECONDS) | ((time - self._start) // 1_000)
