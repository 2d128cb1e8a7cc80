"""The thread that tells everybody, so that a target that hangs stops nothing else."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.monitoring.alerts.book import Told
    from sevenfold.monitoring.alerts.delivery import Delivery

__all__ = ["Postman"]

_LOOK_AGAIN_S = 0.5


class Postman:
    """Tells targets what it is given.

    Parameters
    ----------
    deliveries
        One for each target; nobody else uses them while the thread runs.
    clock_ms
        The time on the wall, in epoch milliseconds.
    """

    def __init__(self, deliveries: Sequence[Delivery], clock_ms: Callable[[], int]) -> None:
        self.deliveries = tuple(deliveries)
        self._clock_ms = clock_ms
        self._came: SimpleQueue[tuple[Sequence[Told], int, int]] = SimpleQueue()
        self._end = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, tellings: Sequence[Told], end: int) -> None:
        """Take changes to tell, up to an offset of the log."""
        self._came.put((tellings, end, self._clock_ms()))

    def pump(self, *, at_once: bool = False) -> int:
        """Tell what has waited long enough, on this thread; returns how many changes were told."""
        self._take()
        now = self._clock_ms()
        return sum(delivery.pump(now, end=self._end, at_once=at_once) for delivery in self.deliveries)

    def start(self) -> None:
        """Begin to tell on a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="sevenfold alerts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and tell once more what waits."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.pump(at_once=True)

    def _take(self) -> None:
        while True:
            try:
                tellings, end, came_ms = self._came.get_nowait()
            except Empty:
                return
            self._end = max(self._end, end)
            for delivery in self.deliveries:
                delivery.add(tellings, came_ms)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_AGAIN_S):
            self.pump()
