"""From findings to changes of alerts: what fires, grows worse, clears, and is to be told again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sevenfold.errors import StateError
from sevenfold.monitoring.alerts.change import AlertChange, of_finding
from sevenfold.monitoring.finding import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevenfold.monitoring.alerts.book import AlertBook
    from sevenfold.monitoring.alerts.declaration import Alerts

__all__ = ["MOST", "Lifecycle"]

MOST = 1_000
"""Things that findings may be about at once; who finds more has a label that is not bounded."""


class _Noted(msgspec.Struct):
    """The newest finding about one thing, and since when it has been so."""

    finding: Finding
    since_ms: int


class Lifecycle:
    """Knows the newest finding about each thing, and says how the alerts have to change.

    Parameters
    ----------
    alerts
        What was declared.
    book
        The alerts as the log has them; it is only read.

    Attributes
    ----------
    left_out
        Findings that were left out, since they are about too many things.
    """

    def __init__(self, alerts: Alerts, book: AlertBook) -> None:
        self._declared, self._book = alerts, book
        self._noted: dict[str, _Noted] = {}
        self.left_out = 0

    def note(self, findings: Iterable[Finding], now_ms: int) -> None:
        """Take what watchers find at a moment of the log's time."""
        for finding in findings:
            known = self._noted.get(finding.key)
            if known is None and len(self._noted) >= MOST:
                self.left_out += 1
            elif known is None or known.finding.firing != finding.firing:
                self._noted[finding.key] = _Noted(finding, now_ms)
            else:
                known.finding = finding

    def changes(self, now_ms: int, page: int) -> list[AlertChange]:
        """Say how the alerts have to change, so that they say what was found."""
        found = []
        for key, noted in list(self._noted.items()):
            change = self._change(noted, now_ms, page)
            if change is not None:
                found.append(change)
            elif not noted.finding.firing and not self._fires(key):
                del self._noted[key]  # over and told, or never fired
        return found

    def _fires(self, key: str) -> bool:
        alert = self._book.find(key)
        return alert is not None and alert.state == "firing"

    def _change(self, noted: _Noted, now_ms: int, page: int) -> AlertChange | None:
        finding, alert = noted.finding, self._book.find(noted.finding.key)
        fires = alert is not None and alert.state == "firing"
        if not finding.firing:
            waited = now_ms - noted.since_ms >= self._declared.clears_after_ms
            return of_finding("cleared", finding, now_ms, page) if fires and waited else None
        if alert is None or not fires:
            return of_finding("fired", finding, now_ms, page)
        before, now = SEVERITIES.index(alert.severity), SEVERITIES.index(finding.severity)
        if now != before:
            return of_finding("worsened" if now > before else "eased", finding, now_ms, page)
        forgotten = alert.acknowledged_ms is None and not self._book.silenced(alert.alert, now_ms)
        if forgotten and now_ms - alert.told_ms >= self._declared.remind_every_ms:
            return of_finding("reminded", finding, now_ms, page)
        return None

    def state(self) -> bytes:
        """Everything that it knows."""
        return msgspec.json.encode(self._noted)

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged.
        """
        try:
            self._noted = msgspec.json.decode(state, type=dict[str, _Noted])
        except msgspec.DecodeError as error:
            raise StateError("The monitor's findings cannot be read") from error
