"""The thread that waits for the disk."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Told = Callable[[float, BaseException | None], None]

__all__ = ["Committer"]


class Committer:
    """Runs one commit after another on a thread of its own.

    Parameters
    ----------
    commit
        Makes durable what was placed; returns the seconds it took.
    """

    def __init__(self, commit: Callable[[], float]) -> None:
        self._commit = commit
        self._asked: SimpleQueue[tuple[Told, Callable[[], object] | None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sevenfold commit", daemon=True)
        self._thread.start()

    def begin(self, told: Told, place: Callable[[], object] | None = None) -> None:
        """Place what is to be placed, commit, and tell the seconds and what was raised; on this thread."""
        self._asked.put((told, place))

    def close(self) -> None:
        """Finish what was asked and end the thread."""
        self._asked.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            told, place = asked
            try:
                if place is not None:
                    place()
                seconds = self._commit()
            except BaseException as error:  # noqa: BLE001 - it is the asker's to deal with
                told(0.0, error)
            else:
                told(seconds, None)
