"""Many events judged together get the verdicts that they get one after the other, whatever the policy."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from orders import NAMES, SHEET, Order

from sevenfold.learning.risk_scale import RiskScale
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.judge import PolicyJudge
from sevenfold.serving.lists import LISTS, ListEntry
from sevenfold.serving.policy import Control, Policy
from sevenfold.serving.rules.rule import Rule
from sevenfold.serving.verdict import ACTIONS, Asked, Verdict

DAY = 86_400_000
SCALE = RiskScale.learn([0] * 500 + [1], [i / 500 for i in range(500)] + [0.995])


def _cost(chance: random.Random) -> Cost:
    return Cost(
        fixed=chance.choice([0.0, 0.1, 2.0, chance.uniform(0, 40)]),
        share=chance.choice([0.0, 1.0, 0.02, chance.random()]),
    )


def _problem(chance: random.Random) -> Problem:
    found = Problem(
        goal="Stop fraud.", decision="Approve or not.", missed=_cost(chance), false_alarm=_cost(chance),
        review=_cost(chance),
    )  # fmt: skip
    return (
        found if chance.random() < 0.8 else replace(found, missed=Cost(expression="amount * 0.3 + count_1h"))
    )


def _policy(chance: random.Random) -> Policy:
    control = Control(share=0.4, below=chance.choice([50.0, 1e9]), by=("cost", "rule", "list"))
    return Policy(
        review_capacity_per_day=chance.choice([None, 0, 1, 7, 40]),
        review_catches=chance.choice([1.0, 0.7]),
        control=chance.choice([None, control]),
        watch=chance.choice(ACTIONS),
        fallback=chance.choice(ACTIONS),
    )


def _rules(chance: random.Random) -> list[Rule]:
    texts = ("amount > 50", "score > 0.7", "risk_score < 100", 'card == "c1"', "count_1h > 5 and amount < 30")
    return [
        Rule(f"r{number}", text, chance.choice(ACTIONS), "Because.", "ana", chance.choice(["live", "shadow"]))
        for number, text in enumerate(chance.sample(texts, chance.randrange(len(texts) + 1)))
    ]


def _lists(chance: random.Random) -> list[ListEntry]:
    return [
        ListEntry(name, "card", f"c{chance.randrange(6)}", "Seen.", "ana", chance.choice([None, DAY]))
        for name in chance.sample(LISTS, chance.randrange(4))
    ]


def _judge(seed: int) -> PolicyJudge:
    chance = random.Random(seed)
    given: dict[str, Any] = {"review_price": chance.choice([0.0, 1.5])}
    if chance.random() < 0.8:
        given |= {"scale": SCALE, "control_key": b"k" * 32}
    judge = PolicyJudge(SHEET, _policy(chance), _problem(chance), **given)
    for rule in _rules(chance):
        judge.book.take(rule)
    for entry in _lists(chance):
        judge.lists.take(entry)
    return judge


def _asked(chance: random.Random, count: int) -> tuple[Asked, list[str]]:
    rows = [
        Order.__convert__(
            {"order_id": f"o{i}", "at": i, "card": f"c{chance.randrange(6)}", "device": None,
             "amount": chance.choice(["0", "12.34", "50", f"{chance.randrange(10**6)}", "0.01"])}
        )
        for i in range(count)
    ]  # fmt: skip
    features = [dict.fromkeys(NAMES, 1.0) | {"before": None, "count_1h": chance.randrange(9)} for _ in rows]
    scores = np.array([chance.choice([chance.random(), chance.random() ** 6, 0.0, 1.0]) for _ in rows])
    if chance.random() < 0.3:
        scores[chance.randrange(count)] = np.nan
    return Asked(rows, features, None if chance.random() < 0.1 else scores), [f"o{i}" for i in range(count)]


def _one_by_one(judge: PolicyJudge, asked: Asked, ids: list[str], now: int) -> list[Verdict]:
    return [
        judge.judge(
            Asked([row], [features], None if asked.scores is None else asked.scores[i : i + 1]), [ids[i]], now
        )[0]
        for i, (row, features) in enumerate(zip(asked.rows, asked.features, strict=True))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_together_as_one_by_one(seed: int) -> None:
    chance = random.Random(1000 + seed)
    together, apart = _judge(seed), _judge(seed)
    for now in (5, 6, DAY, 2 * DAY):
        asked, ids = _asked(chance, chance.randrange(8, 60))
        assert together.judge(asked, ids, now) == _one_by_one(apart, asked, ids, now)
        assert together.reviews_left(now) == apart.reviews_left(now)
    assert together.rule_counts() == apart.rule_counts()


def test_the_policies_drawn_here_bring_about_everything() -> None:
    seen: set[object] = set()
    for seed in range(60):
        judge, chance = _judge(seed), random.Random(1000 + seed)
        for verdict in judge.judge(*_asked(chance, 50), 5):
            seen |= {verdict.action, verdict.by, ("control", verdict.control is not None)}
    assert seen >= {*ACTIONS, "list", "rule", "cost", "control", "fallback", ("control", True)}


def test_amounts_beyond_exact_doubles_are_judged_one_by_one() -> None:
    judge = _judge(3)
    rows = [
        Order.__convert__(
            {"order_id": "o", "at": 0, "card": "c", "device": None, "amount": "90071992547409.91"}
        )
    ] * 9
    asked = Asked(rows, [dict.fromkeys(NAMES, 1.0) | {"before": None, "count_1h": 1}] * 9, np.full(9, 0.3))
    ids = [f"o{i}" for i in range(9)]
    assert judge.judge(asked, ids, 5) == _one_by_one(_judge(3), asked, ids, 5)
