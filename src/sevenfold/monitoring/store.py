"""What the monitor keeps beside the log: how far each watcher has read, and how far each target was told.

It holds nothing that the log could not give again: whoever throws it away has the log read from the
beginning, and targets told once more.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sevenfold.errors import Fault, StateError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Checkpoint", "MonitorStore", "TargetState"]

_CREATE = """
CREATE TABLE IF NOT EXISTS checkpoint (
    name TEXT PRIMARY KEY, offset INTEGER NOT NULL, state BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS target (
    name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, sent TEXT NOT NULL, attempts INTEGER NOT NULL,
    trouble TEXT NOT NULL, delivered_ms INTEGER
) STRICT;
"""


class Checkpoint(NamedTuple):
    """How far a watcher has read, and what it knows."""

    name: str
    offset: int
    state: bytes | None


class TargetState(NamedTuple):
    """How far a target was told.

    Attributes
    ----------
    name
        The target's.
    cursor
        The log offset up to which every change was told.
    sent
        Offsets behind the cursor that were told already, separated by commas.
    attempts, trouble
        Tries in a row that failed, and how the last one did.
    delivered_ms
        When something was told last, in epoch milliseconds.
    """

    name: str
    cursor: int = 0
    sent: str = ""
    attempts: int = 0
    trouble: str = ""
    delivered_ms: int | None = None


class MonitorStore:
    """One SQLite file.

    Parameters
    ----------
    path
        Of the file; it is made if it is not there.

    Raises
    ------
    StateError
        It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            for statement in _CREATE.split(";")[:-1]:
                self._connection.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise self._trouble("opened", error) from error

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Return what was kept of each watcher.

        Raises
        ------
        StateError
            The file is damaged.
        """
        rows = self._read("SELECT name, offset, state FROM checkpoint")
        return {row[0]: Checkpoint(*row) for row in rows}

    def keep(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Keep checkpoints, all or none.

        Raises
        ------
        StateError
            They cannot be written, as on a full disk; those before stay.
        """
        self._write("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", list(checkpoints))

    def targets(self) -> dict[str, TargetState]:
        """Return what was kept of each target.

        Raises
        ------
        StateError
            The file is damaged.
        """
        rows = self._read("SELECT name, cursor, sent, attempts, trouble, delivered_ms FROM target")
        return {row[0]: TargetState(*row) for row in rows}

    def keep_target(self, state: TargetState) -> None:
        """Keep how far a target was told.

        Raises
        ------
        StateError
            It cannot be written; what was kept before stays.
        """
        self._write("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?)", [state])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _read(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise self._trouble("read", error) from error

    def _write(self, statement: str, rows: list[Checkpoint] | list[TargetState]) -> None:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):  # where SQLite has rolled back by itself, or the file is closed
                    self._connection.execute("ROLLBACK")
                raise self._trouble("written", error) from error

    def _trouble(self, what: str, error: Exception) -> StateError:
        hint = "Free some space; or remove the file: everything in it comes from the log"
        fault = Fault(str(self.path), "the monitor's store", str(error), hint)
        return StateError(f"The monitor's store cannot be {what}", [fault])
