"""What keeps a running service at what the log says of its models: looked for aside, loaded aside."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sevenfold.serving.names import MODEL_CHANGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.data.log import LogEntry
    from sevenfold.serving.rollout.routing import Resolved

__all__ = ["EVERY_S", "Watch"]

EVERY_S = 0.2
"""How often the log is asked for changes: with loading, well within the second that a promotion may take."""


class Watch:
    """Notices changes of models and puts them to work; on a thread of its own, or when asked to.

    Parameters
    ----------
    changes
        Gives all changes that the log holds, in order.
    resolve
        Loads what they amount to.
    apply
        Has the service use it from the next group of events on.
    seen
        How many changes are in use already.

    Attributes
    ----------
    trouble
        Why the newest change is not in use; empty where it is. The models before it stay at work.
    """

    def __init__(
        self,
        changes: Callable[[], list[LogEntry]],
        resolve: Callable[[list[LogEntry]], Resolved],
        apply: Callable[[Resolved], None],
        seen: int,
    ) -> None:
        self._changes, self._resolve, self._apply = changes, resolve, apply
        self._seen = seen
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.trouble = ""
        self._thread = threading.Thread(target=self._run, name="sevenfold-rollout", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def look(self) -> bool:
        """Look now; whether anything changed and is in use."""
        with self._lock:
            found = self._changes()
            if len(found) == self._seen:
                return False
            try:
                self._apply(self._resolve(found))
            except Exception as error:  # noqa: BLE001 - a model is foreign code; what was at work goes on
                how = f"{type(error).__name__}: {error}"
                self._seen, self.trouble = len(found), f"{MODEL_CHANGE} {found[-1].key} is not in use: {how}"
                return False
            self._seen, self.trouble = len(found), ""
            return True

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - told by the service's statistics, and tried again
                self.trouble = f"the log cannot be asked for changes of models: {error}"

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
