"""Where people look at alerts, acknowledge them and silence what they know about."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from sevenfold.errors import Fault, UsageError
from sevenfold.monitoring.alerts.book import Alert, AlertBook, Silence
from sevenfold.monitoring.alerts.change import AlertChange
from sevenfold.serving.names import ALERT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sevenfold.monitoring.monitor import WritableLog

__all__ = ["AlertDesk", "Alerting"]

_LONGEST_MS = 31 * 86_400_000
_LONGEST_WHY = 500


class Alerting(msgspec.Struct, frozen=True):
    """How the alerts stand.

    Attributes
    ----------
    firing, cleared
        Alerts, the most urgent first; and those that are over, the newest first.
    silences
        What nobody is told of at the moment.
    """

    firing: list[Alert]
    cleared: list[Alert]
    silences: list[Silence]


class AlertDesk:
    """Alerts of a design, for people; each change is an entry of the log.

    Parameters
    ----------
    open_log
        Opens the log; it is closed again after each look.
    clock_ms
        The time, in epoch milliseconds.
    """

    def __init__(
        self,
        open_log: Callable[[], AbstractContextManager[WritableLog]],
        clock_ms: Callable[[], int],
    ) -> None:
        self._open, self._clock_ms = open_log, clock_ms
        self._book, self._lock = AlertBook(), threading.Lock()

    def look(self, cleared: int = 100) -> Alerting:
        """Return how the alerts stand now, with so many that have cleared.

        Raises
        ------
        LogError
            The log cannot be read.
        """
        now = self._clock_ms()
        with self._at_work() as (book, _):
            firing = [self._dated(alert, now) for alert in book.firing()]
            return Alerting(firing, book.cleared()[: max(cleared, 0)], book.silences(now))

    def acknowledge(self, alert: str, who: str, why: str = "") -> Alert:
        """Say that somebody looks after an alert: nobody is reminded of it any more.

        Raises
        ------
        UsageError
            No such alert fires.
        LogError
            It cannot be written.
        """
        _check(who, why)
        with self._at_work() as (book, log):
            known = book.find(alert)
            if known is None or known.state != "firing":
                listed = ", ".join(one.alert for one in book.firing()[:10]) or "none"
                fault = Fault("alert", "one that fires", "another", f"Firing: {listed}")
                raise UsageError("There is no such alert.", [fault])
            self._write(log, book, AlertChange("acknowledged", self._clock_ms(), alert, who=who, why=why))
            return book.find(alert) or known

    def silence(self, match: str, who: str, why: str, lasts_ms: int) -> Silence:
        """Have nobody told for a while of one alert, or of all whose keys begin like ``drift:*``.

        Raises
        ------
        UsageError
            With everything that is wrong: a silence has a reason and an end.
        LogError
            It cannot be written.
        """
        faults = _why_faults(why)
        if not why:
            faults.append(Fault("why", "a reason", "none"))
        if not match.removesuffix("*") or ":" not in match or "*" in match[:-1] or len(match) > 250:
            hint = "Such as drift:card_count_1h, or drift:*"
            faults.append(Fault("match", "an alert's key, or the beginning of one and *", "another", hint))
        if not 0 < lasts_ms <= _LONGEST_MS:
            faults.append(Fault("lasts", "more than nothing and at most 31 days", f"{lasts_ms} ms"))
        if faults:
            raise UsageError("That cannot be silenced.", faults)
        now = self._clock_ms()
        change = AlertChange("silenced", now, match, who=who, why=why, until_ms=now + lasts_ms)
        with self._at_work() as (book, log):
            self._write(log, book, change)
        return Silence(match, now + lasts_ms, who, why, now)

    def unsilence(self, match: str, who: str, why: str = "") -> None:
        """End a silence.

        Raises
        ------
        UsageError
            There is none.
        LogError
            It cannot be written.
        """
        _check(who, why)
        now = self._clock_ms()
        with self._at_work() as (book, log):
            known = [silence.match for silence in book.silences(now)]
            if match not in known:
                fault = Fault("match", f"one of {', '.join(known[:10]) or 'none'}", "another")
                raise UsageError("There is no such silence.", [fault])
            self._write(log, book, AlertChange("unsilenced", now, match, who=who, why=why))

    @contextmanager
    def _at_work(self) -> Iterator[tuple[AlertBook, WritableLog]]:
        with self._lock, self._open() as log:
            self._book.update(log.entries_of(ALERT))
            yield self._book, log

    def _write(self, log: WritableLog, book: AlertBook, change: AlertChange) -> None:
        log.append([change.entry()])
        book.update(log.entries_of(ALERT))

    def _dated(self, alert: Alert, now_ms: int) -> Alert:
        until = self._book.silenced_until(alert.alert, now_ms)
        return alert if until is None else msgspec.structs.replace(alert, silenced_until_ms=until)


def _check(who: str, why: str) -> None:
    if faults := [*_why_faults(why), *([] if who else [Fault("who", "a name", "none")])]:
        raise UsageError("That cannot be noted.", faults)


def _why_faults(why: str) -> list[Fault]:
    if len(why) <= _LONGEST_WHY:
        return []
    return [Fault("why", f"{_LONGEST_WHY} characters at most", str(len(why)))]
