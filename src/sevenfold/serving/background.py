"""Snapshots while the service decides: by another process, which folds the log for itself.

The log is the truth and folding it gives the same bits anywhere, so nothing has to be taken out of the
running service, which is not slowed by more than what the other process takes of the machine.
"""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import SevenfoldError
from sevenfold.serving.collecting import collecting_later
from sevenfold.serving.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.serving.snapshots import Snapshots

__all__ = ["Background", "take_snapshot"]


def take_snapshot(
    log: Path, snapshots: Snapshots, events: Mapping[str, EventType], lateness: int | None
) -> Path | None:
    """Fold the log behind the newest snapshot, and write the next one; `None` where nothing came since.

    Raises
    ------
    LogError
        Where the log is damaged.
    """
    with collecting_later(), SqliteEventLog(log, "normal") as own:
        found = recover(own, own.end(), snapshots, events, lateness)
        return snapshots.save(found) if found.folded else None


class Background:
    """Takes a snapshot whenever enough has been logged since the last; one at a time.

    Parameters
    ----------
    snapshots, log, events, lateness
        As `take_snapshot` has them.
    every
        Log entries between two.
    command
        What takes one in another process; without it, a thread of this one does.

    Attributes
    ----------
    taken, trouble
        How many were taken, and why the last one failed, if it did.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        log: Path,
        events: Mapping[str, EventType],
        lateness: int | None,
        every: int,
        command: Sequence[str] | None,
    ) -> None:
        self._snapshots, self._log, self._events, self._lateness = snapshots, log, events, lateness
        self._every, self._command = every, command
        self._due = snapshots.offset() + every
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self.taken = 0
        self.trouble = ""

    def advance(self, end: int) -> None:
        """Take note of how far the log has come."""
        if end >= self._due and not self.running:
            self.begin(end)

    def begin(self, end: int) -> None:
        """Take one now; the next is due so many entries after this end."""
        if not self.running:
            self._due = end + self._every
            self._thread = threading.Thread(target=self._take, name="sevenfold snapshot", daemon=True)
            self._thread.start()

    @property
    def running(self) -> bool:
        """Whether one is being taken."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self) -> None:
        """Wait for the one that is being taken."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Stop the one that is being taken; what it had written of it is removed by the next."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        self.wait()

    def _take(self) -> None:
        try:
            if self._command is None:
                take_snapshot(self._log, self._snapshots, self._events, self._lateness)
            else:
                self._run(self._command)
        except (SevenfoldError, OSError, subprocess.SubprocessError) as error:
            self.trouble = str(error)
        else:
            self.taken += 1
            self.trouble = ""

    def _run(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        )  # fmt: skip
        _, said = self._process.communicate()
        if self._process.returncode:
            raise subprocess.SubprocessError(
                said.strip()[-500:] or f"it ended with {self._process.returncode}"
            )
