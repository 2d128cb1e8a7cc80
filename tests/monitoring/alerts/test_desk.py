"""What people do about alerts: an entry of the log each, with their names and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watched import Counting, Watched, decide

from sevenfold.data.log import LogEntry
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import LogError, UsageError
from sevenfold.monitoring.alerts.book import AlertBook
from sevenfold.monitoring.alerts.change import AlertChange
from sevenfold.monitoring.alerts.declaration import Alerts
from sevenfold.monitoring.alerts.desk import AlertDesk
from sevenfold.monitoring.alerts.lifecycle import MOST, Lifecycle
from sevenfold.monitoring.finding import Finding

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600_000


def desk(home: Path, now: list[int]) -> AlertDesk:
    return AlertDesk(lambda: SqliteEventLog(home / "log.sqlite", "normal"), lambda: now[0])


def _found(home: Path) -> int:
    """Have an alert fire; returns the time at which it did."""
    decide(home, 0, 40)
    with Watched(home, [Counting()], size=20) as it:
        it.monitor.step()
        return it.changes()[-1].at_ms


def test_who_looks_after_an_alert_is_shown_and_kept(tmp_path: Path) -> None:
    now = [_found(tmp_path) + HOUR]
    it = desk(tmp_path, now)
    (alert,) = it.look().firing
    assert (alert.alert, alert.acknowledged_by) == ("share:counting", "")
    kept = it.acknowledge("share:counting", "ada", "the campaign of the shop")
    assert (kept.acknowledged_by, kept.acknowledged_ms) == ("ada", now[0])
    (alert,) = desk(tmp_path, now).look().firing
    assert (alert.acknowledged_by, alert.acknowledged_why) == ("ada", "the campaign of the shop")
    with pytest.raises(UsageError) as caught:
        it.acknowledge("drift:other", "ada")
    expected = "alert: expected one that fires, got another. Firing: share:counting"
    assert expected in str(caught.value)
    with pytest.raises(UsageError, match="why: expected 500 characters at most, got 501"):
        it.acknowledge("share:counting", "ada", "x" * 501)


def test_an_acknowledged_alert_is_not_told_again_and_clears_by_itself(tmp_path: Path) -> None:
    at = _found(tmp_path)
    desk(tmp_path, [at]).acknowledge("share:counting", "ada")
    decide(tmp_path, 40, 80)
    with Watched(tmp_path, [Counting()], alerts=Alerts(remind_every="2h", clears_after="1s"), size=4) as it:
        it.monitor.step()
        after = it.whats()[it.whats().index("acknowledged share:counting") :]
        assert after == ["acknowledged share:counting", "cleared share:counting"]
    found = desk(tmp_path, [at]).look()
    assert found.firing == []
    assert found.cleared[0].acknowledged_by == "ada"


def test_a_silence_has_a_reason_and_an_end_and_nobody_is_told_meanwhile(tmp_path: Path) -> None:
    decide(tmp_path, 0, 30)
    with Watched(tmp_path, [], size=20) as it:
        started = next(iter(it.log.read(it.log.end() - 1))).arrived_ms
    now = [started]
    it_desk = desk(tmp_path, now)
    silence = it_desk.silence("share:*", "ada", "the sale", 5 * HOUR)
    assert silence.until_ms == started + 5 * HOUR
    decide(tmp_path, 30, 80)
    with Watched(tmp_path, [Counting(above=31)], size=4) as it:
        it.monitor.step()
        it.now_ms += 20_000
        it.postman.pump()
        assert it.whats() == ["silenced share:*", "fired share:counting", "cleared share:counting"]
        assert it.target.told == ["cleared share:counting"], "it fired in silence, and cleared after it"
    now[0] = started + 3 * HOUR
    assert [one.match for one in it_desk.look().silences] == ["share:*"]
    it_desk.unsilence("share:*", "grace", "over early")
    assert it_desk.look().silences == []
    with pytest.raises(UsageError, match="match: expected one of none, got another"):
        it_desk.unsilence("share:*", "grace")


def test_a_silence_that_cannot_be_is_refused_with_everything_wrong_about_it(tmp_path: Path) -> None:
    _found(tmp_path)
    with pytest.raises(UsageError) as caught:
        desk(tmp_path, [0]).silence("everything", "ada", "", 40 * 24 * HOUR)
    hint = "Such as drift:card_count_1h, or drift:*"
    assert str(caught.value).splitlines()[1:] == [
        "  - why: expected a reason, got none",
        f"  - match: expected an alert's key, or the beginning of one and *, got another. {hint}",
        "  - lasts: expected more than nothing and at most 31 days, got 3456000000 ms",
    ]


def test_a_silence_covers_one_alert_or_all_that_begin_alike_until_it_ends() -> None:
    book = AlertBook()
    changes = [
        AlertChange("silenced", 0, "drift:card_*", until_ms=100, who="a", why="b"),
        AlertChange("silenced", 0, "skew:amount", until_ms=200, who="a", why="b"),
    ]
    for offset, change in enumerate(changes):
        new = change.entry()
        book.update([LogEntry(offset, new.event, new.key, new.time_ms, 0, new.body)])
    assert book.silenced("drift:card_count", 99)
    assert not book.silenced("drift:card_count", 100)
    assert not book.silenced("drift:amount", 99)
    assert not book.silenced("skew:amount_2", 99)
    assert book.silenced_until("skew:amount", 0) == 200


def test_an_alert_grows_worse_and_eases_and_keeps_its_beginning() -> None:
    book = AlertBook()
    lifecycle, offset = Lifecycle(Alerts(clears_after="1ms"), book), 0

    def noticed(at: int, severity: str, *, firing: bool = True) -> list[str]:
        nonlocal offset
        finding = Finding("drift", "a", severity, "x", at, firing=firing)  # type: ignore[arg-type]
        lifecycle.note([finding], at)
        changes = lifecycle.changes(at, at)
        for change in changes:
            new = change.entry()
            book.update([LogEntry(offset, new.event, new.key, new.time_ms, 0, new.body)])
            offset += 1
        return [change.what for change in changes]

    assert noticed(1, "warning") == ["fired"]
    assert noticed(2, "warning") == []
    assert noticed(3, "critical") == ["worsened"]
    assert noticed(4, "warning") == ["eased"]
    assert [(a.since_ms, a.changed_ms) for a in book.firing()] == [(1, 4)]
    assert noticed(5, "warning", firing=False) == []
    assert noticed(6, "warning", firing=False) == ["cleared"]
    assert noticed(7, "warning", firing=False) == []
    assert noticed(8, "critical") == ["fired"]
    assert [a.since_ms for a in book.firing()] == [8]


def test_labels_without_a_bound_are_cut_off() -> None:
    lifecycle = Lifecycle(Alerts(), AlertBook())
    lifecycle.note([Finding("drift", f"f{n}", "info", "x", 0) for n in range(MOST + 5)], 0)
    assert lifecycle.left_out == 5
    assert len(lifecycle.changes(0, 0)) == MOST


def test_a_change_that_cannot_be_read_is_named() -> None:
    with pytest.raises(LogError, match="offset 7: expected a change of an alert, got something else"):
        AlertBook().update([LogEntry(7, "AlertChange", "k", 0, 0, b'{"what":"sung"}')])


def test_a_finding_says_everything_that_is_wrong_with_it() -> None:
    with pytest.raises(UsageError) as caught:
        Finding("Drift!", "", "dire", "x" * 501, 0, {str(n): n for n in range(41)})  # type: ignore[arg-type]
    assert str(caught.value).splitlines()[1:] == [
        "  - finding.kind: expected small letters and _, 32 at most, got 'Drift!'",
        "  - finding.subject: expected a text of 1 to 200 characters, got 0 characters",
        "  - finding.summary: expected a text of 1 to 500 characters, got 501 characters",
        "  - finding.severity: expected one of info, warning, critical, got 'dire'",
        "  - finding.values: expected 40 at most, got 41",
    ]
