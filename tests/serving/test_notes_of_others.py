"""What others note in the log while decisions are computed does not have the state rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import DESIGN, mismatches, opened, payment

from sevenfold.data.log import NewEntry, new_entry
from sevenfold.data.rows import convert
from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from pathlib import Path


def _between(home: Path, entry: NewEntry) -> int:
    """Write between a decision and its placing; returns how often the state was rebuilt."""
    service = opened(home)
    service.decide(payment(1))
    pipeline = service._worker.pipeline
    compute = pipeline.compute

    def computed() -> None:
        compute()
        pipeline.compute = compute  # type: ignore[method-assign]
        with SqliteEventLog(home / "log.sqlite", "normal") as log:
            log.append([entry])

    pipeline.compute = computed  # type: ignore[method-assign]
    decision = service.decide(payment(2))
    assert decision.event_id == "p2"
    assert service.decide(payment(3)).offset > decision.offset
    rebuilt = service.stats().rebuilt
    service.close_now()
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        log.verify()
        keys = [entry.key for entry in log.read() if entry.event == "Decision"]
    assert keys == ["p1", "p2", "p3"]
    assert mismatches(home) == []
    return rebuilt


@pytest.mark.parametrize("event", ["AlertChange", "ReviewVerdict", "ModelChange"])
def test_a_note_changes_nothing_that_was_computed(tmp_path: Path, event: str) -> None:
    assert _between(tmp_path, NewEntry(event, "k", 0, b"{}")) == 0


def test_an_event_of_the_design_does(tmp_path: Path) -> None:
    event = DESIGN.events["Payment"]
    assert _between(tmp_path, new_entry(event, convert(event, payment(9)))) == 1
