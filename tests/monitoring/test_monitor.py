"""The monitor: a fold over the log that can be stopped anywhere, and whose faults stop nothing else."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from served import Broken as BrokenModel
from served import opened, payment, served
from watched import READING, Broken, Counting, Listening, Watched, decide

from sevenfold.data.log import NewEntry
from sevenfold.errors import StateError, UsageError
from sevenfold.monitoring.alerts.declaration import Alerts
from sevenfold.monitoring.fallback import FallbackWatcher
from sevenfold.monitoring.monitor import Monitor
from sevenfold.monitoring.store import Checkpoint, MonitorStore

if TYPE_CHECKING:
    from pathlib import Path

LIFE = ["fired share:counting", "cleared share:counting"]


def test_a_finding_fires_and_clears_and_both_lie_in_the_log(tmp_path: Path) -> None:
    decide(tmp_path, 0, 80)
    with Watched(tmp_path, [Counting()], size=20) as it:
        before = it.log.end()
        assert it.monitor.step() == before
        assert it.whats() == LIFE
        fired, cleared = it.changes()
        assert (fired.severity, fired.kind, fired.subject) == ("warning", "share", "counting")
        assert fired.summary.endswith("decisions")
        assert fired.at_ms < cleared.at_ms
        it.monitor.step()  # its own entries are read, and notice nothing new
        assert it.monitor.offset == it.log.end() == before + 2


class Enough:
    """Asks to stop after some pages."""

    def __init__(self, pages: int) -> None:
        self._left = pages * 2  # it is asked before and after each

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_it_may_be_stopped_between_any_two_pages_with_a_checkpoint_or_without(tmp_path: Path) -> None:
    decide(tmp_path, 0, 80)
    for number in range(100):
        with Watched(tmp_path, [Counting()], size=16) as it:
            it.monitor.step(Enough(2))  # type: ignore[arg-type]
            if number % 2:
                it.monitor.keep()  # the other times it was killed
            if it.monitor.offset == it.log.end():
                break
    assert 5 < number < 99
    with Watched(tmp_path, [Counting()]) as it:
        it.monitor.step()
        assert it.whats() == LIFE
        assert it.monitor.book.firing() == []


def test_the_log_read_again_from_its_beginning_notices_nothing_twice(tmp_path: Path) -> None:
    decide(tmp_path, 0, 80)
    with Watched(tmp_path, [Counting()], size=20) as it:
        it.monitor.step()
    (tmp_path / "monitor.sqlite").unlink()
    with Watched(tmp_path, [Counting()], size=34) as it:
        it.monitor.step()
        assert it.whats() == LIFE


def test_a_new_watcher_reads_from_the_beginning_and_the_others_go_on(tmp_path: Path) -> None:
    decide(tmp_path, 0, 40)
    with Watched(tmp_path, [Counting()]) as it:
        it.monitor.step()
        it.monitor.keep()
    decide(tmp_path, 40, 50)
    first, second = Counting(), Counting("other", above=45)
    with Watched(tmp_path, [first, second]) as it:
        it.monitor.step()
        assert (first.seen, second.seen) == (50, 50)
        assert first.pages == 1, "it saw only what was new"
        assert it.whats() == ["fired share:counting", "fired share:other"]


def test_a_state_that_cannot_be_read_has_its_watcher_begin_again(tmp_path: Path) -> None:
    decide(tmp_path, 0, 30)
    with Watched(tmp_path, [Counting()]) as it:
        it.monitor.step()
        it.store.keep([Checkpoint("counting", it.log.end(), b"damaged")])
    watcher = Counting()
    with Watched(tmp_path, [watcher]) as it:
        assert "counting reads the log from its beginning: no number" in it.said
        it.monitor.step()
        assert watcher.seen == 30


def test_a_watcher_that_fails_is_told_of_and_stops_no_other(tmp_path: Path) -> None:
    decide(tmp_path, 0, 30)
    with Watched(tmp_path, [Broken("broken"), Counting()]) as it:
        it.monitor.step()
        assert it.whats() == ["fired service:watcher broken", "fired share:counting"]
        assert "failed with ZeroDivisionError" in it.changes()[0].summary
        assert it.monitor.names == ["counting"]


def test_a_store_that_is_full_stops_neither_noticing_nor_telling_nor_deciding(tmp_path: Path) -> None:
    decide(tmp_path, 0, 30)
    with Watched(tmp_path, [Counting()], size=20) as it:
        connection = it.store._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        it.monitor._fed[0].watcher.state = lambda: b"x" * 100_000  # type: ignore[method-assign]
        it.monitor.step()
        it.monitor.keep()
        assert "The monitor's store cannot be written" in it.monitor.trouble
        assert "database or disk is full" in it.monitor.trouble
        it.postman.pump(at_once=True)
        assert it.target.told == ["fired share:counting"]
        decide(tmp_path, 30, 80)  # decisions go on
        it.monitor.step()
        assert it.whats() == LIFE
        connection.execute("PRAGMA max_page_count = 1000000")
        it.monitor.keep()
        assert it.monitor.trouble == "", "once there is room again, it is kept"
        assert it.store.checkpoints()["counting"].offset == it.monitor.offset


def test_a_store_that_is_damaged_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "monitor.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateError) as caught:
        MonitorStore(tmp_path / "monitor.sqlite")
    assert "The monitor's store cannot be opened" in str(caught.value)
    assert "remove the file: everything in it comes from the log" in str(caught.value)
    store = MonitorStore(tmp_path / "sound.sqlite")
    store.close()
    with pytest.raises(StateError, match="cannot be read"):
        store.checkpoints()
    assert sqlite3.sqlite_version


def test_two_watchers_of_one_name_are_refused(tmp_path: Path) -> None:
    decide(tmp_path, 0, 3)
    with Watched(tmp_path, [Counting()]) as it, pytest.raises(UsageError) as caught:
        Monitor(it.log, READING, [Counting(), Counting()], it.alerts, it.store, it.postman)
    assert "watchers: expected a name of its own for each, got 'counting' again" in str(caught.value)


def test_a_log_without_anything_new_is_not_read(tmp_path: Path) -> None:
    decide(tmp_path, 0, 5)
    watcher = Counting()
    with Watched(tmp_path, [watcher]) as it:
        it.monitor.step()
        pages = watcher.pages
        assert it.monitor.step() == 0
        assert watcher.pages == pages


def test_what_has_cleared_must_stay_so_before_the_alert_does(tmp_path: Path) -> None:
    decide(tmp_path, 0, 80)
    with Watched(
        tmp_path, [Counting()], alerts=Alerts(clears_after="30h", remind_every="365d"), size=10
    ) as it:
        it.monitor.step()
        assert it.whats() == ["fired share:counting"], "cleared for twenty hours, and thirty are asked"
        it.monitor.keep()
    decide(tmp_path, 80, 95)
    with Watched(
        tmp_path, [Counting()], alerts=Alerts(clears_after="30h", remind_every="365d"), size=10
    ) as it:
        it.monitor.step()
        assert it.whats() == LIFE, "what was waited before the restart counts"


def test_an_alert_that_nobody_acknowledges_is_told_again(tmp_path: Path) -> None:
    decide(tmp_path, 0, 58)
    with Watched(tmp_path, [Counting()], alerts=Alerts(remind_every="10h"), size=4) as it:
        it.monitor.step()
        whats = it.whats()
        assert whats[:2] == ["fired share:counting", "reminded share:counting"]
        assert 3 <= len(whats) <= 5


def test_decisions_without_a_score_are_noticed(tmp_path: Path) -> None:
    decide(tmp_path, 0, 120, served(model=BrokenModel()))
    with Watched(tmp_path, [FallbackWatcher(0.01)], target=Listening()) as it:
        it.monitor.step()
        (change,) = it.changes()
        assert change.alert == "service:fallback"
        assert change.severity == "critical"
        assert change.summary == "100.0% of the last 120 decisions had no score, expected 1.0% at most"
        again = FallbackWatcher(0.01)
        again.restore(it.monitor._fed[0].watcher.state() or b"")
        with pytest.raises(StateError, match="the watcher of fallbacks cannot be read"):
            again.restore(b"{")


def test_the_service_decides_on_while_the_monitor_writes(tmp_path: Path) -> None:
    service = opened(tmp_path)
    for number in range(30):
        service.decide(payment(number))
    with Watched(tmp_path, [Counting()]) as it:
        it.monitor.step()
        assert it.whats() == ["fired share:counting"]
        assert service.decide(payment(30)).action in ("approve", "review", "block")
        assert service.stats().decided == 31
        it.log.append([NewEntry("AlertChange", "x", 0, b'{"what":"silenced","at_ms":0,"alert":"a:*"}')])
        assert service.decide(payment(31)).event_id == "p31"
    service.close_now()
