"""Promotions while a service runs: taken up by themselves, without a lost request, known after a restart."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import sevenfold as sf
from sevenfold.design.home import Home
from sevenfold.design.rollout import RolloutDesk, current_bundle
from sevenfold.design.serving import open_service
from sevenfold.errors import BundleError, UsageError
from sevenfold.learning.bundle import write_bundle
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.serving.rollout.routing import place_of
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.serving.service import DecisionService

START = 1_769_860_800_000


def _design(**rollout: Any) -> sf.Design:
    return sf.Design(
        name="small",
        events=[Payment, Chargeback],
        features=sf.features(amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h")),
        learning=sf.Learning(entity="card"),
        serving=sf.Serving(durability="normal", rollout=sf.Rollout(segment="channel", **rollout)),
    )


DESIGN = _design()


def _bundle(root: Path, slope: float) -> str:
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({"amount": rng.lognormal(3.0, 1.0, 400), "card_count_1h": rng.poisson(1.0, 400)})
    encoding = Encoding.learn(frame)
    y = (slope * np.log(frame["amount"].to_numpy()) + rng.normal(size=400) > slope * 4.0).astype(np.int8)
    model = LogisticRegression().fit(Table(encoding.encode(frame), y, encoding))
    return write_bundle(
        Home(root, "small").bundles,
        model=export(model, len(encoding)),
        program=DESIGN.program(),
        encoding=encoding,
        metadata={"slope": slope},
        record={},
    ).id


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[str, str]:
    first, second = _bundle(tmp_path, 1.0), _bundle(tmp_path, 2.0)
    (tmp_path / "small" / "bundles" / "current.json").write_text(json.dumps({"bundle": first}))
    return first, second


def _payment(number: int, channel: str = "shop") -> dict[str, object]:
    return {
        "payment_id": f"p{number}",
        "occurred_at": START + number * 1000,
        "card": f"card{number % 40}",
        "merchant": "m1",
        "amount": "20",
        "channel": channel,
    }


def _until(service: DecisionService, bundle: str) -> None:
    """Wait, for ten seconds at most, until a service that nobody asks decides by a bundle."""
    deadline = time.monotonic() + 10
    while service.model is None or service.model.id != bundle:
        assert time.monotonic() < deadline, service.rollout_trouble
        time.sleep(0.01)


def test_an_idle_service_takes_up_a_promotion_and_a_rollback(
    tmp_path: Path, bundles: tuple[str, str]
) -> None:
    first, second = bundles
    desk = RolloutDesk(DESIGN, tmp_path, clock_ms=lambda: START)
    service = open_service(DESIGN, tmp_path, clock_ms=lambda: START)
    assert service.decide(_payment(1)).record.model == first
    change = desk.promote(second, who="ana", why="It is better.", evidence={"average_precision": 0.4})
    assert (change.number, change.before, change.at_ms) == (1, first, START)
    _until(service, second)
    assert service.decide(_payment(2)).record.model == second
    assert current_bundle(tmp_path / "small" / "bundles") == second
    assert desk.rollback(who="ana", why="It is worse.").bundle == first
    _until(service, first)
    assert service.decide(_payment(3)).record.model == first
    assert service.decide(_payment(4)).decided_ms == START
    service.close_now()
    assert [c["action"] for c in desk.status()["changes"]] == ["promote", "rollback"]


def test_a_restart_comes_back_with_what_the_log_says(tmp_path: Path, bundles: tuple[str, str]) -> None:
    first, second = bundles
    RolloutDesk(DESIGN, tmp_path).promote(second, who="ana", why="better")
    current = tmp_path / "small" / "bundles" / "current.json"
    current.write_text(json.dumps({"bundle": first}))  # as a kill between log and file leaves it
    service = open_service(DESIGN, tmp_path)
    assert service.decide(_payment(1)).record.model == second
    assert current_bundle(current.parent) == second
    service.close_now()


def test_a_model_that_is_named_stays_whatever_the_log_says(tmp_path: Path, bundles: tuple[str, str]) -> None:
    first, second = bundles
    service = open_service(DESIGN, tmp_path, model=first)
    RolloutDesk(DESIGN, tmp_path).promote(second, who="ana", why="better")
    assert not service.refresh()
    assert service.decide(_payment(1)).record.model == first
    service.close_now()


def test_no_request_is_dropped_while_models_change(tmp_path: Path, bundles: tuple[str, str]) -> None:
    _first, second = bundles
    service = open_service(DESIGN, tmp_path)
    desk = RolloutDesk(DESIGN, tmp_path)
    done = threading.Event()

    def change() -> None:
        for _ in range(3):
            desk.promote(second, who="ana", why="better")
            service.refresh()
            desk.rollback(who="ana", why="worse")
            service.refresh()
        done.set()

    async def run() -> list[Any]:
        thread = threading.Thread(target=change)
        thread.start()
        found: list[Any] = []
        number = 0
        while not done.is_set() or number < 300:
            found += await asyncio.gather(*[service.decided(_payment(number + i)) for i in range(20)])
            number += 20
        thread.join()
        await service.close()
        return found

    outcomes = asyncio.run(run())
    assert {outcome.status for outcome in outcomes} == {"new"}
    assert len(outcomes) >= 300
    assert service.rollout_trouble == ""


def test_canary_decides_its_entities_and_segments_have_their_champions(
    tmp_path: Path, bundles: tuple[str, str]
) -> None:
    first, second = bundles
    third = _bundle(tmp_path, 3.0)
    desk = RolloutDesk(DESIGN, tmp_path)
    service = open_service(DESIGN, tmp_path)
    desk.change("canary", second, who="ana", why="try", share=0.3)
    desk.promote(third, who="ana", why="knows them", segment="online")
    assert service.refresh()
    key = (tmp_path / "small" / "control.key").read_bytes()
    for number in range(60):
        channel = "online" if number % 3 == 0 else "shop"
        drawn = place_of(key, second, f"card{number % 40}") < 0.3
        expected = second if drawn else third if channel == "online" else first
        decision = service.decide(_payment(number, channel))
        assert decision.record.model == expected
        assert decision.record.fallback is False
    table = service.decide_table(pl.DataFrame([_payment(n) for n in range(100, 140)]))
    assert table.height == 40
    service.close_now()
    again = open_service(DESIGN, tmp_path)
    assert {again.decide(_payment(n)).record.model for n in range(200, 240)} == {first, second}
    again.close_now()


def test_a_damaged_champion_to_be_leaves_the_one_at_work(
    tmp_path: Path, bundles: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = bundles
    desk = RolloutDesk(DESIGN, tmp_path)
    service = open_service(DESIGN, tmp_path)
    folder = tmp_path / "small" / "bundles" / second
    (folder / "model.onnx").write_bytes(b"cut")
    with pytest.raises(BundleError, match="The file is damaged"):
        desk.promote(second, who="ana", why="better")
    monkeypatch.setattr(desk, "_checked", lambda bundle: bundle)  # damaged after it was looked at
    desk.promote(second, who="ana", why="better")
    deadline = time.monotonic() + 10
    while not service.rollout_trouble:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "ModelChange 000001 is not in use: BundleError" in service.rollout_trouble
    assert service.decide(_payment(1)).record.model == first
    service.close_now()


def test_what_is_not_there_cannot_be_promoted(tmp_path: Path, bundles: tuple[str, str]) -> None:
    desk = RolloutDesk(DESIGN, tmp_path)
    with pytest.raises(BundleError, match="There is no bundle"):
        desk.promote("nothing", who="ana", why="better")
    with pytest.raises(UsageError, match="expected another one than the champion"):
        desk.promote(bundles[0], who="ana", why="better")


def test_the_rollout_is_shown_and_changed_over_http(tmp_path: Path, bundles: tuple[str, str]) -> None:
    from types import SimpleNamespace

    from sevenfold.design.rollout_routes import ChangeAsked, rollout_routes

    desk = RolloutDesk(DESIGN, tmp_path)
    show, change = rollout_routes(desk)
    assert (show.scope, change.scope) == ("read", "admin")
    body = ChangeAsked("promote", "It is better.", bundles[1])
    asked: Any = SimpleNamespace(body=body, caller=SimpleNamespace(name="ops"))
    assert change.handler(asked).who == "ops"
    assert show.handler(asked)["champion"] == bundles[1]
