"""What Prometheus is told of alerts and of the monitor, by the service that it scrapes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from sevenfold.errors import SevenfoldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from sevenfold.monitoring.alerts.desk import AlertDesk

__all__ = ["AlertGauges"]

_FRESH_S = 5.0
_MOST_KINDS = 30


class AlertGauges:
    """Counts alerts, and how far the monitor is behind the log.

    It reads on a thread of its own and gives what it read last: a scrape waits for no disk. Labels are kinds
    and severities of findings and names of targets, which are all declared; nothing that a client sends.

    Parameters
    ----------
    desk
        Knows the alerts.
    store
        The monitor's file, which need not be there.
    log_end
        Tells where the log ends.
    """

    def __init__(self, desk: AlertDesk, store: Path, log_end: Callable[[], int]) -> None:
        self._desk, self._store, self._log_end = desk, store, log_end
        self._firing: Counter[tuple[str, str, str]] = Counter()
        self._read: int | None = None
        self._failed: dict[str, int] = {}
        self._fresh_until = 0.0
        self._thread: threading.Thread | None = None
        self._begin()

    def collect(self) -> Iterable[Metric]:
        """Give what was read last, and begin to read anew where that is old."""
        from prometheus_client.core import GaugeMetricFamily

        self._begin()
        firing = GaugeMetricFamily(
            "sevenfold_alerts_firing",
            "Alerts that fire, by kind, severity and whether somebody looks after them",
            labels=["kind", "severity", "acknowledged"],
        )
        for labels, count in list(self._firing.items())[:_MOST_KINDS]:
            firing.add_metric(list(labels), count)
        if not self._firing:
            firing.add_metric(["none", "none", "no"], 0)
        failed = GaugeMetricFamily(
            "sevenfold_alert_delivery_failures",
            "Tries in a row to tell a target that failed",
            labels=["target"],
        )
        for target, attempts in self._failed.items():
            failed.add_metric([target], attempts)
        yield from (firing, failed)
        if self._read is not None:
            yield GaugeMetricFamily(
                "sevenfold_monitor_lag_entries",
                "Entries of the log that the monitor's last checkpoint does not cover",
                max(self._log_end() - self._read, 0),
            )

    def refresh(self) -> None:
        """Read the alerts and the monitor's file."""
        self._fresh_until = time.monotonic() + _FRESH_S
        try:
            self._firing = Counter(
                (
                    alert.alert.partition(":")[0],
                    alert.severity,
                    "no" if alert.acknowledged_ms is None else "yes",
                )
                for alert in self._desk.look(0).firing
            )
        except SevenfoldError:
            self._firing = Counter({("unreadable", "critical", "no"): 1})
        if not self._store.exists():
            return
        try:
            with closing(sqlite3.connect(f"{self._store.as_uri()}?mode=ro", uri=True)) as connection:
                (self._read,) = connection.execute("SELECT min(offset) FROM checkpoint").fetchone()
                self._failed = dict(connection.execute("SELECT name, attempts FROM target"))
        except sqlite3.Error:
            self._read = None  # no lag is given, which an alert rule notices

    def _begin(self) -> None:
        if time.monotonic() < self._fresh_until or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self.refresh, name="sevenfold gauges", daemon=True)
        self._thread.start()
