"""The log in columns is the log, however it is cut."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from served import DESIGN, chargeback, opened, payment

from sevenfold.data.log import NewEntry
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import LogError
from sevenfold.monitoring.page import Page, Reading, pages
from sevenfold.serving.record import DecisionRecord, Program, decode_record, encode_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READING = Reading(DESIGN.events["Payment"], DESIGN.label)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 60 decisions, some with reasons, and 5 chargebacks."""
    folder = tmp_path_factory.mktemp("log")
    service = opened(folder)
    for number in range(60):
        service.decide(payment(number))
    service.take("Chargeback", [chargeback(number) for number in range(5)])
    for number in range(60, 80):
        service.decide(payment(number))
    service.close_now()
    return folder


def read(home: Path, **how: Any) -> list[Page]:
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        return list(pages(log, READING, **how))


def plain(home: Path) -> list[dict[str, Any]]:
    """Decisions, read one by one."""
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        entries = list(log.read())
    program = next(Program.decode(entry.body) for entry in entries if entry.event == "FeatureProgram")
    return [
        {
            "offset": entry.offset,
            "key": entry.key,
            "time_ms": entries[entry.offset - 1].time_ms,
            "decided_ms": entry.time_ms,
            "record": (record := decode_record(entry.body)),
            "features": program.values(record),
        }
        for entry in entries
        if entry.event == "Decision"
    ]


@pytest.mark.parametrize("size", [2, 3, 7, 50, 10_000])
def test_pages_hold_what_the_log_holds(home: Path, size: int) -> None:
    found, expected = read(home, size=size), plain(home)
    assert found[0].first == 0
    assert all(a.stop == b.first for a, b in itertools.pairwise(found))
    rows = [row for page in found for row in page.decisions.frame().iter_rows(named=True)]
    assert len(rows) == len(expected) == 80
    for row, known in zip(rows, expected, strict=True):
        assert (row["offset"], row["key"]) == (known["offset"], known["key"])
        assert (row["time_ms"], row["decided_ms"]) == (known["time_ms"], known["decided_ms"])
        assert (row["action"], row["score"]) == (known["record"].action, known["record"].score)
        assert {name: row[f"features.{name}"] for name in known["features"]} == known["features"]


def test_features_as_numbers(home: Path) -> None:
    (page,) = read(home)
    decisions = page.decisions
    for number, known in enumerate(plain(home)):
        for place, name in enumerate(decisions.names):
            value = known["features"][name]
            if isinstance(value, str) or value is None:
                assert math.isnan(decisions.features[number, place])
            else:
                assert decisions.features[number, place] == value
        assert decisions.texts("country")[number] == known["features"]["country"]
    with pytest.raises(KeyError):
        decisions.texts("amount")
    assert decisions.events["payment_id"].to_list() == decisions.keys


def test_labels_and_everything_else(home: Path) -> None:
    (page,) = read(home)
    assert page.labels.keys == [f"p{number}" for number in range(5)]
    assert page.labels.values.tolist() == [1] * 5
    assert set(page.labels.sources) == {"Chargeback"}
    assert page.labels.known_ms.min() > 1_700_000_000_000
    others = {entry.event for entry in page.entries}
    assert "FeatureProgram" in others
    assert not others & {"Payment", "Decision", "Chargeback"}
    held = 2 * len(page.decisions) + len(page.labels) + len(page.entries)
    assert held == page.stop - page.first


def test_reading_goes_on_where_it_ended(home: Path) -> None:
    (whole,) = read(home)
    for stop in range(2, whole.stop, 9):
        first = read(home, stop=stop)
        end = first[-1].stop
        assert stop - 1 <= end <= stop
        rest = read(home, first=end)
        keys = [key for page in (*first, *rest) for key in page.decisions.keys]
        assert keys == whole.decisions.keys


def copied(home: Path, to: Path, programs: Sequence[str]) -> Path:
    """The same log with other programs, a third of the decisions each."""
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        entries = list(log.read())
    known = next(entry for entry in entries if entry.event == "FeatureProgram")
    with SqliteEventLog(to / "log.sqlite", "normal") as log:
        for name in programs:
            log.append([NewEntry("FeatureProgram", name, 0, known.body)])
        decided = 0
        for entry in entries:
            body = entry.body
            if entry.event == "Decision":
                body = body.replace(known.key.encode(), programs[decided * len(programs) // 80].encode())
                decided += 1
            log.append([NewEntry(entry.event, entry.key, entry.time_ms, body, entry.arrived_ms)])
    return to


def test_a_page_ends_where_the_program_changes(home: Path, tmp_path: Path) -> None:
    found = read(copied(home, tmp_path, ["one", "two", "three"]))
    assert len(found) == 3
    assert [key for page in found for key in page.decisions.keys] == [f"p{n}" for n in range(80)]
    assert all(a.stop == b.first for a, b in itertools.pairwise(found))


def test_a_record_without_its_event(tmp_path: Path) -> None:
    with SqliteEventLog(tmp_path / "log.sqlite", "normal") as log:
        record = DecisionRecord("Payment", "x", b"", None, None, "", "approve", (0, 0, 0, 0))
        log.append([NewEntry("Decision", "p1", 0, encode_record(record))])
    with pytest.raises(
        LogError, match=r"offset 0: expected a decision behind its Payment, got the beginning"
    ):
        read(tmp_path)


def test_an_empty_log(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_chance_of_passing(home: Path) -> None:
    (page,) = read(home)
    decisions = page.decisions
    expected = [0.0 if d["record"].action == "block" else d["record"].control or 1.0 for d in plain(home)]
    np.testing.assert_array_equal(decisions.passed, expected)
