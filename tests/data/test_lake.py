"""The lake: the log's events as tables, whatever interrupts the laying."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sevenfold.data import durable
from sevenfold.data.body import encode, read_body
from sevenfold.data.event import EventRecord, EventType
from sevenfold.data.fields import Category, Entity, Timestamp
from sevenfold.data.lake import ARRIVED, OFFSET, Lake
from sevenfold.data.log import NewEntry, new_entry
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.data.table import physical_schema
from sevenfold.errors import LogError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_DAY = 86_400_000


class Visit(EventRecord, key="visit_id", time="at"):
    visit_id: str
    at: Timestamp
    visitor: Entity
    page: Category | None = None


class Signup(EventRecord, key="visitor", time="at"):
    visitor: str
    at: Timestamp


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "home" / "lake", [Visit, Signup])


def _visits(first: int, stop: int, *, days: int = 3, seed: int = 0) -> list[NewEntry]:
    """Return visits on some days, mostly in order."""
    chance = random.Random(seed + first)
    return [
        new_entry(
            Visit,
            (
                f"v{number}",
                (number % days) * _DAY + chance.randrange(_DAY),
                f"u{number % 5}",
                chance.choice(["/", None]),
            ),
        )
        for number in range(first, stop)
    ]


def _expected(log: SqliteEventLog, event: EventType = Visit) -> pl.DataFrame:
    """Return the table that the log's events make, each decoded by itself."""
    rows = [
        (*read_body(event, entry.body), entry.offset, entry.arrived_ms)
        for entry in log.read()
        if entry.event == event.__name__
    ]
    schema = physical_schema(event) | {OFFSET: pl.Int64(), ARRIVED: pl.Int64()}
    return pl.DataFrame(rows, schema=dict.fromkeys(schema), orient="row", infer_schema_length=None).cast(
        pl.Schema(schema)
    )


def _files(lake: Lake) -> list[str]:
    return sorted(str(file.relative_to(lake.path)) for file in lake.path.rglob("*.parquet"))


def test_the_lake_holds_what_the_log_holds(log: SqliteEventLog, lake: Lake) -> None:
    log.append(_visits(0, 50))
    log.append([new_entry(Signup, ("u1", 5))])
    log.append([NewEntry("Unknown", "x", 0, b"{}")])
    assert lake.update(log) == 52
    assert_frame_equal(lake.table("Visit"), _expected(log))
    assert_frame_equal(lake.table("Signup"), _expected(log, Signup))
    assert _files(lake)[0] == "Signup/day=1970-01-01/part-000000000050-000000000050.parquet"
    assert lake.scan("Visit").collect_schema() == _expected(log).schema


def test_before_anything_is_laid_a_scan_is_empty(lake: Lake, log: SqliteEventLog) -> None:
    assert lake.table("Visit").height == 0
    assert lake.update(log) == 0
    assert lake.table("Visit").schema == _expected(log).schema


def test_an_update_lays_only_what_is_new(log: SqliteEventLog, lake: Lake) -> None:
    log.append(_visits(0, 30))
    lake.update(log)
    before = _files(lake)
    assert lake.update(log) == 0
    assert _files(lake) == before
    log.append(_visits(30, 40))
    seen: list[tuple[int, int]] = []
    assert lake.update(log, progress=lambda done, total: seen.append((done, total))) == 10
    assert seen == [(10, 10)]
    assert_frame_equal(lake.table("Visit"), _expected(log))


