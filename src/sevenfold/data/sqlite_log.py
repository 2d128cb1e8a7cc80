"""The event log in one SQLite file.

SQLite's write-ahead log makes a commit durable with one flush, and lets readers read while the writer
writes. Threads that append at the same time share a commit. Several processes may append too; SQLite lets
one in at a time.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec

from sevenfold.data.group_commit import GroupCommit
from sevenfold.data.log import Appended, LogEntry, NewEntry, OnConflict
from sevenfold.data.refusal import shown
from sevenfold.data.seal import NO_SEAL, EndMark, Mark, Row, first_broken, seal
from sevenfold.data.sqlite_appender import Appender
from sevenfold.data.sqlite_bulk import Bulk, bulk_of, read_bulk
from sevenfold.data.sqlite_file import Durability, SqliteFile
from sevenfold.errors import DataError, Fault, LogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["SqliteEventLog"]

_ENTRIES_A_COMMIT = 50_000
_ENTRIES_A_PAGE = 5000
_ENTRIES_A_BULK = 20_000
_CHECKED_AT_OPENING = 1000
_OFFSET: Final = 0  # of a row
_BODY: Final = 5
_SEAL: Final = 6


_Batch = tuple["Sequence[NewEntry]", OnConflict]


class SqliteEventLog:
    """An event log in a file, for any number of threads and a few processes.

    Parameters
    ----------
    path
        Of the file; beside it lie SQLite's own two and one that remembers the end. It is made if it is
        not there.
    durability
        ``"full"``: what was appended survives a crash of the machine. ``"normal"``: it survives a crash
        of the program, and a crash of the machine may take the last commits.
    accept_loss
        Take the end as it stands, even if more was acknowledged once: after the loss has been reported
        and understood.
    clock_ms
        What tells the time at which events arrive.

    Raises
    ------
    LogError
        Where the file cannot be opened, or its tail is damaged, or acknowledged entries are missing from it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home, SqliteEventLog(f"{home}/log.sqlite") as log:
    ...     log.append([NewEntry("Payment", "p1", 1000, b'{"payment_id":"p1"}')]).offsets
    ...     [entry.key for entry in log.read()]
    [0]
    ['p1']
    """

    def __init__(
        self,
        path: Path | str,
        durability: Durability = "full",
        *,
        accept_loss: bool = False,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.path = Path(path)
        self._clock_ms = clock_ms
        self._commits: GroupCommit[_Batch, Appended] = GroupCommit(
            self._commit, size=lambda batch: len(batch[0]), most=_ENTRIES_A_COMMIT
        )
        self._file = SqliteFile(self.path, durability)
        self._mark = EndMark(self.path.with_name(self.path.name + ".end"))
        try:
            self._end = self._checked_end(accept_loss=accept_loss)
        except BaseException:
            self.close()
            raise

    def append(self, batch: Sequence[NewEntry], *, on_conflict: OnConflict = "raise") -> Appended:
        """Add a batch, all or nothing, and return once it is durable; see `EventLog.append`."""
        return self._commits((batch, on_conflict))

    def read(self, from_offset: int = 0, limit: int | None = None) -> Iterator[LogEntry]:
        """Yield the entries from an offset on, each checked; see `EventLog.read`."""
        end = self._file.end()
        if not 0 <= from_offset <= end:
            raise LogError(f"{self.path} ends at offset {end}: there is nothing to read from {from_offset}")
        stop = end if limit is None else min(end, from_offset + limit)
        return self._read(from_offset, stop)

    def end(self) -> int:
        """Return the offset that the next new entry will get."""
        return self._file.end()

    def find(self, event: str, key: str) -> tuple[int, int, bytes] | None:
        """Return the offset, the arrival in epoch milliseconds and the body of one event, if it is known."""
        return self._file.find(event, key)

    def entries_of(self, event: str) -> list[LogEntry]:
        """Return all entries of one event in their order, found by its index: for events that are few."""
        return [LogEntry(*row) for row in self._file.of_event(event)]

    def count_of(self, event: str, from_offset: int = 0) -> int:
        """Return how many entries of one event there are from an offset on; no entry is read for it."""
        return self._file.count_of(event, from_offset)

    def bodies(self, event: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies of those events of some keys that are known."""
        return self._file.committed(event, keys)

    def seal_at(self, offset: int) -> bytes | None:
        """Return the seal of one entry, nothing where there is none."""
        return self._file.seal_at(offset)

    def appender(self) -> Appender:
        """Return what writes for a service; while it is in use, nothing else of this process appends."""
        self._file.leave_checkpoints()
        return Appender(self._file, self._mark, self._clock_ms, self._ended)

    def checkpoint(self) -> None:
        """Move what was committed from the write-ahead log into the file, beside whoever appends."""
        self._file.checkpoint()

    def verify(self) -> int:
        """Check every entry, the file and the remembered end; see `EventLog.verify`."""
        end = self._file.end()
        faults = [Fault(str(self.path), "a sound database", text) for text in self._file.complaints()]
        faults += self._end_faults()
        for first in range(0, end, _ENTRIES_A_PAGE):
            faults += self._page_faults(first, min(end, first + _ENTRIES_A_PAGE))
        if faults:
            raise LogError(f"{self.path} is damaged", faults)
        return end

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
        self._mark.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ended(self, end: int) -> None:
        self._end = end

    def pages(self, first: int, stop: int) -> Iterator[list[Row]]:
        """Yield the rows of a range of offsets, thousands at a time and each checked; for bulk reading.

        Raises
        ------
        LogError
            At the first entry that is damaged or missing, after those before it.
        """
        before = self._seal_before(first)
        for start in range(first, stop, _ENTRIES_A_PAGE):
            page_stop = min(stop, start + _ENTRIES_A_PAGE)
            rows = self._file.page(start, page_stop)
            sound, fault = _checked(before, rows, start, page_stop)
            if sound:
                yield rows[:sound] if sound < len(rows) else rows
            if fault is not None:
                raise LogError(f"{self.path} is damaged", [fault])
            before = rows[-1][_SEAL]

    def bulks(self, first: int, stop: int) -> Iterator[Bulk]:
        """Yield a range of offsets in columns, thousands of entries at a time and each checked.

        Raises
        ------
        LogError
            At the first entry that is damaged or missing.
        """
        before = self._seal_before(first)
        for start in range(first, stop, _ENTRIES_A_BULK):
            end = min(stop, start + _ENTRIES_A_BULK)
            bulk = read_bulk(self._file, before, start, end)
            if bulk is None:  # what is wrong is told row by row, or nothing is and they are only put together
                bulk = bulk_of([row for rows in self.pages(start, end) for row in rows])
            yield bulk
            before = bulk.seal

    def _read(self, first: int, stop: int) -> Iterator[LogEntry]:
        for rows in self.pages(first, stop):
            for row in rows:
                yield LogEntry(*row[:_SEAL])

    def _page_faults(self, start: int, stop: int) -> list[Fault]:
        """Return everything that is wrong with a range of entries."""
        try:
            rows = self._file.page(start, stop)
        except LogError as error:
            return [Fault(f"offsets {start} to {stop - 1}", "readable entries", str(error))]
        faults = []
        before = self._seal_before(start)
        while True:
            sound, fault = _checked(before, rows, start, stop)
            if fault is not None:
                faults.append(fault)
            if sound == len(rows):
                return faults
            # Go on behind the row that is at fault, or that follows a gap: nothing can tell whether that
            # one is sound.
            start, before, rows = rows[sound][_OFFSET] + 1, rows[sound][_SEAL], rows[sound + 1 :]

    def _seal_before(self, offset: int) -> bytes:
        before = self._file.seal_at(offset - 1) if offset else NO_SEAL
        return NO_SEAL if before is None else before  # to which nothing but the first entry is chained

    def _commit(self, batches: Sequence[_Batch]) -> list[Appended | Exception]:
        """Append batches in one transaction, each as a whole or, where it is refused, not at all."""
        outcomes: list[Appended | Exception] = []
        try:
            with self._file.transaction():
                tail = self._file.tail()
                if tail.end < self._end:
                    loss = _loss(tail.end, self._end)
                    raise LogError(f"{self.path} lost entries while it was open", [loss])
                for batch, on_conflict in batches:
                    outcome, tail = self._place(batch, on_conflict, tail)
                    outcomes.append(outcome)
            self._end = tail.end
            self._mark.write(tail)
        except (sqlite3.Error, msgspec.DecodeError, OSError) as error:
            raise LogError(f"{self.path} cannot be written: {error}. {_AFTER_A_FAILURE}") from error
        return outcomes

    def _place(
        self, batch: Sequence[NewEntry], on_conflict: OnConflict, tail: Mark
    ) -> tuple[Appended | DataError, Mark]:
        """Insert a batch after the tail; a batch that is refused leaves the tail as it is."""
        known = {
            event: self._file.known(event, [entry.key for entry in batch if entry.event == event])
            for event in {entry.event for entry in batch}
        }
        now = self._clock_ms()
        offsets: list[int] = []
        rows: list[Row] = []
        conflicts: list[int] = []
        end, last = tail
        for position, entry in enumerate(batch):
            event, key, body = entry.event, entry.key, entry.body
            there = known[event].get(key)
            if there is not None:
                offsets.append(there[_OFFSET])
                if there[_BODY] != body:
                    conflicts.append(position)
                continue
            arrived_ms = now if entry.arrived_ms is None else entry.arrived_ms
            last = seal(last, end, event, key, entry.time_ms, arrived_ms, body)
            row = (end, event, key, entry.time_ms, arrived_ms, body, last)
            known[event][key] = row
            rows.append(row)
            offsets.append(end)
            end += 1
        if conflicts and on_conflict == "raise":
            entries = [batch[position] for position in conflicts]
            faults = [_conflict(entry, known[entry.event][entry.key], tail.end) for entry in entries]
            return DataError("The batch was not logged: other events are known under its keys", faults), tail
        self._file.insert(rows)
        duplicates = len(offsets) - len(rows) - len(conflicts)
        return Appended(offsets, len(rows), duplicates, conflicts), Mark(end, last)

    def _checked_end(self, *, accept_loss: bool) -> int:
        """Check the tail and the remembered end, and return the end."""
        end = self._file.end()
        for _ in self._read(max(0, end - _CHECKED_AT_OPENING), end):
            pass
        if accept_loss:
            self._mark.write(self._file.tail())
        elif faults := self._end_faults():
            raise LogError(f"{self.path} has lost acknowledged entries", faults)
        return end

    def _end_faults(self) -> list[Fault]:
        try:
            mark = self._mark.read()
        except ValueError as error:
            return [Fault(str(self._mark.path), "the remembered end of the log", str(error), _HOW_TO_ACCEPT)]
        if mark is None or mark.end == 0:
            return []
        end = self._file.end()
        if end < mark.end:
            return [_loss(end, mark.end)]
        if self._file.seal_at(mark.end - 1) != mark.seal:
            got = "another entry"
            return [Fault(f"offset {mark.end - 1}", "the entry that was acknowledged", got, _HOW_TO_ACCEPT)]
        return []


