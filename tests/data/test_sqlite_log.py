"""The event log: order, identity, and damage that shows."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.log import EventLog, LogEntry, NewEntry, new_entry
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import DataError, LogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevenfold.data.event import EventType


def _entry(number: int, *, event: str = "Payment", amount: int = 1, arrived: int | None = None) -> NewEntry:
    body = b'{"payment_id":"p%d","amount":%d}' % (number, amount)
    return NewEntry(event, f"p{number}", 1000 + number, body, arrived)


def _entries(first: int, stop: int) -> list[NewEntry]:
    return [_entry(number) for number in range(first, stop)]


def test_events_are_read_as_they_were_appended(log: SqliteEventLog) -> None:
    kept: EventLog = log
    assert kept.append([_entry(1), _entry(2, arrived=77)]).offsets == [0, 1]
    assert kept.append([_entry(1, event="Chargeback")]).offsets == [2]
    assert list(kept.read()) == [
        LogEntry(0, "Payment", "p1", 1001, 5000, b'{"payment_id":"p1","amount":1}'),
        LogEntry(1, "Payment", "p2", 1002, 77, b'{"payment_id":"p2","amount":1}'),
        LogEntry(2, "Chargeback", "p1", 1001, 5000, b'{"payment_id":"p1","amount":1}'),
    ]
    assert [entry.offset for entry in kept.read(1, 1)] == [1]
    assert list(kept.read(3)) == []
    assert (kept.end(), kept.verify()) == (3, 3)


def test_the_entries_of_one_event_are_found_by_themselves(log: SqliteEventLog) -> None:
    log.append([_entry(2), _entry(1, event="Chargeback"), _entry(1)])
    assert [entry.key for entry in log.entries_of("Payment")] == ["p2", "p1"]
    assert log.entries_of("Chargeback") == list(log.read(1, 1))
    assert log.entries_of("Refund") == []
    assert [log.count_of("Payment", first) for first in (0, 1, 3)] == [2, 1, 0]


def test_a_row_of_physical_values_becomes_an_entry(payment: EventType, log: SqliteEventLog) -> None:
    row = payment.__convert__(
        {"payment_id": "p1", "occurred_at": 5, "card": "c", "merchant": "m", "amount": 1, "currency": "JPY"}
    )
    log.append([new_entry(payment, row)])
    (entry,) = log.read()
    assert (entry.event, entry.key, entry.time_ms) == ("Payment", "p1", 5)
    assert entry.body == (
        b'{"payment_id":"p1","occurred_at":5,"card":"c","merchant":"m","amount":1,"currency":"JPY"}'
    )


def test_the_same_event_again_changes_nothing(log: SqliteEventLog) -> None:
    log.append(_entries(0, 3))
    again = log.append([_entry(2), _entry(3), _entry(3), _entry(0)])
    assert again == ([2, 3, 3, 0], 1, 3, [])
    assert [entry.key for entry in log.read()] == ["p0", "p1", "p2", "p3"]


def test_another_event_under_a_known_key_refuses_the_whole_batch(log: SqliteEventLog) -> None:
    log.append(_entries(0, 2))
    with pytest.raises(DataError) as caught:
        log.append([_entry(5), _entry(1, amount=2), _entry(6), _entry(6, amount=3)])
    advice = "one that differs in amount. Events do not change; send a correction under a key of its own"
    assert str(caught.value).splitlines() == [
        "The batch was not logged: other events are known under its keys",
        f"  - Payment str 'p1': expected the event logged at offset 1, got {advice}",
        f"  - Payment str 'p6': expected the batch's event before it, got {advice}",
    ]
    assert log.end() == 2


def test_conflicts_can_be_left_out_and_reported(log: SqliteEventLog) -> None:
    log.append(_entries(0, 2))
    appended = log.append([_entry(5), _entry(1, amount=2), _entry(0)], on_conflict="report")
    assert appended == ([2, 1, 0], 1, 1, [1])
    assert [entry.key for entry in log.read()] == ["p0", "p1", "p5"]


def test_reading_beyond_the_end_is_an_error_and_not_nothing(log: SqliteEventLog) -> None:
    log.append(_entries(0, 2))
    with pytest.raises(LogError, match="ends at offset 2: there is nothing to read from 3"):
        log.read(3)
    with pytest.raises(LogError, match="nothing to read from -1"):
        log.read(-1)


def test_many_pages_are_read_without_a_seam(log: SqliteEventLog) -> None:
    log.append(_entries(0, 12_345))
    for first, limit in ((0, None), (4_999, 5_002), (12_344, 9)):
        offsets = [entry.offset for entry in log.read(first, limit)]
        assert offsets == list(range(first, 12_345 if limit is None else min(12_345, first + limit)))


def test_an_append_while_reading_is_not_read(log: SqliteEventLog) -> None:
    log.append(_entries(0, 3))
    reading = log.read()
    next(reading)
    log.append(_entries(3, 6))
    assert [entry.offset for entry in reading] == [1, 2]


def test_threads_append_at_once_and_nothing_is_lost_or_doubled(log: SqliteEventLog) -> None:
    def append(thread: int) -> list[int]:
        own = [_entry(thread * 1000 + number) for number in range(40)]
        shared = _entries(0, 40)
        return [
            offset
            for mine, ours in zip(own, shared, strict=True)
            for offset in log.append([mine, ours]).offsets[:1]
        ]

    with ThreadPoolExecutor(6) as threads:
        offsets = [offset for result in threads.map(append, range(1, 7)) for offset in result]
    assert log.verify() == 6 * 40 + 40
    assert len(set(offsets)) == 6 * 40
    assert len({entry.key for entry in log.read()}) == log.end()


def test_processes_append_to_one_log(log: SqliteEventLog, log_path: Path) -> None:
    script = (
        "import sys\n"
        "from sevenfold.data.log import NewEntry\n"
        "from sevenfold.data.sqlite_log import SqliteEventLog\n"
        "with SqliteEventLog(sys.argv[1]) as log:\n"
        "    for number in range(50):\n"
        "        log.append([NewEntry('Payment', f'{sys.argv[2]}-{number}', 0, b'{}')])\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(log_path), name]) for name in ("one", "two")
    ]
    log.append(_entries(0, 50))
    assert [process.wait() for process in processes] == [0, 0]
    assert log.verify() == 150


def test_a_killed_process_loses_nothing_it_acknowledged(log_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from sevenfold.data.log import NewEntry\n"
        "from sevenfold.data.sqlite_log import SqliteEventLog\n"
        "log = SqliteEventLog(sys.argv[1])\n"
        "for number in range(100):\n"
        "    log.append([NewEntry('Payment', str(number), 0, b'{}')])\n"
        "    if number == 57: os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(log_path)], check=False).returncode == -9
    with SqliteEventLog(log_path) as log:
        assert log.verify() == 58


@given(numbers=st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 2)), max_size=6), max_size=6))
def test_the_log_is_what_a_dictionary_would_be(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[list[tuple[int, int]]]
) -> None:
    expected: dict[str, bytes] = {}
    with SqliteEventLog(tmp_path_factory.mktemp("log") / "log.sqlite", "normal") as log:
        for batch in numbers:
            entries = [_entry(number, amount=amount) for number, amount in batch]
            appended = log.append(entries, on_conflict="report")
            for position, entry in enumerate(entries):
                known = expected.setdefault(entry.key, entry.body)
                assert (position in appended.conflicts) == (known != entry.body)
                assert list(expected)[appended.offsets[position]] == entry.key
        assert {entry.key: entry.body for entry in log.read()} == expected
        assert log.verify() == len(expected)


# Damage

_CHANGED = "offset 7: expected the entry that was sealed"


def _damaged(log_path: Path, *statements: str, entries: int = 20) -> None:
    """Make a log and change it behind its back."""
    with SqliteEventLog(log_path) as log:
        log.append(_entries(0, entries))
    connection = sqlite3.connect(log_path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE entry SET body = x'7b7d' WHERE offset = 7", _CHANGED),
        (
            "UPDATE entry SET time_ms = time_ms + 1 WHERE offset = 7",
            _CHANGED,
        ),
        ("UPDATE entry SET arrived_ms = 0 WHERE offset = 7", _CHANGED),
        ("UPDATE entry SET key = 'px' WHERE offset = 7", _CHANGED),
        (
            "UPDATE entry SET event = 'Refund' WHERE offset = 7",
            _CHANGED,
        ),
        (
            "UPDATE entry SET seal = zeroblob(32) WHERE offset = 7",
            _CHANGED,
        ),
        ("DELETE FROM entry WHERE offset = 7", "offset 7: expected an entry, got nothing"),
        ("DELETE FROM entry WHERE offset IN (7, 8)", "offsets 7 to 8: expected an entry, got nothing"),
        ("DELETE FROM entry WHERE offset = 0", "offset 0: expected an entry, got nothing"),
    ],
)
def test_a_change_shows_at_its_offset(log_path: Path, statement: str, message: str) -> None:
    _damaged(log_path, statement)
    with pytest.raises(LogError) as caught:
        SqliteEventLog(log_path)
    assert message in str(caught.value)


def test_what_lies_before_the_damage_can_be_read_and_all_of_it_is_reported(
    log_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.data.sqlite_log._CHECKED_AT_OPENING", 0)
    monkeypatch.setattr("sevenfold.data.sqlite_log._ENTRIES_A_PAGE", 6)
    _damaged(
        log_path,
        "UPDATE entry SET body = x'7b7d' WHERE offset IN (3, 15)",
        "DELETE FROM entry WHERE offset IN (8, 11, 12)",
    )
    with SqliteEventLog(log_path) as log:
        reading = log.read()
        assert [next(reading).offset for _ in range(3)] == [0, 1, 2]
        with pytest.raises(LogError, match="offset 3: expected the entry that was sealed"):
            next(reading)
        assert [entry.offset for entry in log.read(16)] == [16, 17, 18, 19]
        with pytest.raises(LogError, match="offset 8: expected an entry, got nothing"):
            list(log.read(4))
        with pytest.raises(LogError) as caught:
            log.verify()
    places = [fault.where for fault in caught.value.faults]
    assert places[:3] == ["offset 3", "offset 8", "offset 11"]
    assert "offset 15" in places


@pytest.mark.parametrize("missing", [1, 5, 20])
def test_a_lost_tail_is_noticed_at_opening(log_path: Path, missing: int) -> None:
    _damaged(log_path, f"DELETE FROM entry WHERE offset >= {20 - missing}")
    with pytest.raises(LogError) as caught:
        SqliteEventLog(log_path)
    assert f"offset {20 - missing}: expected entries up to offset 19, got the end of the log" in str(
        caught.value
    )
    with SqliteEventLog(log_path, accept_loss=True) as log:
        assert log.append(_entries(0, 20)).new == missing
    with SqliteEventLog(log_path) as log:
        assert log.verify() == 20


def test_a_replaced_tail_is_noticed(log_path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with SqliteEventLog(log_path) as log, SqliteEventLog(other) as another:
        log.append(_entries(0, 5))
        another.append(_entries(5, 10))
    shutil.copy(other, log_path)
    with pytest.raises(LogError, match="offset 4: expected the entry that was acknowledged, got another"):
        SqliteEventLog(log_path)


def test_a_torn_write_ahead_log_is_noticed(log_path: Path, tmp_path: Path) -> None:
    """SQLite recovers to an earlier commit without a word; the remembered end tells."""
    copy = tmp_path / "copy" / "log.sqlite"
    copy.parent.mkdir()
    with SqliteEventLog(log_path) as log:
        for number in range(10):
            log.append([_entry(number)])
        for suffix in ("", "-wal", ".end"):  # as a crash would leave them
            shutil.copy(f"{log_path}{suffix}", f"{copy}{suffix}")
    write_ahead = copy.with_name("log.sqlite-wal")
    torn = write_ahead.read_bytes()
    write_ahead.write_bytes(torn[: len(torn) * 3 // 4])
    with pytest.raises(LogError, match="has lost acknowledged entries"):
        SqliteEventLog(copy)


def test_an_intact_crash_is_recovered(log_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "log.sqlite"
    copy.parent.mkdir()
    with SqliteEventLog(log_path) as log:
        log.append(_entries(0, 10))
        for suffix in ("", "-wal", ".end"):
            shutil.copy(f"{log_path}{suffix}", f"{copy}{suffix}")
    with SqliteEventLog(copy) as log:
        assert log.verify() == 10


def test_a_tail_lost_while_open_stops_the_writer(log: SqliteEventLog, log_path: Path) -> None:
    log.append(_entries(0, 5))
    connection = sqlite3.connect(log_path)
    connection.execute("DELETE FROM entry WHERE offset = 4")
    connection.commit()
    connection.close()
    with pytest.raises(LogError, match="lost entries while it was open"):
        log.append([_entry(9)])


def test_bytes_flipped_anywhere_in_the_file_never_go_unseen(log_path: Path) -> None:
    _damaged(log_path, entries=400)
    pristine = log_path.read_bytes()
    step = max(1, len(pristine) // 160)
    silent = []
    for position in range(120, len(pristine), step):
        if pristine[position] == 0:
            continue  # free space of a page, which means nothing
        log_path.write_bytes(
            pristine[:position] + bytes([pristine[position] ^ 0x41]) + pristine[position + 1 :]
        )
        try:
            with SqliteEventLog(log_path) as log:
                log.verify()
                if [entry.key for entry in log.read()] != [f"p{number}" for number in range(400)]:
                    silent.append(position)
        except LogError:
            continue
    assert silent == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"not a database" * 100), "cannot be opened as an event log"),
        (lambda path: path.mkdir(), "cannot be opened as an event log"),
        (lambda path: _other_database(path), "is a database, but no event log of format 1"),
        (lambda path: path.with_name("log.sqlite.end").write_bytes(b"x"), "log.sqlite.end is cut short"),
        (lambda path: path.with_name("log.sqlite.end").write_bytes(b"x" * 52), "log.sqlite.end is damaged"),
    ],
)
def test_what_is_no_log_is_refused(log_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    log_path.parent.mkdir(parents=True)
    spoil(log_path)
    with pytest.raises(LogError) as caught:
        SqliteEventLog(log_path)
    assert message in str(caught.value)


def _other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE something (else_ TEXT)")
    connection.commit()
    connection.close()


# A full disk, an interrupt


def test_a_full_disk_refuses_the_batch_and_keeps_what_was_there(log: SqliteEventLog) -> None:
    log.append(_entries(0, 10))
    writer = log._file._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LogError) as caught:
        log.append(_entries(10, 5000))
    assert "cannot be written: database or disk is full. Nothing of the batch counts as logged" in str(
        caught.value
    )
    assert caught.value.exit_code == 1
    assert log.verify() == 10
    writer.execute("PRAGMA max_page_count = 1000000")
    assert log.append(_entries(0, 5000)).new == 4990
    assert log.verify() == 5000


def test_an_interrupt_in_the_middle_of_a_batch_leaves_nothing_of_it(
    log: SqliteEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(_entries(0, 10))

    def interrupted(rows: object) -> None:
        insert(rows[:50])  # type: ignore[index]
        raise KeyboardInterrupt

    insert = log._file.insert
    monkeypatch.setattr(log._file, "insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        log.append(_entries(10, 200))
    monkeypatch.undo()
    assert log.verify() == 10
    assert log.append(_entries(10, 200)).new == 190
    assert log.verify() == 200