def test_steps_do_not_show(log: SqliteEventLog, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.data.lake._ENTRIES_A_STEP", 7)
    log.append(_visits(0, 100))
    assert lake.update(log) == 100
    assert_frame_equal(lake.table("Visit"), _expected(log))


def test_a_day_of_many_parts_is_merged(log: SqliteEventLog, lake: Lake) -> None:
    for number in range(0, 60, 3):
        log.append(_visits(number, number + 3, days=1))
        lake.update(log)
        assert_frame_equal(lake.table("Visit"), _expected(log))
        assert len(_files(lake)) <= 10


def test_a_scan_outlives_the_next_update(log: SqliteEventLog, lake: Lake) -> None:
    for number in range(20):
        log.append(_visits(number, number + 1, days=1))
        lake.update(log)
        scan, expected = lake.scan("Visit"), _expected(log)
        log.append(_visits(1000 + number, 1001 + number, days=1))
        lake.update(log)
        assert_frame_equal(scan.sort(OFFSET).collect(), expected)


class _StoppedError(BaseException):
    """Stands for Ctrl-C, a crash or a full disk at a chosen moment."""


@pytest.mark.parametrize("moment", range(12))
def test_an_interrupted_update_is_simply_repeated(
    log: SqliteEventLog, lake: Lake, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Whichever write is the last: nothing is missing, nothing doubled, nothing half-written stays."""
    monkeypatch.setattr("sevenfold.data.lake._ENTRIES_A_STEP", 10)
    monkeypatch.setattr("sevenfold.data.lake._PARTS_A_DAY", 2)
    log.append(_visits(0, 20))
    lake.update(log)
    known = lake.table("Visit")
    log.append(_visits(20, 45))
    left = moment
    flush = durable.flush

    def stop(path: Path) -> None:
        nonlocal left
        if left == 0:
            raise _StoppedError
        left -= 1
        flush(path)

    with monkeypatch.context() as patched:
        patched.setattr(durable, "flush", stop)
        with pytest.raises(_StoppedError):
            lake.update(log)
    seen = lake.table("Visit")
    assert_frame_equal(seen.head(known.height), known)
    log.append(_visits(45, 50))
    lake.update(log)
    assert_frame_equal(lake.table("Visit"), _expected(log))
    assert [path for path in lake.path.rglob("*") if path.name.endswith(durable.UNFINISHED)] == []


def test_a_full_disk_is_told_and_the_update_repeated(
    log: SqliteEventLog, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(_visits(0, 20))

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable, "flush", full)
        with pytest.raises(LogError) as caught:
            lake.update(log)
    assert "cannot be written: [Errno 28] No space left on device. What was laid stays" in str(caught.value)
    lake.update(log)
    assert_frame_equal(lake.table("Visit"), _expected(log))


def test_an_event_that_is_declared_later_is_laid_from_the_beginning(log: SqliteEventLog, lake: Lake) -> None:
    log.append([*_visits(0, 10), new_entry(Signup, ("u1", 5))])
    Lake(lake.path, [Visit]).update(log)
    visits = _files(lake)
    assert lake.table("Signup").height == 0
    lake.update(log)
    assert_frame_equal(lake.table("Signup"), _expected(log, Signup))
    assert_frame_equal(lake.table("Visit"), _expected(log))
    assert set(visits) < set(_files(lake))


def test_an_event_whose_fields_change_is_laid_anew(log: SqliteEventLog, lake: Lake) -> None:
    log.append(_visits(0, 10))
    lake.update(log)
    grown = _grown()
    log.append([NewEntry("Visit", "new", 0, encode(grown, ("new", 0, "u1", None, "hello")))])
    grown_lake = Lake(lake.path, [grown])
    assert grown_lake.table("Visit").height == 0
    assert grown_lake.update(log) == 11
    assert grown_lake.table("Visit")["note"].to_list() == [None] * 10 + ["hello"]


def _grown() -> EventType:
    class Visit(EventRecord, key="visit_id", time="at"):
        visit_id: str
        at: Timestamp
        visitor: Entity
        page: Category | None = None
        note: str | None = None

    return Visit


def test_another_log_is_refused(log: SqliteEventLog, lake: Lake, tmp_path: Path) -> None:
    log.append(_visits(0, 10))
    lake.update(log)
    with SqliteEventLog(tmp_path / "other.sqlite") as other:
        other.append(_visits(0, 5))
        with pytest.raises(LogError, match="laid from another log: it knows another entry at offset 9"):
            lake.update(other)
        other.append(_visits(100, 110))
        with pytest.raises(LogError, match="Delete the lake's folder to have it laid anew from the log"):
            lake.update(other)


def test_a_damaged_state_is_told(log: SqliteEventLog, lake: Lake) -> None:
    log.append(_visits(0, 10))
    lake.update(log)
    (lake.path / "state.json").write_bytes(b"{")
    with pytest.raises(LogError, match=r"state.json is damaged.*Delete the lake's folder"):
        lake.update(log)


def test_a_part_that_is_gone_is_missed(log: SqliteEventLog, lake: Lake) -> None:
    log.append(_visits(0, 10))
    lake.update(log)
    (lake.path / _files(lake)[0]).unlink()
    with pytest.raises(LogError, match=r"holds 6 Visit events of 10. Delete the lake's folder"):
        lake.table("Visit")


def test_a_damaged_log_stops_the_lake_before_the_damage(
    log: SqliteEventLog, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.data.lake._ENTRIES_A_STEP", 5)
    log.append(_visits(0, 20))
    log._file._writer.execute("UPDATE entry SET time_ms = 0 WHERE offset = 12")
    with pytest.raises(LogError, match="offset 12: expected the entry that was sealed"):
        lake.update(log)
    assert lake.table("Visit")[OFFSET].to_list() == list(range(10))


def test_an_unknown_event_is_named_with_those_there_are(lake: Lake) -> None:
    with pytest.raises(UsageError, match="The lake holds no event 'Payment'; its events are: Visit, Signup"):
        lake.scan("Payment")


def test_a_replacement_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def replace(text: str, error: BaseException | None = None) -> None:
        with durable.replacing(file) as unfinished:
            unfinished.write_text(text)
            if error is not None:
                raise error

    with pytest.raises(KeyboardInterrupt):
        replace("new", KeyboardInterrupt())
    assert file.read_text() == "old"
    replace("new")
    assert file.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
