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
from typing import TYPE_CHECKING

from sevenfold.data.log import NewEntries
from sevenfold.data.seal import Mark, sealed, sealed_together
from sevenfold.errors import Fault, LogError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.data.log import NewEntry
    from sevenfold.data.seal import EndMark
    from sevenfold.data.sqlite_file import SqliteFile

__all__ = ["Appender", "OvertakenError"]


class OvertakenError(LogError):
    """Someone else wrote to the log since this appender did.

    Attributes
    ----------
    since
        The offset of the first entry that is not the appender's own.
    """

    def __init__(self, path: Path, since: int, end: int) -> None:
        self.since = since
        hint = "While a service decides, events come in through it"
        fault = Fault(f"offset {since}", "the end of the log", f"an end at offset {end}", hint)
        super().__init__(f"{path} was written by another", [fault])


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
        self._version = file.version()
        self.tail = file.tail()

    def place(self, entries: Sequence[NewEntry] | NewEntries) -> int:
        """Put entries, whose keys are new, behind the tail; return the offset of the first.

        Nobody else sees them before the next `commit`.

        Raises
        ------
        OvertakenError
            Where someone else has written to it.
        LogError
            Where it cannot be written. In both cases nothing that was placed since the last commit is in the
            log.
        """
        with self._lock:
            try:
                return self._place(entries)
            except BaseException as error:
                self._undo(error)
                raise

    def _place(self, entries: Sequence[NewEntry] | NewEntries) -> int:
        if not self._open:
            self._file.begin()
            self._open = True
            known, there = self.tail, self._file.tail()
            if there != known:
                raise OvertakenError(self._file.path, known.end, there.end)
        first, last = self.tail
        now = self._clock_ms()
        if isinstance(entries, NewEntries):
            rows = sealed_together(last, first, entries, now)
        else:
            rows = sealed(last, first, entries, now)
        self._file.insert(rows)
        if rows:
            self.tail = Mark(first + len(rows), rows[-1][-1])
        return first

    def commit(self) -> float:
        """Make everything that was placed durable; return the seconds that it took.

        Raises
        ------
        LogError
            Where that failed, or what was placed has been taken back; then nothing that was placed since the
            last commit is in the log.
        """
        started = time.perf_counter()
        with self._lock:
            try:
                self._commit()
            except BaseException as error:
                self._undo(error)
                raise
        return time.perf_counter() - started

    def _commit(self) -> None:
        if not self._open:
            raise LogError(f"Nothing is placed in {self._file.path}")
        self._file.commit()
        self._open = False
        self._mark.write(self.tail)
        self._committed(self.tail.end)

    def overtaken(self) -> bool:
        """Whether someone else may have written to the log since this was asked last, or since it was opened.

        Cheap, and right once whoever wrote is done. Only for when nothing is placed.
        """
        version = self._file.version()
        changed, self._version = version != self._version, version
        return changed

    def abandon(self) -> None:
        """Take back what was placed since the last commit, and go on behind whatever the log holds now."""
        with self._lock:
            self._abandon()

    def _abandon(self) -> None:
        self._open = False
        try:
            self._file.rollback()
            self.tail = self._file.tail()
        except sqlite3.Error as error:
            raise LogError(f"{self._file.path} cannot be read: {error}") from error

    def _undo(self, error: BaseException) -> None:
        """Take back what was placed because of an error, and say whose it is where it is the file's."""
        self._abandon()
        if isinstance(error, (sqlite3.Error, OSError)):
            raise LogError(f"{self._file.path} cannot be written: {error}") from error
