"""Bulk reading and sealing say the same as one row at a time, and damage shows at the same offset."""

from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sevenfold.data import seal, seal_chain, sqlite_log
from sevenfold.data.log import NewEntry
from sevenfold.data.sqlite_bulk import bulk_of
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.data.seal import Row
    from sevenfold.data.sqlite_bulk import Bulk

_NAMES = ("Payment", "Chargeback", "Decision", "Événement")


def _entries(count: int) -> list[NewEntry]:
    chance = random.Random(7)
    return [
        NewEntry(
            chance.choice(_NAMES),
            f"ké{number}" if number % 5 else f"k,{number}\x00",
            chance.randrange(-(2**40), 2**40),
            b'{"n":%d,"t":"%s"}' % (number, b"x" * chance.randrange(0, 2000)),
            None if number % 3 else chance.randrange(2**40),
        )
        for number in range(count)
    ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "_ENTRIES_A_BULK", 128)
    monkeypatch.setattr(sqlite_log, "_CHECKED_AT_OPENING", 10)  # the damage lies further back


@pytest.fixture(params=["together", "one by one"])
def sealing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With OpenSSL's functions called in a loop, and where they cannot be found."""
    if request.param == "one by one":
        monkeypatch.setattr(seal_chain, "chain", lambda: None)
    elif seal_chain.chain() is None:
        pytest.skip("OpenSSL's library cannot be found, or nothing is compiled")
    return str(request.param)


def _rows(log: SqliteEventLog) -> list[Row]:
    return [row for rows in log.pages(0, log.end()) for row in rows]


def _plain(bulk: Bulk) -> tuple[object, ...]:
    places = {name: own.tolist() for name, own in bulk.places.items() if own.size}
    return bulk.first, bulk.stop, bulk.seal, bulk.times.tolist(), places, {n: bulk.bodies[n] for n in places}


@pytest.mark.usefixtures("small", "sealing")
def test_columns_hold_what_rows_hold(log: SqliteEventLog) -> None:
    log.append(_entries(700))
    rows = _rows(log)
    bulks = list(log.bulks(37, 700))
    assert [(bulk.first, bulk.stop) for bulk in bulks] == [
        (first, min(first + 128, 700)) for first in range(37, 700, 128)
    ]
    for bulk in bulks:
        assert _plain(bulk) == _plain(bulk_of(rows[bulk.first : bulk.stop]))
    assert list(log.bulks(700, 700)) == []


@pytest.mark.usefixtures("sealing")
def test_many_are_sealed_as_each_is() -> None:
    entries = _entries(seal._TOGETHER + 40)
    rows = seal.sealed(bytes(range(32)), 5, entries, 99)
    before = bytes(range(32))
    for offset, (row, entry) in enumerate(zip(rows, entries, strict=True), 5):
        arrived = 99 if entry.arrived_ms is None else entry.arrived_ms
        made = seal.seal(before, offset, entry.event, entry.key, entry.time_ms, arrived, entry.body)
        assert row == (offset, entry.event, entry.key, entry.time_ms, arrived, entry.body, made)
        before = made


def test_texts_are_found_where_they_lie() -> None:
    texts = [b"", b"one", b"", b"three"]
    buffers = seal_chain.Buffers.of(texts)
    assert (buffers.addresses - buffers.addresses[0]).tolist() == [0, 0, 3, 3]
    lined = seal_chain.Buffers.behind(b"\n".join(texts), np.array([0, 3, 0, 5]), 1)
    assert (lined.addresses - lined.addresses[0]).tolist() == [0, 1, 5, 6]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '300', '301') AS BLOB) WHERE offset = 300",
        "UPDATE entry SET body = CAST(CAST(body AS TEXT) || char(10) || 'x' AS BLOB) WHERE offset = 300",
        "UPDATE entry SET key = key || 'x' WHERE offset = 300",
        "UPDATE entry SET time_ms = time_ms + 1 WHERE offset = 300",
        "UPDATE entry SET arrived_ms = -arrived_ms WHERE offset = 300",
        "UPDATE entry SET event = 'Payments' WHERE offset = 300",
        "UPDATE entry SET event = event || char(10) || 'x' WHERE offset = 300",
        "UPDATE entry SET seal = zeroblob(32) WHERE offset = 300",
        "UPDATE entry SET seal = zeroblob(31) WHERE offset = 300",
        "DELETE FROM entry WHERE offset = 300",
    ],
)
@pytest.mark.usefixtures("small")
def test_damage_shows_at_its_offset(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteEventLog(path) as log:
        log.append(_entries(700))
    with sqlite3.connect(path) as changed:
        assert changed.execute(damage).rowcount == 1
    changed.close()
    with SqliteEventLog(path) as log:
        bulks = log.bulks(0, 700)
        assert [next(bulks).stop, next(bulks).stop] == [128, 256]
        with pytest.raises(LogError, match="is damaged") as raised:
            next(bulks)
    assert raised.value.faults[0].where == "offset 300"
