"""The event log: everything that happened, in the order in which it came to be known.

The log is the truth; feature state, training sets, metrics and cases are folds over it. It gives each
event an offset, counting from zero without gaps, and knows each by its key: the same event again is a
duplicate and changes nothing, another event under the same key is a conflict. What `EventLog.append`
returns from is durable.

`EventLog` says what a log must do; `sevenfold.data.sqlite_log` is the one that is built in.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec
import polars as pl

from sevenfold.data.body import encode, encode_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevenfold.data.event import EventType

__all__ = [
    "Appended",
    "EventLog",
    "LogEntry",
    "NewEntries",
    "NewEntry",
    "OnConflict",
    "new_entries",
    "new_entry",
]

OnConflict = Literal["raise", "report"]
"""What `EventLog.append` does about other events under known keys: refuse the batch, or leave them out."""


class NewEntry(msgspec.Struct, frozen=True, gc=False):
    """An event on its way into the log.

    Attributes
    ----------
    event
        The name of its type.
    key
        What identifies it among the events of its type.
    time_ms
        When it happened, in epoch milliseconds.
    body
        Canonical JSON, as `sevenfold.data.body.encode` gives it.
    arrived_ms
        When it came to be known, in epoch milliseconds; the log's clock where it is not given.
    """

    event: str
    key: str
    time_ms: int
    body: bytes
    arrived_ms: int | None = None


class NewEntries(NamedTuple):
    """Many events on their way into the log, column by column; as `NewEntry` has them."""

    events: list[str]
    keys: list[str]
    times: list[int]
    arrived: list[int | None]
    bodies: list[bytes]

    @classmethod
    def of(cls, entries: Sequence[NewEntry]) -> NewEntries:
        """Put entries in columns."""
        return cls(
            [entry.event for entry in entries],
            [entry.key for entry in entries],
            [entry.time_ms for entry in entries],
            [entry.arrived_ms for entry in entries],
            [entry.body for entry in entries],
        )

    def extend(self, others: NewEntries) -> None:
        """Put others behind them."""
        self.events.extend(others.events)
        self.keys.extend(others.keys)
        self.times.extend(others.times)
        self.arrived.extend(others.arrived)
        self.bodies.extend(others.bodies)


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """An event as the log holds it; `NewEntry` with its offset."""

    offset: int
    event: str
    key: str
    time_ms: int
    arrived_ms: int
    body: bytes


class Appended(NamedTuple):
    """What became of a batch.

    Attributes
    ----------
    offsets
        Where each entry of the batch stands; for a duplicate or a conflict, where the known one stands.
    new
        How many were added.
    duplicates
        How many were known already, with the same body.
    conflicts
        The positions in the batch of those that were left out, since another body is known under their key.
    """

    offsets: list[int]
    new: int
    duplicates: int
    conflicts: list[int]


class EventLog(Protocol):
    """What keeps events in order."""

    def append(self, batch: Sequence[NewEntry], *, on_conflict: OnConflict = "raise") -> Appended:
        """Add a batch, all or nothing, and return once it is durable.

        Raises
        ------
        DataError
            Where another body is known under a key, unless conflicts are to be reported.
        LogError
            Where it cannot be written; then nothing of the batch was.
        """
        ...

    def read(self, from_offset: int = 0, limit: int | None = None) -> Iterator[LogEntry]:
        """Yield the entries from an offset on, up to the end as it stands now, each checked.

        Raises
        ------
        LogError
            At the first entry that is damaged or missing.
        """
        ...

    def end(self) -> int:
        """Return the offset that the next new entry will get."""
        ...

    def verify(self) -> int:
        """Check every entry and return how many there are.

        Raises
        ------
        LogError
            With everything that is damaged or missing.
        """
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


def new_entry(event: EventType, row: Sequence[Any]) -> NewEntry:
    """Return the log entry of one row of physical values in the order of the fields."""
    names = list(event.__fields__)
    key, time = row[names.index(event.__key__)], row[names.index(event.__time__)]
    return NewEntry(event.__name__, str(key), time, encode(event, row))


def new_entries(event: EventType, frame: pl.DataFrame) -> list[NewEntry]:
    """Return the log entries of a physical table of history: each arrives when it happens."""
    times = frame[event.__time__].cast(pl.Int64).to_list()
    keys = frame[event.__key__].cast(pl.String).to_list()
    return list(map(NewEntry, repeat(event.__name__), keys, times, encode_table(event, frame), times))