_HOW_TO_ACCEPT = (
    "Restore the log from a backup, or open it once with accept_loss=True to go on from what is there: "
    "senders that repeat what they sent fill the loss"
)
_AFTER_A_FAILURE = (
    "Nothing of the batch counts as logged; once the cause is gone (a full disk?), send it again: "
    "what is known already is recognised"
)


def _checked(before: bytes, rows: Sequence[Row], start: int, stop: int) -> tuple[int, Fault | None]:
    """Return how many rows of a range are sound from its beginning on, and what is wrong with the next."""
    there = len(rows)
    if there < stop - start:
        there = next(
            (position for position, row in enumerate(rows) if row[_OFFSET] != start + position), there
        )
    broken = first_broken(before, rows[:there])
    if broken is not None:
        return broken, _damage(start + broken)
    if there < stop - start:
        return there, _gap(start + there, rows[there][_OFFSET] if there < len(rows) else stop)
    return there, None


def _conflict(entry: NewEntry, known: Row, end: int) -> Fault:
    """Return the fault of an entry under a key that is known, from before an end or from the same batch."""
    ours = msgspec.json.decode(entry.body, type=dict[str, object])
    theirs = msgspec.json.decode(known[_BODY], type=dict[str, object])
    names = [name for name in theirs | ours if ours.get(name) != theirs.get(name)]
    offset = known[_OFFSET]
    return Fault(
        f"{entry.event} {shown(entry.key)}",
        f"the event logged at offset {offset}" if offset < end else "the batch's event before it",
        f"one that differs in {', '.join(names)}",
        "Events do not change; send a correction under a key of its own",
    )


def _gap(first: int, found: int) -> Fault:
    missing = f"offset {first}" if found == first + 1 else f"offsets {first} to {found - 1}"
    return Fault(missing, "an entry", "nothing", "Entries were removed from the file")


def _damage(offset: int) -> Fault:
    hint = "A byte of it, or of the entry before, has changed; restore the log from a backup"
    return Fault(f"offset {offset}", "the entry that was sealed", "another one", hint)


def _loss(end: int, acknowledged: int) -> Fault:
    return Fault(
        f"offset {end}", f"entries up to offset {acknowledged - 1}", "the end of the log", _HOW_TO_ACCEPT
    )
