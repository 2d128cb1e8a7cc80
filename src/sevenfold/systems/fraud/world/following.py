"""What follows payments: declines at once, refunds days later, chargebacks weeks later.

Each is an event of its own. What is still to come waits in a queue, and leaves it in the order of time: so
a world of any length needs memory only for what its last months left open, and a live world can tell things
as they happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.systems.fraud.world.batch import NEVER, Batch
from sevenfold.systems.fraud.world.chance import mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.systems.fraud.world.arrays import Flags, Indices

__all__ = ["KINDS", "Following", "follow"]

KINDS: Final = ("Decline", "Refund", "Chargeback")
"""The events that follow payments."""

_COLUMNS: Final = {
    "Decline": ("time", "payment", "card", "merchant", "device", "ip", "declined", "pattern"),
    "Refund": ("time", "payment", "card", "merchant", "returned", "currency", "pattern"),
    "Chargeback": ("time", "payment", "card", "merchant", "pattern"),
}


def follow(batch: Batch, number: Indices, key: int) -> dict[str, dict[str, Indices]]:
    """Return what follows payments, as columns by kind.

    Parameters
    ----------
    batch
        The payments.
    number
        Which payment of the world each is.
    key
        Seed of the hash that says how long an issuer takes to answer: from 0.2 to 2.5 seconds.
    """
    answer = batch.time + 200 + mix(number, key + 23).astype(np.int64) % 2_300
    chosen: Mapping[str, tuple[Flags, Indices]] = {
        "Decline": (batch.declined != 0, answer),
        "Refund": (batch.refunded != NEVER, batch.refunded),
        "Chargeback": (batch.reported != NEVER, batch.reported),
    }
    found = {}
    for kind, (which, when) in chosen.items():
        rows = np.flatnonzero(which)
        own = {"time": when[rows], "payment": number[rows]}
        found[kind] = own | {name: getattr(batch, name)[rows] for name in _COLUMNS[kind] if name not in own}
    return found


class Following:
    """The queue of one kind of event.

    Parameters
    ----------
    kind
        One of `KINDS`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.told = 0
        self._waiting = {name: np.empty(0, dtype=np.int64) for name in _COLUMNS[kind]}

    def add(self, columns: Mapping[str, Indices]) -> None:
        """Let events wait."""
        if len(columns["time"]):
            self._waiting = {
                name: np.concatenate([column, columns[name]]) for name, column in self._waiting.items()
            }

    def until(self, moment: int | None) -> dict[str, Indices]:
        """Take the events before a moment (ms UTC), all where it is ``None``; in the order of time.

        Returns
        -------
        Columns, and ``number``: which event of its kind each is, in the order in which they are told.
        """
        time = self._waiting["time"]
        due = np.ones(len(time), dtype=np.bool_) if moment is None else time < moment
        taken = {name: column[due] for name, column in self._waiting.items()}
        self._waiting = {name: column[~due] for name, column in self._waiting.items()}
        order = np.lexsort((taken["payment"], taken["time"]))
        told = {name: column[order] for name, column in taken.items()}
        told["number"] = np.arange(self.told, self.told + len(order))
        self.told += len(order)
        return told
