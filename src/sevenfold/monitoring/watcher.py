"""What the monitor feeds with the log, page by page, and asks what it noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sevenfold.monitoring.finding import Finding
    from sevenfold.monitoring.page import Page

__all__ = ["Watcher"]


class Watcher(Protocol):
    """A fold over the log in bounded memory.

    The same pages in the same order give the same findings, however the log was cut into pages and however
    often the monitor was stopped between two of them. A watcher knows no clock but ``now_ms`` and the times
    of events, so that a simulated month runs as fast as it can be read.

    Attributes
    ----------
    name
        Under which its state is kept; unique among the watchers of a design, small letters and ``_``.
    """

    name: str

    def see(self, page: Page) -> None:
        """Fold the next page of the log."""
        ...

    def findings(self, now_ms: int) -> list[Finding]:
        """Say what is noticed at this moment of the log's time.

        Called after every page. A finding that is still so may be given again, and one whose key is left out
        stays as it was: what has cleared is said with ``firing=False``.
        """
        ...

    def state(self) -> bytes | None:
        """Everything that it knows, as bytes but no pickle; ``None`` where it keeps nothing."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of another version of the watcher or the design; then the monitor reads the
            log from its beginning for this watcher.
        """
        ...
