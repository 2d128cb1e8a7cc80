"""What goes wrong below the service: full disks, damaged logs, jumping clocks, models that fail."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from served import ENCODING, START, Broken, chargeback, mismatches, opened, parts, payment, run, served

from sevenfold.data.sqlite_file import SqliteFile
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import BundleError, LogError
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.serving.model import ServedModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sevenfold.serving.service import DecisionService


@contextlib.contextmanager
def full_disk(folder: Path, left: int = 0) -> Iterator[None]:
    """Let no file grow beyond what the largest one in a folder has now, and a little."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def _recovered(service: DecisionService) -> None:
    for _ in range(1000):
        if not service.ready():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(service.ready())


def test_a_full_disk_answers_nobody_and_loses_nothing(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        for number in range(30):
            assert (await service.decided(payment(number))).status == "new"
        with full_disk(home, left=20_000):
            outcomes = await asyncio.gather(*(service.decided(payment(30 + n)) for n in range(200)))
            assert {outcome.status for outcome in outcomes} <= {"new", "unavailable"}
            failed = [outcome for outcome in outcomes if outcome.status == "unavailable"]
            assert failed
            assert failed[0].retry_after_s > 0
            assert "cannot be written" in failed[0].faults[0].got
            assert service.ready() != []
            assert (await service.decided(payment(999))).status == "unavailable"
        await _recovered(service)
        again = await asyncio.gather(*(service.decided(payment(30 + n)) for n in range(200)))
        told = dict(zip((o.event_id for o in outcomes), outcomes, strict=True))
        for outcome in again:
            before = told.get(outcome.event_id)
            assert outcome.status == ("repeated" if before and before.status == "new" else "new")
        assert (await service.decided(payment(999))).status == "new"
        assert service.stats().rebuilt >= 1
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_a_full_disk_without_a_loop(home: Path) -> None:
    service = opened(home)
    for number in range(30):
        service.decide(payment(number))
    with full_disk(home):
        statuses = {service.outcome(payment(30 + number)).status for number in range(40)}
        assert statuses == {"unavailable"}
        with pytest.raises(LogError, match="cannot be decided just now"):
            service.decide(payment(31))
    for number in range(30, 60):
        assert service.outcome(payment(number)).status == "new"
    service.close_now()
    assert mismatches(home) == []


@pytest.mark.parametrize("step", ["insert", "commit", "begin"])
def test_what_was_folded_but_not_logged_is_taken_back(
    home: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write in five fails, while clients and chargebacks keep coming."""
    plain = getattr(SqliteFile, step)
    calls = {"number": 0}

    def failing(self: SqliteFile, *arguments: Any) -> Any:
        calls["number"] += 1
        if calls["number"] % 5 == 4:
            raise sqlite3.OperationalError("disk I/O error")
        return plain(self, *arguments)

    async def ask() -> None:
        service = opened(home)
        monkeypatch.setattr(SqliteFile, step, failing)
        left = list(range(300))
        statuses: list[str] = []

        async def client() -> None:
            while left:
                number = left.pop()
                while True:
                    outcome = await service.decided(payment(number))
                    statuses.append(outcome.status)
                    if outcome.decided:
                        break
                    await asyncio.sleep(0.01)
                if number % 10 == 0:
                    while (await service.accept("Chargeback", [chargeback(number)])).unavailable:
                        await asyncio.sleep(0.01)

        await asyncio.gather(*(client() for _ in range(8)))
        # One whose reasons could not be written was decided, and is found to be when it comes again.
        assert statuses.count("new") + statuses.count("repeated") == 300
        assert statuses.count("new") > 200
        assert "unavailable" in statuses
        monkeypatch.undo()
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_a_flipped_byte_or_a_cut_log_is_found_when_the_service_starts(home: Path) -> None:
    service = opened(home)
    for number in range(400):
        service.decide(payment(number))
    service.close_now()
    path = home / "log.sqlite"
    whole = path.read_bytes()
    place = whole.index(b'"payment_id":"p200"') + 15
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(LogError, match="is damaged"):
        opened(home)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LogError):
        opened(home)
    path.write_bytes(whole)
    service = opened(home)
    assert service.outcome(payment(200)).status == "repeated"
    service.close_now()


def test_a_log_that_lost_its_end_is_not_served(home: Path, tmp_path: Path) -> None:
    service = opened(home)
    service.decide(payment(1))
    service.close_now()
    earlier = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    service = opened(home)
    service.decide(payment(2))
    service.close_now()
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
        (home / name).unlink(missing_ok=True)
        if name in earlier:
            (home / name).write_bytes(earlier[name])
    with pytest.raises(LogError, match="has lost acknowledged entries"):
        opened(home)
    log = SqliteEventLog(home / "log.sqlite", "normal", accept_loss=True)
    service = opened(home, log=log)
    assert service.outcome(payment(2)).status == "new"  # its sender repeats it
    service.close_now()
    assert mismatches(home) == []


def test_clocks_that_jump_change_no_feature(home: Path) -> None:
    """Features know event times and the log's order; the machine's clock only dates the records."""
    now = {"ms": START}

    def jumping() -> int:
        now["ms"] += {0: -86_400_000, 1: 3_600_000, 2: 86_400_000 * 400, 3: -86_400_000 * 399}[
            now["ms"] % 4
        ] + 1
        return now["ms"]

    service = opened(home, clock_ms=jumping)
    late = [payment(n) | {"occurred_at": START + n * 1000 * (-1) ** n * 5_000} for n in range(200)]
    for values in late:
        assert service.outcome(values).status == "new"
    service.close_now()
    assert mismatches(home) == []
    service = opened(home, clock_ms=lambda: 0)
    assert service.outcome(late[3]).status == "repeated"
    assert service.outcome(payment(500)).status == "new"
    service.close_now()
    assert mismatches(home) == []


class Wrong:
    """A model whose scores are no probabilities for some rows."""

    def score(self, X: np.ndarray) -> np.ndarray:
        return np.where(X[:, 0] > 30, np.nan, 0.1)


def test_a_model_that_fails_leaves_decisions_to_the_rules_and_is_counted(home: Path) -> None:
    service = opened(home, model=served("broken", Broken()))
    for number in range(5):
        assert service.decide(payment(number)).record.fallback
    stats = service.stats()
    assert (stats.model_failures, stats.fallbacks) == (5, 5)
    assert stats.model_trouble == "RuntimeError: the model broke"
    assert service.ready() == []
    service.swap(served("wrong", Wrong()))
    decisions = [service.decide(payment(number)) for number in range(10, 60)]
    for decision in decisions:
        large = decision.features["amount"] > 30
        assert decision.record.fallback == large
        assert decision.score == (None if large else 0.1)
    service.close_now()


def test_a_model_of_other_features_is_refused_and_the_one_before_stays(home: Path) -> None:
    service = opened(home)
    other = Encoding((*ENCODING.columns, Column("velocity"), Column("amount", ("a",))))
    with pytest.raises(BundleError) as refused:
        service.swap(ServedModel("other", other, Broken()))
    assert [str(fault) for fault in refused.value.faults] == [
        "features.velocity: expected a feature of the design, got none of that name",
        "features.amount: expected a text, got a number",
    ]
    assert service.decide(payment(1)).record.model == "slope"
    service.close_now()


def test_models_are_swapped_while_decisions_are_under_way(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        models = [served(f"m{number}") for number in range(20)]

        async def swapping() -> None:
            for model in models:
                service.swap(model)
                await asyncio.sleep(0.002)

        async def deciding() -> set[str]:
            outcomes = []
            for number in range(0, 600, 8):
                outcomes += await asyncio.gather(*(service.decided(payment(number + n)) for n in range(8)))
            return {outcome.status for outcome in outcomes}

        statuses, _ = await asyncio.gather(deciding(), swapping())
        assert statuses == {"new"}
        used = {service.find(f"p{number}").record.model for number in range(600)}
        assert len(used) > 2
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_more_than_can_wait_is_told_to_come_back(home: Path) -> None:
    from sevenfold.serving.declaration import Serving

    async def ask() -> None:
        service = opened(home, serving=Serving(most_waiting=50))
        outcomes = await asyncio.gather(*(service.decided(payment(number)) for number in range(400)))
        statuses = [outcome.status for outcome in outcomes]
        assert statuses.count("new") == 50
        assert statuses.count("unavailable") == 350
        assert str(outcomes[-1].faults[0]) == (
            "service: expected fewer than 50 events that wait, got 50. Send it again"
        )
        assert outcomes[-1].retry_after_s > 0
        later = await service.decided(payment(399))
        assert later.status == "new"
        await service.close()

    run(ask())


def test_a_caller_who_vanishes_changes_nothing(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        tasks = [asyncio.create_task(service.decided(payment(number))) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in done) == 10
        assert [(await service.decided(payment(n))).status for n in range(20)] == ["repeated"] * 20
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_a_closed_service_refuses_and_says_so(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        under_way = [asyncio.create_task(service.decided(payment(number))) for number in range(10)]
        await asyncio.sleep(0)
        await service.close()
        assert {(await task).status for task in under_way} == {"new"}
        assert service.ready() == ["closing"]
        assert (await service.decided(payment(11))).status == "unavailable"

    run(ask())
    log = parts(home).log
    assert sum(entry.event == "Decision" for entry in log.read()) == 10
    log.close()


def test_the_write_ahead_log_is_moved_while_decisions_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sevenfold.serving import checkpoints

    monkeypatch.setattr(checkpoints, "_EVERY", 50)

    async def ask() -> None:
        service = opened(home)
        for number in range(0, 400, 8):
            await asyncio.gather(*(service.decided(payment(number + n)) for n in range(8)))
        service._worker.checkpoints.close()
        assert service._worker.checkpoints.trouble == ""
        # Without it the file would still be empty: all pages would lie in the write-ahead log.
        assert (home / "log.sqlite").stat().st_size > 100_000
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_a_loop_that_ends_without_closing_leaves_a_service_that_works(home: Path) -> None:
    service = opened(home)

    async def leave() -> None:
        for number in range(20):
            asyncio.get_running_loop().create_task(service.decided(payment(number)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(leave())
    assert service.outcome(payment(100)).status == "new"
    assert {service.outcome(payment(number)).status for number in range(20)} <= {"new", "repeated"}
    assert [run(service.decided(payment(number))).status for number in (3, 101)] == ["repeated", "new"]
    service.close_now()
    assert mismatches(home) == []


def test_a_service_can_be_closed_while_its_disk_is_full(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        assert (await service.decided(payment(1))).status == "new"
        with full_disk(home):
            outcomes = await asyncio.gather(*(service.decided(payment(2 + n)) for n in range(20)))
            assert {outcome.status for outcome in outcomes} == {"unavailable"}
            await asyncio.wait_for(service.close(), 20)

    run(ask())
    assert mismatches(home) == []
