"""All alerts and silences: a fold over the changes that the log holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from sevenfold.monitoring.alerts.change import AlertChange, decode_change
from sevenfold.monitoring.finding import Severity  # noqa: TC001 - read when the struct is

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevenfold.data.log import LogEntry

__all__ = ["Alert", "AlertBook", "Silence", "Told"]

_CLEARED_KEPT = 1_000
"""Alerts that stay listed after they have cleared; all of them stay in the log."""


class Silence(msgspec.Struct, frozen=True):
    """What nobody is told of for a while.

    Attributes
    ----------
    match
        An alert's key, or the beginning of some with ``*`` behind it.
    until_ms
        When it ends, in epoch milliseconds.
    who, why, at_ms
        Who silenced it, why and when.
    """

    match: str
    until_ms: int
    who: str
    why: str
    at_ms: int

    def covers(self, alert: str, now_ms: int) -> bool:
        """Whether an alert is silenced by it at a moment."""
        if now_ms >= self.until_ms:
            return False
        return alert.startswith(self.match[:-1]) if self.match.endswith("*") else alert == self.match


class Alert(msgspec.Struct, frozen=True):
    """One alert as it stands.

    Attributes
    ----------
    alert
        Its key: the kind and the subject of the finding.
    state
        Whether it fires.
    severity, summary, values
        As the newest finding has them.
    since_ms, changed_ms
        When it began to fire, and when it changed last, in epoch milliseconds.
    acknowledged_by, acknowledged_why, acknowledged_ms
        Who looks after it, since it fired.
    silenced_until_ms
        Until when nobody is told of it.
    told_ms
        When somebody was told of it last, or would have been.
    """

    alert: str
    state: Literal["firing", "cleared"]
    severity: Severity
    summary: str
    values: dict[str, float | int | str | None]
    since_ms: int
    changed_ms: int
    acknowledged_by: str = ""
    acknowledged_why: str = ""
    acknowledged_ms: int | None = None
    silenced_until_ms: int | None = None
    told_ms: int = 0


class Told(msgspec.Struct, frozen=True):
    """A change that somebody is to be told of.

    Attributes
    ----------
    offset
        Where it stands in the log.
    change
        It.
    silenced
        Whether it was silenced when it happened.
    """

    offset: int
    change: AlertChange
    silenced: bool


class AlertBook:
    """Alerts by key and silences by what they match.

    Attributes
    ----------
    end
        The offset behind the newest change that was folded.
    page
        Up to where the log had been read when something was noticed last.
    """

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._silences: dict[str, Silence] = {}
        self.end = self.page = 0

    def update(self, entries: Iterable[LogEntry]) -> list[Told]:
        """Fold changes that are new, and return those that somebody is to be told of.

        Raises
        ------
        LogError
            One of them cannot be read.
        """
        told = []
        for entry in entries:
            if entry.offset < self.end:
                continue
            change = decode_change(entry)
            self.end = entry.offset + 1
            self.page = max(self.page, change.page)
            if self._fold(change):
                told.append(Told(entry.offset, change, self.silenced(change.alert, change.at_ms)))
        return told

    def find(self, alert: str) -> Alert | None:
        """Return an alert by its key."""
        return self._alerts.get(alert)

    def firing(self) -> list[Alert]:
        """Return the alerts that fire, the severest and oldest first."""
        order = {"critical": 0, "warning": 1, "info": 2}
        fires = [alert for alert in self._alerts.values() if alert.state == "firing"]
        return sorted(fires, key=lambda alert: (order[alert.severity], alert.since_ms, alert.alert))

    def cleared(self) -> list[Alert]:
        """Return alerts that have cleared, the newest first."""
        over = [alert for alert in self._alerts.values() if alert.state == "cleared"]
        return sorted(over, key=lambda alert: (-alert.changed_ms, alert.alert))

    def silences(self, now_ms: int) -> list[Silence]:
        """Return the silences that hold at a moment, the first to end first."""
        holds = [silence for silence in self._silences.values() if now_ms < silence.until_ms]
        return sorted(holds, key=lambda silence: (silence.until_ms, silence.match))

    def silenced_until(self, alert: str, now_ms: int) -> int | None:
        """Until when an alert is silenced; `None` where it is not."""
        covering = [s.until_ms for s in self._silences.values() if s.covers(alert, now_ms)]
        return max(covering, default=None)

    def silenced(self, alert: str, now_ms: int) -> bool:
        """Whether an alert is silenced at a moment."""
        return self.silenced_until(alert, now_ms) is not None

    def _fold(self, change: AlertChange) -> bool:
        """Take one change; whether it is one to tell of."""
        if change.what == "silenced":
            until = change.until_ms or 0
            self._silences[change.alert] = Silence(change.alert, until, change.who, change.why, change.at_ms)
            return False
        if change.what == "unsilenced":
            self._silences.pop(change.alert, None)
            return False
        known = self._alerts.get(change.alert)
        if change.what == "acknowledged":
            if known is not None:
                self._alerts[change.alert] = msgspec.structs.replace(
                    known,
                    acknowledged_by=change.who,
                    acknowledged_why=change.why,
                    acknowledged_ms=change.at_ms,
                    changed_ms=change.at_ms,
                )
            return False
        begins = change.what == "fired" or known is None
        self._alerts[change.alert] = Alert(
            change.alert,
            "cleared" if change.what == "cleared" else "firing",
            change.severity,
            change.summary,
            change.values,
            change.at_ms if begins or known is None else known.since_ms,
            change.at_ms,
            "" if begins or known is None else known.acknowledged_by,
            "" if begins or known is None else known.acknowledged_why,
            None if begins or known is None else known.acknowledged_ms,
            told_ms=change.at_ms,
        )
        if change.what == "cleared":
            for old in self.cleared()[_CLEARED_KEPT:]:
                del self._alerts[old.alert]
        return True
