"""A challenger on its way: shadow, canary, A/B, promotion; and what stops it."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import sevenfold as sf
from sevenfold.design.home import Home
from sevenfold.design.rollout import RolloutDesk
from sevenfold.design.serving import open_service
from sevenfold.design.shadow import Shadow, shadow_table
from sevenfold.design.trial import advance
from sevenfold.design.workspace import Workspace
from sevenfold.feedback.retraining.step import RetrainingStep
from sevenfold.learning.bundle import write_bundle
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.problem.problem import Cost, Problem
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000
START = 1_769_860_800_000


def _design(**rollout: Any) -> sf.Design:
    given: dict[str, Any] = {
        "automatic": True,
        "shadow_decisions": 100,
        "canary_share": 0.3,
        "guardrails": sf.Guardrails(least=50, block_rate=20.0, latency=1e6),
        "ab": sf.ABTest(minimum_effect=5.0),
        **rollout,
    }
    return sf.Design(
        name="small",
        events=[Payment, Chargeback],
        features=sf.features(amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h")),
        problem=Problem(
            goal="g",
            decision="d",
            missed=Cost(share=1.0),
            false_alarm=Cost(fixed=5.0),
            review=Cost(fixed=3.0),
        ),
        label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="5d"),
        learning=sf.Learning(entity="card"),
        serving=sf.Serving(durability="normal", rollout=sf.Rollout(**given)),
    )


def _bundle(root: Path, sign: float, above: float = 0.8) -> str:
    """A model that takes large amounts for fraud, or with the other sign, small ones."""
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({"amount": rng.lognormal(4.0, 1.0, 4000), "card_count_1h": rng.poisson(1.0, 4000)})
    encoding = Encoding.learn(frame)
    y = (sign * (np.log(frame["amount"].to_numpy()) - 4.0) + 0.2 * rng.normal(size=4000) > above).astype(
        np.int8
    )
    model = LogisticRegression().fit(Table(encoding.encode(frame), y, encoding))
    return write_bundle(
        Home(root, "small").bundles,
        model=export(model, len(encoding)),
        program=_design().program(),
        encoding=encoding,
        metadata={"sign": sign, "above": above},
        record={},
    ).id


class Town:
    """Payments by the day, of which the large ones are reported the day after where they went through."""

    def __init__(self, root: Path, design: sf.Design) -> None:
        self.root, self.design, self.now = root, design, START
        self.service = open_service(design, root, clock_ms=lambda: self.now)
        self.number = 0
        self.rng = np.random.default_rng(1)

    def days(self, count: int, a_day: int = 400) -> None:
        for _ in range(count):
            amounts = self.rng.lognormal(4.0, 1.0, a_day)
            rows = [
                {
                    "payment_id": f"p{self.number + i}",
                    "occurred_at": self.now + i * 1000,
                    "card": f"card{self.rng.integers(0, 2000)}",
                    "merchant": "m1",
                    "amount": f"{amount:.2f}",
                }
                for i, amount in enumerate(amounts)
            ]
            told = self.service.decide_table(pl.DataFrame(rows))
            self.now += DAY
            reports = [
                {
                    "chargeback_id": f"c{row['payment_id']}",
                    "reported_at": self.now,
                    "payment_id": row["payment_id"],
                    "card": row["card"],
                    "merchant": "m1",
                }
                for row, amount, action in zip(rows, amounts, told["action"], strict=True)
                if np.log(amount) > 4.8 and action == "approve"
            ]
            self.service.take("Chargeback", reports)
            self.number += a_day

    def advance(self) -> Any:
        change = advance(self.design, self.root, self.now)
        self.service.refresh()
        return change

    def close(self) -> None:
        self.service.close_now()


@pytest.fixture
def models(tmp_path: Path) -> tuple[str, str]:
    bad, good = _bundle(tmp_path, -1.0), _bundle(tmp_path, 1.0)
    return bad, good


def _town(root: Path, champion: str, design: sf.Design | None = None) -> Town:
    (root / "small" / "bundles" / "current.json").write_text(json.dumps({"bundle": champion}))
    return Town(root, design or _design())


def _retrained(town: Town, bundle: str) -> None:
    step = RetrainingStep("7-abc", "ended", town.now, 7, bundle=bundle)
    with Workspace(town.design, town.root).home.open_log() as log:
        log.append([step.entry()])


def test_a_better_challenger_goes_all_the_way_by_itself(tmp_path: Path, models: tuple[str, str]) -> None:
    bad, good = models
    town = _town(tmp_path, bad)
    town.days(7)
    assert town.advance() is None
    _retrained(town, good)
    seen = [town.advance()]
    for _ in range(25):
        town.days(1)
        change = town.advance()
        if change is not None:
            seen.append(change)
        if change is not None and change.action == "promote":
            break
    assert [change.action for change in seen] == ["shadow", "canary", "ab", "promote"]
    assert seen[2].evidence["planned"] >= 1_000
    assert seen[2].evidence["metric"] == "cost"
    assert seen[3].evidence["low"] > 0
    assert town.service.model is not None
    assert town.service.model.id == good
    assert town.advance() is None
    town.close()


def test_a_worse_challenger_is_stopped_by_what_became_of_its_decisions(
    tmp_path: Path, models: tuple[str, str]
) -> None:
    bad, good = models
    town = _town(tmp_path, good)
    town.days(7)
    RolloutDesk(town.design, tmp_path, lambda: town.now).change("ab", bad, who="ana", why="Try it.")
    town.service.refresh()
    for _ in range(25):
        town.days(1)
        change = town.advance()
        if change is not None:
            break
    assert change is not None
    assert change.action == "stop"
    assert change.why.startswith("It costs more by cost")
    town.days(1)
    assert town.service.model is not None
    assert town.service.model.id == good
    town.close()


def test_a_broken_guardrail_stops_a_canary_at_once(tmp_path: Path, models: tuple[str, str]) -> None:
    good, eager = models[1], _bundle(tmp_path, 1.0, -1.0)
    tight = _design(automatic=False, guardrails=sf.Guardrails(least=50, block_rate=1.5, latency=1e6))
    town = _town(tmp_path, good, tight)
    RolloutDesk(tight, tmp_path, lambda: town.now).change(
        "canary", eager, who="ana", why="Try it.", share=0.4
    )
    town.service.refresh()
    town.days(2)
    change = town.advance()
    assert change is not None
    assert (change.action, change.who) == ("stop", "policy")
    assert "It blocks" in change.why
    town.close()


def test_without_automatic_only_the_shadow_begins_by_itself(tmp_path: Path, models: tuple[str, str]) -> None:
    bad, good = models
    town = _town(tmp_path, bad, _design(automatic=False))
    _retrained(town, good)
    assert town.advance().action == "shadow"
    town.days(3)
    assert [town.advance() for _ in range(2)] == [None, None]
    table = shadow_table(Workspace(town.design, tmp_path))
    done = table.done(good)
    assert done.decisions == 1_200
    assert len(list(table.scores(good))) == 1_200
    table.close()
    town.close()


def test_a_shadow_that_gives_nan_is_stopped_and_decisions_go_on(
    tmp_path: Path, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = models
    town = _town(tmp_path, bad)
    _retrained(town, good)
    town.advance()
    town.days(1)

    class Nothing:
        def score(self, X: Any) -> Any:
            return np.full(len(X), np.nan)

    ready = Shadow._ready

    def broken(self: Shadow, model: Any) -> Any:
        if model.id == good:
            object.__setattr__(model, "model", Nothing())
        return ready(self, model)

    monkeypatch.setattr(Shadow, "_ready", broken)
    change = town.advance()
    assert change.action == "stop"
    assert change.why == "It gave 400 of 400 scores that are no probability."
    town.days(1)
    assert town.service.stats().decided == 800
    town.close()


def test_a_shadow_process_that_crashes_is_stopped_by_the_service(
    tmp_path: Path, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = models
    monkeypatch.setattr(
        "sevenfold.design.serving._shadow_command",
        lambda *_: (sys.executable, "-c", "import os; os._exit(3)"),
    )
    design = _design()
    design.source = "small.py"
    town = _town(tmp_path, bad, design)
    desk = RolloutDesk(design, tmp_path, lambda: town.now)
    desk.change("shadow", good, who="ana", why="Try it.")
    town.service.refresh()
    town.days(1)
    deadline = time.monotonic() + 20
    while desk.standing().trial is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    last = desk.standing().changes[-1]
    assert (last.action, last.who) == ("stop", "service")
    assert last.why == "Its process ended by itself, with code 3."
    town.days(1)
    town.close()
