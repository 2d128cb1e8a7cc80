"""Starts from snapshots: the newest sound one, the tail behind it, and the same bits as without any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from served import DESIGN, chargeback, mismatches, opened, parts, payment, run

from sevenfold.design.home import Home
from sevenfold.design.load import load
from sevenfold.design.serving import open_service
from sevenfold.serving.declaration import Serving
from sevenfold.serving.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.serving.service import DecisionService

OFTEN = Serving(durability="normal", snapshot_every=50, snapshots_kept=2)


def _decide(service: DecisionService, first: int, stop: int) -> None:
    for number in range(first, stop):
        assert service.outcome(payment(number)).status == "new"


def _found(home: Path) -> tuple[int, list[str]]:
    """What the next start begins with: the offset of the snapshot, and what could not be used."""
    made = parts(home)
    snapshots = Snapshots(made.snapshots, made.plan, 2)
    found = snapshots.newest(made.log, made.log.end())
    made.log.close()
    return found.offset, found.unusable


def test_snapshots_are_taken_in_the_background_and_old_ones_removed(home: Path) -> None:
    service = opened(home, serving=OFTEN)
    for part in range(4):
        _decide(service, part * 30, part * 30 + 30)
        service._worker.background.wait()
    stats = service.stats()
    assert stats.snapshots >= 3
    assert stats.snapshot_trouble == ""
    assert stats.snapshot_offset > 150
    service.close_now()
    assert len(list((home / "snapshots").iterdir())) == 2
    service = opened(home)
    assert 0 < service.folded_at_start < service.parts.log.end() // 2
    _decide(service, 200, 230)
    service.close_now()
    assert mismatches(home) == []


def test_a_snapshot_is_taken_by_a_process_that_loads_the_design(tmp_path: Path) -> None:
    file = tmp_path / "tiny.py"
    file.write_text(
        "import sevenfold as sf\\n"
        "from sevenfold.systems.fraud.events import Chargeback, Payment\\n"
        "design = sf.Design(name='tiny', events=[Payment, Chargeback],\\n"
        "    features=sf.features(n=Payment.count().by(Payment.card).over('1d')),\\n"
        "    serving=sf.Serving(durability='normal', snapshot_every=20))\\n".replace("\\n", "\n")
    )
    service = open_service(load(file), tmp_path / "home")
    assert service.decide(payment(0)).record.fallback  # there is no model
    _decide(service, 1, 12)
    service._worker.background.wait()
    assert service.stats().snapshot_trouble == ""
    assert service.stats().snapshots == 1
    service.close_now()
    assert len(list(Home(tmp_path / "home", "tiny").snapshots.iterdir())) == 1


def test_a_damaged_snapshot_is_passed_over_for_the_one_before(home: Path) -> None:
    service = opened(home)
    _decide(service, 0, 20)
    first = service.snapshot()
    _decide(service, 20, 30)
    second = service.snapshot()
    service.close_now()
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    offset, unusable = _found(home)
    assert offset == int(first.stem)
    assert [text.splitlines()[0] for text in unusable] == ["The snapshot is damaged"]
    first.write_bytes(first.read_bytes()[:-100])
    assert _found(home)[0] == 0
    service = opened(home)
    assert len(service.ready()) == 0
    _decide(service, 30, 60)
    service.close_now()
    assert mismatches(home) == []


def test_a_snapshot_of_what_the_log_does_not_hold_is_passed_over(home: Path, tmp_path: Path) -> None:
    service = opened(home)
    _decide(service, 0, 20)
    path = service.snapshot()
    service.close_now()
    other = opened(tmp_path / "other")
    _decide(other, 100, 140)
    other.close_now()
    (tmp_path / "other" / "snapshots").mkdir()
    (tmp_path / "other" / "snapshots" / path.name).write_bytes(path.read_bytes())
    offset, unusable = _found(tmp_path / "other")
    assert offset == 0
    assert unusable[0].endswith("of another log")


def test_the_reviews_of_the_day_are_known_after_a_start(home: Path) -> None:
    class Counting:
        def __init__(self) -> None:
            self.recalled: list[int] = []

        def __getattr__(self, name: str) -> object:
            return getattr(parts_judge, name)

        def recall(self, action: str, now_ms: int) -> None:
            self.recalled.append(now_ms)

    made = parts(home)
    parts_judge = made.judge(None)
    made.log.close()
    service = opened(home)
    _decide(service, 0, 60)
    reviews = service.stats().actions["review"]
    assert reviews > 5
    service.snapshot()
    _decide(service, 60, 90)
    reviews = service.stats().actions["review"]
    service.close_now()
    judge = Counting()
    opened(home, judge=lambda model: judge).close_now()
    assert len(judge.recalled) == reviews


def test_requests_go_on_while_a_snapshot_is_taken(home: Path) -> None:
    async def ask() -> None:
        service = opened(home, serving=OFTEN)
        for number in range(0, 200, 4):
            await asyncio.gather(*(service.decided(payment(number + part)) for part in range(4)))
            await service.accept("Chargeback", [chargeback(number)])
        service._worker.background.wait()
        assert service.stats().snapshots >= 1
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_serving_says_everything_that_is_wrong_with_it() -> None:
    from sevenfold.errors import DesignError

    with pytest.raises(DesignError) as refused:
        Serving(durability="some", snapshot_every=0, most_waiting=-1)
    assert [fault.where for fault in refused.value.faults] == [
        "serving.durability",
        "serving.snapshot_every",
        "serving.most_waiting",
    ]
    assert DESIGN.serving == Serving()
