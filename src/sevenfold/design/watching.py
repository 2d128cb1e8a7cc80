"""A design watched: its watchers over its log, its alerts, and who is told of them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from sevenfold.design.home import Home
from sevenfold.monitoring.alerts.delivery import Delivery
from sevenfold.monitoring.alerts.desk import AlertDesk
from sevenfold.monitoring.alerts.postman import Postman
from sevenfold.monitoring.alerts.targets import targets_of
from sevenfold.monitoring.fallback import FallbackWatcher
from sevenfold.monitoring.monitor import Monitor
from sevenfold.monitoring.page import Reading
from sevenfold.monitoring.store import MonitorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.design.design import Design
    from sevenfold.monitoring.watcher import Watcher
    from sevenfold.serving.http.journal import Journal

__all__ = ["Watching", "alert_desk", "reading_of", "watchers_of"]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def reading_of(design: Design) -> Reading:
    """What must be known to read the log of a design in pages."""
    return Reading(design.events[design.decides], design.label)


def watchers_of(design: Design, root: Path) -> list[Watcher]:
    """Make everything that watches a design: drift, performance, fairness, skew, and whether models score.

    Raises
    ------
    DataError
        A table of groups is there and can't be read.
    """
    # Here, since a service that only shows alerts needs none of what this loads.
    from sevenfold.design.watched import quality_watchers

    return [FallbackWatcher(design.monitoring.fallback_share), *quality_watchers(design, root)]


def alert_desk(design: Design, root: Path, clock_ms: Callable[[], int] = _now_ms) -> AlertDesk:
    """Open the desk at which people look after alerts."""
    home = Home(root, design.name)
    return AlertDesk(home.open_log, clock_ms)


class Watching:
    """A monitor over the log in a home, with everything that it needs; a context manager.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    journal
        Where changes of alerts are written, and what goes wrong.
    clock_ms
        The time on the wall, for deliveries.
    environment
        Where keys of webhooks are looked up.

    Attributes
    ----------
    monitor, postman
        What reads, and what tells.
    log
        The log.

    Raises
    ------
    LogError
        The log is damaged.
    StateError
        The monitor's store is.
    UsageError
        A webhook has no key.
    """

    monitor: Monitor
    postman: Postman
    log: SqliteEventLog

    def __init__(
        self,
        design: Design,
        root: Path,
        journal: Journal,
        clock_ms: Callable[[], int] = _now_ms,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        home, alerts = Home(root, design.name), design.monitoring.alerts
        targets = targets_of(alerts.webhooks, journal, environment)
        self._store = MonitorStore(home.monitor)

        def say(trouble: str) -> None:
            journal.warning("monitor", trouble=trouble)

        deliveries = [
            Delivery(target, self._store, design.name, alerts.group_by, alerts.wait_ms, say)
            for target in targets
        ]
        self.postman = Postman(deliveries, clock_ms)
        self.log = home.open_log()
        self.monitor = Monitor(
            self.log,
            reading_of(design),
            watchers_of(design, root),
            alerts,
            self._store,
            self.postman,
            say,
        )

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.monitor.close()
        self._store.close()
        self.log.close()
