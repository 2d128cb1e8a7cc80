"""Moving what was committed from SQLite's write-ahead log into its file, while decisions go on.

By default the commit that fills the write-ahead log moves it all, and whoever waits for it waits long.
Here a thread of its own moves it before that happens; a commit does it only where the thread can't keep up.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sevenfold.errors import LogError

if TYPE_CHECKING:
    from sevenfold.data.sqlite_log import SqliteEventLog

__all__ = ["Checkpoints"]

_EVERY = 10_000
"""Log entries; some 15 MB."""


class Checkpoints:
    """Moves now and then; one at a time.

    Parameters
    ----------
    log
        Whose write-ahead log it is.

    Attributes
    ----------
    trouble
        Why the last one failed, if it did; commits do its work then.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log
        self._due = log.end() + _EVERY
        self._thread: threading.Thread | None = None
        self.trouble = ""

    def advance(self, end: int) -> None:
        """Take note of how far the log has come."""
        if end >= self._due and (self._thread is None or not self._thread.is_alive()):
            self._due = end + _EVERY
            self._thread = threading.Thread(target=self._move, name="sevenfold checkpoint", daemon=True)
            self._thread.start()

    def _move(self) -> None:
        try:
            self._log.checkpoint()
        except LogError as error:
            self.trouble = str(error)
        else:
            self.trouble = ""

    def close(self) -> None:
        """Wait for the one that is under way."""
        if self._thread is not None:
            self._thread.join()
