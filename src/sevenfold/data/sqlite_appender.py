"""How a service writes to the log: inserting and flushing apart, so that a flush can run beside other work.

`SqliteEventLog.append` is for anyone at any time; it looks every key up and returns once the batch is
durable. A service that decides knows its keys, wants to know that nobody came between, and has better things
to do than to wait for the disk. It places entries on its own thread, which takes microseconds, and commits on
another one, which waits for the disk without holding the interpreter.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sevenfold.data.seal import Mark, Row, seal
from sevenfold.errors import Fault, LogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sevenfold.data.log import NewEntry
    from sevenfold.data.seal import EndMark
    from sevenfold.data.sqlite_file import SqliteFile

__all__ = ["Appender"]


class Appender:
    """Appends to a log behind an end that it knows.

    `place` and `commit` alternate and never overlap; each may run on any thread.

    Parameters
    ----------
    file, mark
        The log's.
    clock_ms
        What tells when entries arrive.
    committed
        Told the new end after each commit.

    Attributes
    ----------
    tail
        The end of the log and its last seal, with what was placed but is not committed yet.
    """

    def __init__(
        self,
        file: SqliteFile,
        mark: EndMark,
        clock_ms: Callable[[], int],
        committed: Callable[[int], None],
    ) -> None:
        self._file, self._mark = file, mark
        self._clock_ms, self._committed = clock_ms, committed
        self._open = False
        self._lock = threading.Lock()
        self.tail = file.tail()

    def place(self, entries: Sequence[NewEntry]) -> int:
        """Put entries, whose keys are new, behind the tail; return the offset of the first.

        Nobody else sees them before the next `commit`.

        Raises
        ------
        LogError
            Where it cannot be written, or someone else wrote to it; then nothing that was placed since the
            last commit is in the log.
        """
        with self._lock, self._undoing():
            return self._place(entries)

    def _place(self, entries: Sequence[NewEntry]) -> int:
        if not self._open:
            self._file.begin()
            self._open = True
            if (there := self._file.tail()) != self.tail:
                raise LogError(f"{self._file.path} was written by another", [_foreign(there, self.tail)])
        now = self._clock_ms()
        rows: list[Row] = []
        first, last = self.tail
        end = first
        for entry in entries:
            event, key, time_ms, body = entry.event, entry.key, entry.time_ms, entry.body
            arrived_ms = now if entry.arrived_ms is None else entry.arrived_ms
            last = seal(last, end, event, key, time_ms, arrived_ms, body)
            rows.append((end, event, key, time_ms, arrived_ms, body, last))
            end += 1
        self._file.insert(rows)
        self.tail = Mark(end, last)
        return first

    def commit(self) -> float:
        """Make everything that was placed durable; return the seconds that it took.

        Raises
        ------
        LogError
            Where that failed; then nothing that was placed since the last commit is in the log.
        """
        started = time.perf_counter()
        with self._lock, self._undoing():
            self._commit()
        return time.perf_counter() - started

    def _commit(self) -> None:
        if self._open:
            self._file.commit()
            self._open = False
            self._mark.write(self.tail)
            self._committed(self.tail.end)

    def abandon(self) -> None:
        """Take back what was placed since the last commit."""
        with self._lock:
            self._abandon()

    def _abandon(self) -> None:
        self._open = False
        try:
            self._file.rollback()
            self.tail = self._file.tail()
        except sqlite3.Error as error:
            raise LogError(f"{self._file.path} cannot be read: {error}") from error

    @contextmanager
    def _undoing(self) -> Iterator[None]:
        """Take back what was placed where anything is raised."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._abandon()
            raise LogError(f"{self._file.path} cannot be written: {error}") from error
        except BaseException:
            self._abandon()
            raise


def _foreign(there: Mark, known: Mark) -> Fault:
    hint = "While a service decides, events come in through it"
    return Fault(f"offset {known.end}", "the end of the log", f"an end at offset {there.end}", hint)
