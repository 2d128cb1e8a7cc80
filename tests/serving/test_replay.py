"""The order of the log is the order of folding: a replay gives the features of the records, bit for bit."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from served import DESIGN, chargeback, mismatches, opened, payment, run

from sevenfold.data.log import new_entry
from sevenfold.data.rows import convert
from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.serving.service import DecisionService

CLIENTS = 64


async def _clients(service: DecisionService, numbers: list[int], clients: int = CLIENTS) -> list[str]:
    """Decide payments from many clients at once, some of them with chargebacks between."""
    left = list(numbers)
    found: list[str] = []

    async def client(own: int) -> None:
        while left:
            number = left.pop()
            outcome = await service.decided(payment(number))
            found.append(outcome.status)
            if number % 7 == own % 7:
                accepted = await service.accept("Chargeback", [chargeback(number)])
                found.append("taken" if not accepted.unavailable else "unavailable")

    await asyncio.gather(*(client(own) for own in range(clients)))
    return found


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_a_replay_gives_the_features_of_the_records_under_64_clients(home: Path, durability: str) -> None:
    async def ask() -> None:
        log = SqliteEventLog(home / "log.sqlite", durability)
        service = opened(home, log=log)
        numbers = random.Random(1).sample(range(3000), 3000)  # times go back and forth
        found = await _clients(service, numbers)
        assert found.count("new") == 3000
        assert set(found) == {"new", "taken"}
        groups = service.stats().groups
        assert groups < 1500, "requests that wait together were not decided together"
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_what_others_write_is_folded_before_the_next_decision(home: Path) -> None:
    service = opened(home)
    assert service.outcome(payment(1)).status == "new"
    other = SqliteEventLog(home / "log.sqlite", "normal")
    mark = chargeback(2)
    rows = [convert(DESIGN.events["Chargeback"], mark), convert(DESIGN.events["Payment"], payment(5))]
    other.append(
        [new_entry(DESIGN.events["Chargeback"], rows[0]), new_entry(DESIGN.events["Payment"], rows[1])]
    )
    later = payment(2) | {"payment_id": "later", "occurred_at": mark["reported_at"] + 1}
    assert service.outcome(later).status == "new"
    decision = service.find("later")
    assert decision is not None
    assert decision.features["reports_30d"] == 1
    assert service.outcome(payment(5)).status == "conflict"  # known, and never decided
    service.close_now()
    other.close()
    assert mismatches(home) == []


def test_others_may_write_while_requests_wait(home: Path) -> None:
    """A group that was computed before another's entries is computed again behind them."""

    async def ask() -> None:
        service = opened(home)
        other = SqliteEventLog(home / "log.sqlite", "normal")
        event = DESIGN.events["Chargeback"]

        async def interfere() -> None:
            for number in range(40):
                entry = new_entry(event, convert(event, chargeback(5000 + number)))
                await asyncio.to_thread(other.append, [entry])
                await asyncio.sleep(0.005)

        found, _ = await asyncio.gather(_clients(service, list(range(400)), 8), interfere())
        assert found.count("new") + found.count("unavailable") >= 400
        await service.close()
        other.close()

    run(ask())
    assert mismatches(home) == []


def test_a_service_goes_on_where_it_was_closed(home: Path) -> None:
    for part in range(3):
        service = opened(home)
        for number in range(part * 50, part * 50 + 50):
            assert service.outcome(payment(number)).status == "new"
        service.close_now()
    assert mismatches(home) == []
