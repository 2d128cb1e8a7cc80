"""The batch door: the same decisions, many at a time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from served import mismatches, opened, payment, run

from sevenfold.data.sqlite_file import SqliteFile
from sevenfold.errors import DataError, LogError, UsageError
from sevenfold.serving import table

if TYPE_CHECKING:
    from pathlib import Path


def payments(*numbers: int, **changes: Any) -> pl.DataFrame:
    return pl.DataFrame([payment(number) | changes for number in numbers])


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "ROWS_A_BATCH", 64)


@pytest.mark.usefixtures("small_batches")
def test_a_table_gets_the_decisions_that_its_rows_get_one_by_one(home: Path, tmp_path: Path) -> None:
    one, many = opened(tmp_path / "one"), opened(home)
    for number in range(300):
        one.decide(payment(number))
    seen: list[tuple[int, int]] = []
    answer = many.decide_table(payments(*range(300)), lambda done, total: seen.append((done, total)))
    assert answer["status"].to_list() == ["new"] * 300
    assert seen[-1] == (300, 300)
    for row in answer.to_dicts():
        alone, together = one.find(row["payment_id"]), many.find(row["payment_id"])
        assert alone is not None
        assert together is not None
        assert (row["action"], row["score"], row["risk_score"]) == (
            alone.action,
            alone.score,
            alone.record.risk_score,
        )
        assert alone.record.features == together.record.features
        assert row["decision_id"] == str(together.offset)
    assert many.stats().decided == 300
    assert many.decide(payment(300)).record.features == one.decide(payment(300)).record.features
    one.close_now()
    many.close_now()
    assert mismatches(home) == []


@pytest.mark.usefixtures("small_batches")
def test_entries_of_a_table_are_dated_as_those_of_single_decisions(home: Path) -> None:
    service = opened(home)
    service.decide(payment(0))
    service.decide_table(payments(*range(1, 100)))
    entries = [entry for entry in service.parts.log.read() if entry.event in ("Payment", "Decision")]
    service.close_now()
    assert len(entries) == 200
    for entry in entries:
        if entry.event == "Decision":
            assert entry.time_ms == entry.arrived_ms > 1_700_000_000_000
        else:
            assert entry.time_ms == payment(int(entry.key[1:]))["occurred_at"]


@pytest.mark.usefixtures("small_batches")
def test_what_is_known_already_is_repeated_or_a_conflict(home: Path) -> None:
    service = opened(home)
    service.decide(payment(3))
    service.decide(payment(4))
    frame = pl.concat([payments(1, 2, 3, 1), payments(4, 2, amount="1.00")])
    answer = service.decide_table(frame)
    assert answer["status"].to_list() == ["new", "new", "repeated", "repeated", "conflict", "conflict"]
    assert answer["decision_id"][0] == answer["decision_id"][3]
    assert answer["action"].null_count() == 2
    again = service.decide_table(payments(*range(1, 200)))
    assert again["status"].to_list() == ["repeated"] * 4 + ["new"] * 195
    service.close_now()
    assert mismatches(home) == []


def test_a_table_that_is_refused_changes_nothing(home: Path) -> None:
    service = opened(home)
    end = service.parts.log.end()
    frame = payments(1, 2).with_columns(amount=pl.Series(["1.00", "much"]))
    with pytest.raises(DataError, match="amount"):
        service.decide_table(frame)
    assert service.parts.log.end() == end
    service.close_now()


@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_cannot_be_written_leaves_those_before(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = opened(home)
    plain, calls = SqliteFile.commit, []

    def failing(self: SqliteFile) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise sqlite3.OperationalError("database or disk is full")
        plain(self)

    monkeypatch.setattr(SqliteFile, "commit", failing)
    with pytest.raises(LogError, match="could not be made durable; those before it are"):
        service.decide_table(payments(*range(300)))
    monkeypatch.undo()
    answer = service.decide_table(payments(*range(300)))
    assert answer["status"].to_list() == ["repeated"] * 128 + ["new"] * 172
    service.close_now()
    assert mismatches(home) == []


def test_the_door_is_closed_while_a_loop_works(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        await service.decided(payment(1))
        with pytest.raises(UsageError, match="while no event loop works"):
            service.decide_table(payments(2))
        await service.close()

    run(ask())
