"""Rules and lists in a running service: taken up, counted, and remembered by the records."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import sevenfold as sf
from sevenfold.design.backtesting import history_of
from sevenfold.design.policing import PolicyDesk, learned_policy, problem_of
from sevenfold.design.workspace import Workspace
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.lists import ListEntry
from sevenfold.serving.rules.rule import Rule
from sevenfold.serving.thresholds import thresholds
from sevenfold.systems.fraud.events import Payment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sevenfold.serving.record import Decision
    from sevenfold.serving.service import DecisionService

START = 1_769_860_800_000


def _design(**policy: Any) -> sf.Design:
    return sf.Design(
        name="shop",
        events=[Payment],
        features=sf.features(card_count=Payment.count().by(Payment.card).over("1h"), country=Payment.country),
        problem=Problem(goal="Stop fraud.", decision="Approve or not.", review=Cost(fixed=3.0)),
        serving=sf.Serving(durability="normal", policy=sf.Policy(**policy)),
    )


def _desk(design: sf.Design, home: Path) -> PolicyDesk:
    return PolicyDesk(design, Workspace(design, home).home)


def _rule(name: str, text: str, action: Any = "block") -> Rule:
    return Rule(name, text, action, "Because.", "ana", "live")


def _pay(service: DecisionService, number: int, amount: str = "20", country: str | None = "DE") -> Decision:
    return service.decide(
        {
            "payment_id": f"p{number}",
            "occurred_at": START + number * 1_000,
            "card": "c1",
            "merchant": "m1",
            "amount": amount,
            "country": country,
        }
    )


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[sf.Design, Path, DecisionService]]:
    design = _design()
    service = design.engine(home=tmp_path)
    yield design, tmp_path, service
    service.close_now()


def test_a_running_service_takes_up_changes(opened: tuple[sf.Design, Path, DecisionService]) -> None:
    design, home, service = opened
    desk = _desk(design, home)
    assert _pay(service, 1).action == "approve"
    desk.add(_rule("burst", "card_count_1h > 1"))
    second = _pay(service, 2)
    assert (second.action, second.record.rules, second.record.by) == ("block", ("burst",), "rule")
    desk.promote("burst", "retired", "bo")
    assert _pay(service, 3).action == "approve"
    desk.change_list(ListEntry("watch", "card", "c1", "Looks odd.", "ana"))
    fourth = _pay(service, 4)
    assert (fourth.action, fourth.record.lists) == ("review", ("watch:card",))
    policies = [_pay(service, 5).record.policy, second.record.policy, fourth.record.policy]
    assert policies[0] == policies[2] != policies[1]


def test_what_rules_did_is_shown(opened: tuple[sf.Design, Path, DecisionService]) -> None:
    design, home, service = opened
    desk = _desk(design, home)
    desk.add(_rule("abroad", 'country == "NG"'))
    desk.add(_rule("large", "amount > 100", "review"))
    for number, country in enumerate(("NG", "DE", None)):
        _pay(service, number, country=country)
    counts = service.stats().rules
    assert (counts["abroad"].hits, counts["abroad"].unknown, counts["abroad"].errors) == (1, 1, 0)
    assert (counts["large"].hits, counts["large"].broken) == (0, False)


def test_a_rule_that_no_longer_fits_stops_nothing(tmp_path: Path) -> None:
    design = _design()
    desk = _desk(design, tmp_path)
    desk.add(_rule("burst", "card_count_1h > 0"))
    other = sf.Design(
        name="shop",
        events=[Payment],
        features=sf.features(merchant_count=Payment.count().by(Payment.merchant).over("1h")),
        serving=sf.Serving(durability="normal"),
    )
    service = other.engine(home=tmp_path)
    try:
        assert _pay(service, 1).action == "approve"
        assert service.stats().rules["burst"].broken
    finally:
        service.close_now()
    assert [fault.got for fault in _desk(other, tmp_path).book().broken["burst"]] == ["'card_count_1h'"]


def test_the_days_reviews_outlive_a_restart(tmp_path: Path) -> None:
    design = _design(review_capacity_per_day=5)
    _desk(design, tmp_path).add(_rule("look", "amount > 1", "review"))
    for first in (0, 2):
        service = design.engine(home=tmp_path)
        try:
            actions = [_pay(service, number).action for number in (first, first + 1)]
            left = service._worker.pipeline.engine.judge.reviews_left(service.parts.clock_ms())
        finally:
            service.close_now()
        assert actions == ["review", "review"]
        assert left == 5 - first - 2


def test_history_is_what_was_recorded(tmp_path: Path) -> None:
    design = _design()
    service = design.engine(home=tmp_path)
    decisions = [_pay(service, number, country=country) for number, country in enumerate(("NG", None, "DE"))]
    service.close_now()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history, notes = history_of(Workspace(design, tmp_path))
    assert history.features.to_dicts() == [decision.features for decision in decisions]
    assert np.isnan(history.scores).all()
    assert any("declares no label" in note for note in notes)
    assert not any("recorded otherwise" in note for note in notes)


def test_a_training_teaches_scale_and_price() -> None:
    """What is kept makes the reviews of an average test day fit the capacity, and the best of them."""
    design = _design(review_capacity_per_day=7)
    rows, days = 4_000, 10
    rng = np.random.default_rng(5)
    decided = pl.DataFrame(
        {"amount": rng.integers(100, 50_000, rows), "currency": ["EUR"] * rows},
        schema={"amount": pl.Int64, "currency": pl.String},
    )
    score = rng.beta(0.3, 6.0, rows)
    y = (rng.random(rows) < score).astype(np.int8)
    period = SimpleNamespace(test_start=0, test_end=days * 86_400_000)
    half = np.arange(rows)[: rows // 2], np.arange(rows)[rows // 2 :]
    folds = [SimpleNamespace(rows=part, y=y[part], score=score[part], fold=period) for part in half]
    result: Any = SimpleNamespace(chosen=SimpleNamespace(folds=folds))
    learned = learned_policy(design, result, decided, pl.DataFrame({"country": [None] * rows}))
    scale = RiskScale.from_json(learned["risk_scale"])
    assert scale.negatives == int((y == 0).sum())
    price = learned["review_price"]
    assert price > 0
    problem = problem_of(design)
    amounts = decided["amount"].to_numpy() / 100
    reviewed = 0
    for p, amount in zip(score.tolist(), amounts.tolist(), strict=True):
        limits = thresholds(problem.missed.of(amount), problem.false_alarm.of(amount), 3.0 + price)
        reviewed += limits.review_from <= p < limits.block_from
    assert 2 * days * 7 * 0.95 <= reviewed <= 2 * days * 7
    without = learned_policy(_design(), result, decided, pl.DataFrame({"country": [None] * rows}))
    assert without["review_price"] == 0.0
