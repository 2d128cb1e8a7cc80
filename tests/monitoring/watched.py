"""A log that a small service wrote, a watcher that finds what it is told to, and a monitor over both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from served import DESIGN, START, opened, payment

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import StateError
from sevenfold.monitoring.alerts.change import AlertChange, decode_change
from sevenfold.monitoring.alerts.declaration import Alerts
from sevenfold.monitoring.alerts.delivery import Delivery, Group
from sevenfold.monitoring.alerts.postman import Postman
from sevenfold.monitoring.finding import Finding
from sevenfold.monitoring.monitor import Monitor
from sevenfold.monitoring.page import Reading
from sevenfold.monitoring.store import MonitorStore
from sevenfold.serving.names import ALERT

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.monitoring.finding import Severity
    from sevenfold.monitoring.page import Page
    from sevenfold.serving.model import ServedModel

READING = Reading(DESIGN.events["Payment"], DESIGN.label)


class Counting:
    """Finds that more than some decisions were made, and that it is over after some more."""

    def __init__(self, name: str = "counting", *, above: int = 20, below: int = 60) -> None:
        self.name, self._above, self._below = name, above, below
        self.seen = self.pages = 0

    def see(self, page: Page) -> None:
        self.seen += len(page.decisions)
        self.pages += 1

    def findings(self, now_ms: int) -> list[Finding]:
        if self.seen <= self._above:
            return []
        fires = self.seen <= self._below
        return [Finding("share", self.name, "warning", f"{self.seen} decisions", now_ms, firing=fires)]

    def state(self) -> bytes:
        return json.dumps(self.seen).encode()

    def restore(self, state: bytes) -> None:
        try:
            self.seen = int(json.loads(state))
        except ValueError as error:
            raise StateError("no number") from error


class Broken(Counting):
    """A watcher that fails."""

    def see(self, page: Page) -> None:
        raise ZeroDivisionError("a mistake")


@dataclass
class Listening:
    """A target that remembers, and may be down."""

    name: str = "ops"
    least: Severity = "info"
    down: bool = False
    tries: int = 0
    groups: list[Group] = field(default_factory=list)

    def tell(self, group: Group, now_ms: int) -> str:
        self.tries += 1
        if self.down:
            return "HTTP 503"
        self.groups.append(group)
        return ""

    @property
    def told(self) -> list[str]:
        return [f"{t.change.what} {t.change.alert}" for group in self.groups for t in group.changes]


@dataclass
class Watched:
    """A monitor with everything around it; the wall clock stands still until it is moved."""

    home: Path
    watchers: list[Any]
    target: Listening = field(default_factory=Listening)
    alerts: Alerts = field(default_factory=lambda: Alerts(clears_after="1s", wait="10s", remind_every="365d"))
    now_ms: int = 1_000_000
    size: int = 50_000
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = SqliteEventLog(self.home / "log.sqlite", "normal")
        self.store = MonitorStore(self.home / "monitor.sqlite")
        delivery = Delivery(
            self.target, self.store, "small", self.alerts.group_by, self.alerts.wait_ms, self.said.append
        )
        self.postman = Postman([delivery], lambda: self.now_ms)
        self.monitor = Monitor(
            self.log, READING, self.watchers, self.alerts, self.store, self.postman, self.said.append,
            size=self.size,
        )  # fmt: skip

    def changes(self) -> list[AlertChange]:
        return [decode_change(entry) for entry in self.log.entries_of(ALERT)]

    def whats(self) -> list[str]:
        return [f"{change.what} {change.alert}" for change in self.changes()]

    def stop(self, *, keep: bool = True) -> None:
        if keep:
            self.monitor.close()
        self.store.close()
        self.log.close()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(keep=False)


def decide(home: Path, first: int, stop: int, model: ServedModel | None = None) -> None:
    """Decide some payments, an hour of the log's time between any two."""
    at = [first]
    service = opened(home, model=model, clock_ms=lambda: START + at[0] * 3_600_000)
    for number in range(first, stop):
        at[0] = number
        service.decide(payment(number))
    service.close_now()
