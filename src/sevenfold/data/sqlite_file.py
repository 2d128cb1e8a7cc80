"""The SQLite file under the event log: its connections, its statements, its pages of rows."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec

from sevenfold.data.seal import NO_SEAL, Mark
from sevenfold.data.sqlite_bulk import columns_statement
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sevenfold.data.seal import Row

__all__ = ["Columns", "Durability", "SqliteFile"]

Durability = Literal["full", "normal"]
Columns = tuple[list[str], int, int, int, tuple[bytes, ...], bytes, bytes, list[bytes]]

_FORMAT = 1
_CREATE = """
CREATE TABLE IF NOT EXISTS entry (
    offset INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    arrived_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entry_key ON entry (event, key);
"""
_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)"
_PAGE = """
SELECT offset, event, key, time_ms, arrived_ms, body, seal
FROM entry WHERE offset >= ? AND offset < ? ORDER BY offset
"""
_KNOWN = """
SELECT entry.offset, entry.event, entry.key, entry.time_ms, entry.arrived_ms, entry.body, entry.seal
FROM json_each(?) AS wanted CROSS JOIN entry ON entry.event = ? AND entry.key = wanted.value
"""
_OF_EVENT = """
SELECT offset, event, key, time_ms, arrived_ms, body FROM entry WHERE event = ? ORDER BY offset
"""
_EVENTS = """
WITH RECURSIVE name(event) AS (
    SELECT min(event) FROM entry
    UNION ALL SELECT (SELECT min(event) FROM entry WHERE event > name.event) FROM name WHERE event NOT NULL
) SELECT event FROM name WHERE event NOT NULL
"""
"""By skipping through the index from each event to the next."""
_FIND = "SELECT offset, arrived_ms, body FROM entry WHERE event = ? AND key = ?"

_BUSY_S = 30
_PAGE_BYTES = 8192
_CACHE_KIB = 65_536
_CHECKPOINT_PAGES = 4000
"""32 MiB: rare enough to spare bulk loads, small enough that the writer it falls on hardly waits."""


_CHECKPOINT_AT_LAST = 32_000
"""256 MiB: where a thread should have done it long before."""


class SqliteFile:
    """One file, opened with a connection that writes and one that reads.

    Parameters
    ----------
    path
        Of the file; it is made if it is not there, and so are the folders above it.
    durability
        ``"full"``: a commit survives a crash of the machine. ``"normal"``: it survives a crash of the
        program.

    Raises
    ------
    LogError
        Where the file cannot be opened or is no event log.
    """

    def __init__(self, path: Path, durability: Durability) -> None:
        self.path = path
        self._reader_lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = self._connected()
            self._prepare(durability)
            self._reader = self._connected()
            self._finder = self._connected()  # which never waits for one that reads pages
            for connection in (self._reader, self._finder):
                connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise LogError(f"{path} cannot be opened as an event log: {error}") from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection

    def _prepare(self, durability: Durability) -> None:
        writer = self._writer
        writer.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        (mode,) = writer.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise LogError(f"{self.path} needs a local disk: its file system has no shared memory")
        writer.execute(f"PRAGMA synchronous = {durability}")
        writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        if writer.execute("PRAGMA user_version").fetchone() == (_FORMAT,):
            return  # without taking the right to write from whoever has it
        with self.transaction():
            (version,) = writer.execute("PRAGMA user_version").fetchone()
            (tables,) = writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if version != _FORMAT and tables:
                raise LogError(f"{self.path} is a database, but no event log of format {_FORMAT}")
            for statement in _CREATE.split(";")[:-1]:
                writer.execute(statement)
            writer.execute(f"PRAGMA user_version = {_FORMAT}")

    def version(self) -> int:
        """Return a number that changes when another connection commits."""
        (version,) = self._writer.execute("PRAGMA data_version").fetchone()
        return int(version)

    def begin(self) -> None:
        """Take the right to write."""
        self._writer.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make durable what was inserted, and let others write."""
        self._writer.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what was inserted, where SQLite has not done so by itself, and let others write."""
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the right to write; commit at the end, or undo everything if anything was raised."""
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def tail(self) -> Mark:
        """Return the end and the last seal, as the writer sees them."""
        row = self._writer.execute("SELECT offset, seal FROM entry ORDER BY offset DESC LIMIT 1").fetchone()
        return Mark(row[0] + 1, row[1]) if row else Mark(0, NO_SEAL)

    def known(self, event: str, keys: Iterable[str]) -> dict[str, Row]:
        """Return the rows that are known under some keys, as the writer sees them."""
        wanted = msgspec.json.encode(list(keys)).decode()
        found = self._writer.execute(_KNOWN, (wanted, event))
        return {row[2]: row for row in found}

    def committed(self, event: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies that are known under some keys, as committed."""
        wanted = msgspec.json.encode(keys).decode()
        with self._reading("in its index") as reader:
            return {row[2]: row[5] for row in reader.execute(_KNOWN, (wanted, event))}

    def find(self, event: str, key: str) -> tuple[int, int, bytes] | None:
        """Return the offset, the arrival and the body of what is known under a key, as committed."""
        try:
            found: tuple[int, int, bytes] | None = self._finder.execute(_FIND, (event, key)).fetchone()
        except sqlite3.Error as error:
            raise LogError(f"{self.path} is damaged in its index: {error}") from error
        return found

    def of_event(self, event: str) -> list[tuple[int, str, str, int, int, bytes]]:
        """Return all entries of one event, without their seals, as committed."""
        with self._reading("in its index") as reader:
            return reader.execute(_OF_EVENT, (event,)).fetchall()

    def count_of(self, event: str, first: int) -> int:
        """Return how many entries of one event there are from an offset on, by the index alone."""
        with self._reading("in its index") as reader:
            asked = "SELECT count(*) FROM entry WHERE event = ? AND offset >= ?"
            (count,) = reader.execute(asked, (event, first)).fetchone()
        return int(count)

    def insert(self, rows: Sequence[Row]) -> None:
        """Add rows, within a transaction."""
        self._writer.executemany(_INSERT, rows)

    def end(self) -> int:
        """Return the offset after the last entry, as committed."""
        with self._reading("at its end") as reader:
            (last,) = reader.execute("SELECT max(offset) FROM entry").fetchone()
        return 0 if last is None else last + 1

    def seal_at(self, offset: int) -> bytes | None:
        """Return the seal of one entry, nothing where it is missing."""
        with self._reading(f"at offset {offset}") as reader:
            row = reader.execute("SELECT seal FROM entry WHERE offset = ?", (offset,)).fetchone()
        return row[0] if row else None

    def page(self, first: int, stop: int) -> list[Row]:
        """Return the rows of a range of offsets, as committed.

        Raises
        ------
        LogError
            Where they cannot be read, with the offset of the first that cannot.
        """
        try:
            with self._reading(f"at offset {first}") as reader:
                return reader.execute(_PAGE, (first, stop)).fetchall()
        except LogError:
            if stop - first == 1:
                raise
        middle = (first + stop) // 2
        return self.page(first, middle) + self.page(middle, stop)

    def columns(self, first: int, stop: int) -> Columns | None:
        """Return the entries of a range in columns, as committed; nothing where they cannot be read.

        Returns
        -------
        Columns
            The events that there are; how many entries, the first and the last offset; as numbers in text,
            separated by commas, times, arrivals, positions among the events, sizes of keys and of bodies;
            keys and seals, one behind the other; for each event its bodies, a line each.
        """
        try:
            with self._reading(f"at offset {first}") as reader:
                names = [name for (name,) in reader.execute(_EVENTS)]
                row = reader.execute(columns_statement(names), (first, stop, *names)).fetchone()
        except LogError:
            return None
        if not row[0] or not all(isinstance(column, bytes) for column in row[3:10]):
            return None
        return names, *row[:3], row[3:8], row[8], row[9], [lines or b"" for lines in row[10:]]

    def complaints(self) -> list[str]:
        """Return what SQLite itself finds wrong with the file."""
        try:
            with self._reading("in its structure") as reader:
                found = [text for (text,) in reader.execute("PRAGMA integrity_check")]
        except LogError as error:
            return [error.summary]
        return [] if found == ["ok"] else found

    @contextmanager
    def _reading(self, where: str) -> Iterator[sqlite3.Connection]:
        try:
            with self._reader_lock:
                yield self._reader
        except sqlite3.Error as error:
            raise LogError(f"{self.path} is damaged {where}: {error}") from error

    def leave_checkpoints(self) -> None:
        """Have commits move the write-ahead log into the file only where nobody else does."""
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_AT_LAST}")

    def checkpoint(self) -> None:
        """Move what can be moved from the write-ahead log into the file, without stopping anyone.

        Raises
        ------
        LogError
            Where that fails.
        """
        try:
            connection = self._connected()
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise LogError(f"{self.path} cannot be checkpointed: {error}") from error

    def close(self) -> None:
        """Close both connections."""
        with self._reader_lock:
            self._reader.close()
            self._finder.close()
            self._writer.close()
