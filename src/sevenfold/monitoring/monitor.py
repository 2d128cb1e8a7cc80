"""The monitor: tails the log, feeds watchers, and turns what they find into alerts.

It is a process of its own, so that no decision waits for it. Everything it does is a fold over the log: it
can be stopped and started at any time, and goes on from its last checkpoint. A change that was noticed before
and lies in the log is not noticed again. A watcher that fails is left out, which is an alert of its own, and
the others go on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sevenfold.errors import Fault, LogError, StateError, UsageError
from sevenfold.monitoring.alerts.book import AlertBook
from sevenfold.monitoring.alerts.lifecycle import Lifecycle
from sevenfold.monitoring.finding import Finding
from sevenfold.monitoring.page import PAGE_ENTRIES, ReadableLog, pages
from sevenfold.monitoring.store import Checkpoint
from sevenfold.serving.names import ALERT

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from sevenfold.data.log import Appended, LogEntry, NewEntry
    from sevenfold.monitoring.alerts.change import AlertChange
    from sevenfold.monitoring.alerts.declaration import Alerts
    from sevenfold.monitoring.alerts.postman import Postman
    from sevenfold.monitoring.page import Page, Reading
    from sevenfold.monitoring.store import MonitorStore
    from sevenfold.monitoring.watcher import Watcher

__all__ = ["Monitor", "WritableLog"]

_ALERTS = "alerts"
"""The name under which the newest findings are kept: no watcher has it."""
_KEEP_EVERY_S = 30.0
_KEEP_EVERY_ENTRIES = 500_000


class WritableLog(Protocol):
    """What the monitor asks of the log beside reading it in pages."""

    def append(self, batch: Sequence[NewEntry]) -> Appended:
        """Add entries; those that are known already change nothing."""
        ...

    def entries_of(self, event: str) -> list[LogEntry]:
        """Return all entries of one event."""
        ...


@dataclass
class _Fed:
    """A watcher, and how far it has read."""

    watcher: Watcher
    offset: int


class Monitor:
    """Feeds watchers with the log.

    Parameters
    ----------
    log
        The log; it is also written to: every change of an alert is an entry.
    reading
        What must be known to read it.
    watchers
        What looks at it.
    alerts
        How findings become alerts.
    store
        Where checkpoints are kept.
    postman
        Who tells targets.
    say
        Told what goes wrong with the monitor itself.
    clock
        Seconds; only differences count.
    size
        Log entries of a page, about.

    Attributes
    ----------
    book
        The alerts.
    trouble
        What goes wrong at the moment; empty where nothing does.

    Raises
    ------
    StateError
        The store is damaged.
    LogError
        The log cannot be read.
    UsageError
        Two watchers have one name.
    """

    def __init__(
        self,
        log: _Log,
        reading: Reading,
        watchers: Sequence[Watcher],
        alerts: Alerts,
        store: MonitorStore,
        postman: Postman,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        size: int = PAGE_ENTRIES,
    ) -> None:
        self._log, self._reading, self._size = log, reading, size
        self._store, self._postman, self._say, self._clock = store, postman, say, clock
        _check([watcher.name for watcher in watchers])
        self.book = AlertBook()
        self._lifecycle = Lifecycle(alerts, self.book)
        self.trouble = ""
        self._tell(log.entries_of(ALERT))
        known = store.checkpoints()
        self._fed = [_Fed(watcher, self._restored(watcher, known)) for watcher in watchers]
        if _ALERTS in known:
            self._lifecycle.restore(known[_ALERTS].state or b"{}")
        self._kept_at, self._kept, self._seen = clock(), self.offset, -1

    @property
    def offset(self) -> int:
        """How far every watcher has read."""
        return min((fed.offset for fed in self._fed), default=0)

    @property
    def names(self) -> list[str]:
        """The watchers."""
        return [fed.watcher.name for fed in self._fed]

    def step(
        self, stop: threading.Event | None = None, told: Callable[[int, int], None] | None = None
    ) -> int:
        """Read what the log holds by now; returns how many entries were read.

        Parameters
        ----------
        stop
            Ends it after the page at hand.
        told
            Told how far it is, of how far.

        Raises
        ------
        LogError
            The log is damaged, or a change cannot be written to it.
        """
        before, end = self.offset, self._log.end()
        if end != self._seen:
            self._seen = end
            self._tell(self._log.entries_of(ALERT))  # what people changed meanwhile
        while self.offset < end and not (stop is not None and stop.is_set()):
            behind = [fed for fed in self._fed if fed.offset == self.offset]
            others = [fed.offset for fed in self._fed if fed.offset > self.offset]
            first = self.offset
            for page in pages(self._log, self._reading, first, min([end, *others]), self._size):
                self._show(behind, page)
                if told is not None:
                    told(page.stop, end)
                if stop is not None and stop.is_set():
                    break
            if self.offset == first:
                break  # an event whose record is still to come
        if self._clock() - self._kept_at >= _KEEP_EVERY_S or not self._is_kept_well():
            self.keep()
        return self.offset - before

    def keep(self) -> None:
        """Keep checkpoints now; where they can't be written, the log is read again from those before."""
        checkpoints = [Checkpoint(fed.watcher.name, fed.offset, fed.watcher.state()) for fed in self._fed]
        checkpoints.append(Checkpoint(_ALERTS, self.offset, self._lifecycle.state()))
        try:
            self._store.keep(checkpoints)
        except StateError as error:
            self._note(str(error))
        else:
            self.trouble = ""
            self._kept = self.offset
        self._kept_at = self._clock()

    def follow(self, stop: threading.Event, every_s: float) -> None:
        """Tail the log until it is told to stop; faults are said and tried again."""
        while not stop.is_set():
            try:
                self.step(stop)
            except LogError as error:
                self._note(str(error))
            stop.wait(every_s)

    def close(self) -> None:
        """Keep checkpoints, and tell what waits."""
        self.keep()
        self._postman.close()

    def _is_kept_well(self) -> bool:
        return self.offset - self._kept < _KEEP_EVERY_ENTRIES

    def _restored(self, watcher: Watcher, known: dict[str, Checkpoint]) -> int:
        """Give a watcher its state back; returns from where on it has to read."""
        checkpoint = known.get(watcher.name)
        if checkpoint is None or checkpoint.offset > self._log.end():
            return 0
        if checkpoint.state is None:
            return 0 if watcher.state() is not None else checkpoint.offset
        try:
            watcher.restore(checkpoint.state)
        except StateError as error:
            self._note(f"{watcher.name} reads the log from its beginning: {error}")
            return 0
        return checkpoint.offset

    def _show(self, behind: Sequence[_Fed], page: Page) -> None:
        """Show a page to those watchers that have not seen it, and have alerts say what they find."""
        for fed in behind:
            self._lifecycle.note(self._found(fed, page), page.newest_ms)
        if page.stop > self.book.page:  # else it was noticed before, and the log says so
            changes = self._lifecycle.changes(page.newest_ms, page.stop)
            if changes:
                self._write(changes)
        for fed in behind:
            fed.offset = page.stop

    def _found(self, fed: _Fed, page: Page) -> list[Finding]:
        """What a watcher finds after a page; it is left out from here on where it fails."""
        name, now = fed.watcher.name, page.newest_ms
        try:
            fed.watcher.see(page)
            return fed.watcher.findings(now)
        except Exception as error:  # noqa: BLE001 - one watcher's fault, which is told; the others go on
            self._fed.remove(fed)
            said = f"The watcher {name} failed with {type(error).__name__} and is left out until a restart."
            self._note(f"{said} {error}")
            return [Finding("service", f"watcher {name}", "critical", said, now)]

    def _write(self, changes: Sequence[AlertChange]) -> None:
        self._log.append([change.entry() for change in changes])
        self._tell(self._log.entries_of(ALERT))

    def _tell(self, entries: Sequence[LogEntry]) -> None:
        self._postman.add(self.book.update(entries), self.book.end)

    def _note(self, trouble: str) -> None:
        self.trouble = trouble
        self._say(trouble)


def _check(names: Sequence[str]) -> None:
    """Refuse names under which states would replace each other."""
    taken = [name for name in dict.fromkeys(names) if names.count(name) > 1 or name == _ALERTS]
    if taken:
        faults = [Fault("watchers", "a name of its own for each", f"{name!r} again") for name in taken]
        raise UsageError("These watchers cannot be kept apart", faults)


class _Log(ReadableLog, WritableLog, Protocol):
    """What the monitor asks of the log in all."""
