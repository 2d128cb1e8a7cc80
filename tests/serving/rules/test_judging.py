"""Lists, rules, costs, capacity and control group, in this order of weight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders import NAMES, SHEET, Order

import sevenfold as sf
from sevenfold.errors import DesignError
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.control import draw
from sevenfold.serving.judge import PolicyJudge
from sevenfold.serving.lists import ListEntry
from sevenfold.serving.policy import Control, Policy
from sevenfold.serving.rules.rule import Rule
from sevenfold.serving.thresholds import review_gains, review_price, thresholds
from sevenfold.serving.verdict import Asked, Verdict

DAY = 86_400_000
PROBLEM = Problem(
    goal="Stop fraud.",
    decision="Approve or not.",
    missed=Cost(share=1.0),
    false_alarm=Cost(fixed=10.0),
    review=Cost(fixed=2.0),
)  # of 100: reviewed from 0.02, blocked from 0.8
EMPTY = dict.fromkeys(NAMES, 1.0) | {"before": None, "count_1h": 7}


def _judge(policy: Policy | None = None, problem: Problem = PROBLEM, **given: Any) -> PolicyJudge:
    return PolicyJudge(SHEET, policy or Policy(), problem, **given)


def _row(amount: Any = "100", card: str = "c1", device: str | None = None) -> tuple[Any, ...]:
    return Order.__convert__({"order_id": "o", "at": 0, "card": card, "device": device, "amount": amount})


def _decide(judge: PolicyJudge, *scores: float | None, now: int = 0, **row: Any) -> list[Verdict]:
    given = None if scores[0] is None else np.array(scores, dtype=np.float64)
    count = len(scores)
    return judge.judge(
        Asked([_row(**row)] * count, [EMPTY] * count, given), [f"o{i}" for i in range(count)], now
    )


def _actions(judge: PolicyJudge, *scores: float | None, **given: Any) -> list[str]:
    return [verdict.action for verdict in _decide(judge, *scores, **given)]


def _rule(name: str, action: Any, state: Any = "live", text: str = "amount > 50") -> Rule:
    return Rule(name, text, action, "Because.", "ana", state)


PARTS = st.floats(0, 500)


@given(
    p=st.floats(0, 1), missed=PARTS, alarm=PARTS, review=PARTS, catches=st.floats(0.1, 1), able=st.booleans()
)
def test_the_action_is_the_one_that_is_expected_to_cost_least(
    p: float, missed: float, alarm: float, review: float, catches: float, able: bool
) -> None:
    limits = thresholds(missed, alarm, review, catches, reviews=able)
    assert limits.review_from <= limits.block_from
    action = "block" if p >= limits.block_from else "review" if p >= limits.review_from else "approve"
    costs = {"approve": p * missed, "block": (1 - p) * alarm}
    if able:
        costs["review"] = review + p * (1 - catches) * missed
    assert able or action != "review"
    assert costs[action] <= min(costs.values()) + 1e-6


def test_costs_set_the_thresholds_of_each_event() -> None:
    judge = _judge()
    assert _actions(judge, 0.019, 0.021, 0.79, 0.81) == ["approve", "review", "review", "block"]
    assert _actions(judge, 0.021, amount="50") == ["approve"]
    (verdict,) = _decide(judge, 0.5)
    assert (verdict.review_from, verdict.block_from, verdict.by, verdict.would_be) == (
        0.02, 0.8, "cost", "review",
    )  # fmt: skip


def test_a_cost_may_be_an_expression() -> None:
    text = replace(PROBLEM, missed=Cost(expression="amount if count_1h > 5 else 1", fixed=7.0))
    declared = replace(PROBLEM, missed=Cost(expression=sf.feature("count_1h") * 0 + Order.amount, fixed=7.0))
    for problem in (text, declared):
        assert _actions(_judge(problem=problem), 0.019, 0.021, 0.81) == ["approve", "review", "block"]
    null = replace(PROBLEM, missed=Cost(expression="items * 1.0", fixed=100.0))
    assert _decide(_judge(problem=null), 0.5)[0].review_from == 0.02
    with pytest.raises(DesignError, match=r"problem\.missed, line 1, column 1: expected a field"):
        _judge(problem=replace(PROBLEM, missed=Cost(expression="amuont")))
    with pytest.raises(DesignError, match=r"problem\.missed: expected a share or an expression, got both"):
        replace(PROBLEM, missed=Cost(expression="amount", share=0.5))


def test_no_more_is_reviewed_in_a_day_than_people_can() -> None:
    judge = _judge(Policy(review_capacity_per_day=2))
    assert _actions(judge, 0.5, 0.5, 0.05, 0.5, now=5) == ["review", "review", "approve", "block"]
    assert (judge.reviews_left(5), judge.reviews_left(DAY)) == (0, 2)
    assert _actions(judge, 0.5, now=DAY) == ["review"]
    again = _judge(Policy(review_capacity_per_day=2))
    for action in ("review", "approve", "review"):
        again.recall(action, 5)
    assert _actions(again, 0.5, now=6) == ["block"]


def test_rules_and_watch_lists_take_from_the_same_capacity_and_are_not_bound_by_it() -> None:
    judge = _judge(Policy(review_capacity_per_day=1))
    judge.book.take(_rule("look", "review"))
    assert _actions(judge, 0.0, 0.0) == ["review", "review"]
    assert judge.reviews_left(0) == 0


def test_the_price_of_a_review_leaves_the_capacity_to_those_that_save_most() -> None:
    gains = np.array([5.0, 1.0, 3.0, -2.0, 4.0, 2.0])
    assert review_price(gains, days=1, capacity=None) == 0.0
    assert review_price(gains, days=1, capacity=9) == 0.0
    price = review_price(gains, days=2, capacity=1)
    assert price == 3.0
    assert (gains > price).sum() == 2
    p = np.array([0.5, 0.03])
    saved = review_gains(p, np.full(2, 100.0), np.full(2, 10.0), np.full(2, 2.0))
    assert saved.tolist() == pytest.approx([3.0, 1.0])
    judge = _judge(Policy(review_capacity_per_day=1), review_price=2.0)
    assert _actions(judge, 0.03, 0.5) == ["approve", "review"]


@pytest.mark.parametrize(
    ("rules", "score", "action", "by"),
    [
        ({"a": "block"}, 0.0, "block", "rule"),
        ({"a": "review"}, 0.0, "review", "rule"),
        ({"a": "review"}, 0.9, "block", "cost"),
        ({"a": "approve"}, 0.9, "approve", "rule"),
        ({"a": "approve", "b": "review"}, 0.0, "review", "rule"),
        ({"a": "review", "b": "block"}, 0.0, "block", "rule"),
    ],
)
def test_the_strictest_live_rule_and_the_costs(
    rules: dict[str, str], score: float, action: str, by: str
) -> None:
    judge = _judge()
    for name, wanted in rules.items():
        judge.book.take(_rule(name, wanted))
    (verdict,) = _decide(judge, score)
    assert (verdict.action, verdict.by, verdict.rules) == (action, by, tuple(rules))


def test_a_shadow_rule_is_recorded_and_does_nothing() -> None:
    judge = _judge()
    judge.book.take(_rule("quiet", "block", "shadow"))
    judge.book.take(_rule("old", "block", "retired"))
    (verdict,) = _decide(judge, 0.0)
    assert (verdict.action, verdict.rules, verdict.shadow_rules) == ("approve", (), ("quiet",))


def test_rules_see_score_and_risk_score() -> None:
    judge = _judge(scale=RiskScale.learn(np.zeros(1000), np.arange(1000) / 1000))
    judge.book.take(_rule("risky", "block", text="risk_score >= 500 and model.score > 0.9"))
    verdicts = _decide(judge, 0.985, 0.995)
    assert [(verdict.risk_score, verdict.rules) for verdict in verdicts] == [(455, ()), (575, ("risky",))]


def test_lists_come_first_deny_before_allow_before_watch() -> None:
    judge = _judge()
    judge.book.take(_rule("look", "review"))
    judge.lists.take(ListEntry("watch", "device", "d1"))
    judge.lists.take(ListEntry("allow", "card", "good"))
    judge.lists.take(ListEntry("deny", "device", "bad"))
    assert _decide(judge, 0.9, card="good")[0].action == "approve"
    (verdict,) = _decide(judge, 0.0, card="good", device="bad")
    assert (verdict.action, verdict.by, verdict.lists) == ("block", "list", ("deny:device", "allow:card"))
    quiet = _judge()
    quiet.lists.take(ListEntry("watch", "device", "d1", expires_at=100))
    assert [_decide(quiet, 0.0, device="d1", now=now)[0].action for now in (99, 100)] == ["review", "approve"]
    quiet.lists.take(ListEntry("watch", "device", "d1", listed=False, version=2))
    assert _decide(quiet, 0.0, device="d1")[0].lists == ()


def test_without_a_score_rules_and_lists_decide() -> None:
    judge = _judge(Policy(fallback="review"))
    judge.book.take(_rule("big", "block", text="amount > 200"))
    judge.book.take(_rule("scored", "block", text="not (score < 0.5)"))
    for scores in ((None,), (float("nan"),)):
        (verdict,) = _decide(judge, *scores)
        assert (verdict.action, verdict.by, verdict.fallback, verdict.risk_score) == (
            "review", "fallback", True, None,
        )  # fmt: skip
        assert _decide(judge, *scores, amount="300")[0].by == "rule"


def test_the_control_group_is_drawn_by_the_key_alone() -> None:
    policy = Policy(control=Control(share=0.25, below=150.0))
    judge, key = _judge(policy, control_key=b"k" * 32), b"k" * 32
    verdicts = _decide(judge, *[0.9] * 400)
    drawn = [verdict.control is not None for verdict in verdicts]
    assert drawn == [draw(key, f"o{i}") < 0.25 for i in range(400)]
    assert 70 < sum(drawn) < 130
    assert _decide(_judge(policy, control_key=key), *[0.9] * 400) == verdicts
    (one, *_) = [verdict for verdict in verdicts if verdict.control is not None]
    assert (one.action, one.would_be, one.by, one.control) == ("approve", "block", "control", 0.25)
    assert not any(verdict.control for verdict in _decide(judge, *[0.9] * 400, amount="150"))
    assert not any(verdict.control for verdict in _decide(judge, *[0.5] * 400))
    assert not any(verdict.control for verdict in _decide(_judge(policy), *[0.9] * 400))


def test_the_control_group_draws_from_whom_it_says() -> None:
    key = b"k" * 32
    for by, drawn in ((("cost",), False), (("rule", "list"), True)):
        judge = _judge(Policy(control=Control(share=0.5, below=999, by=by)), control_key=key)
        judge.book.take(_rule("stop", "block"))
        assert any(verdict.control for verdict in _decide(judge, *[0.0] * 50)) is drawn
        judge.lists.take(ListEntry("deny", "card", "c1"))
        assert any(verdict.control for verdict in _decide(judge, *[0.0] * 50)) is drawn


def test_a_version_tells_policies_apart() -> None:
    versions = [
        _judge().version,
        _judge(Policy(watch="block")).version,
        _judge(problem=replace(PROBLEM, review=Cost(fixed=3.0))).version,
        _judge(review_price=1.0).version,
        _judge(scale=RiskScale.learn([0], [0.5])).version,
    ]
    judge = _judge()
    judge.book.take(_rule("look", "review"))
    assert len({*versions, judge.version}) == 6
    assert _judge().version == versions[0]


def test_an_update_from_the_log_acts_at_once() -> None:
    from sevenfold.data.log import LogEntry

    judge = _judge()
    assert _actions(judge, 0.0) == ["approve"]
    for offset, new in enumerate((_rule("stop", "block").entry(), ListEntry("allow", "card", "vip").entry())):
        judge.update(LogEntry(offset, new.event, new.key, new.time_ms, 0, new.body))
    judge.update(LogEntry(2, "Order", "o", 0, 0, b"{}"))
    assert _actions(judge, 0.0) == ["block"]
    assert _actions(judge, 0.9, card="vip") == ["approve"]


def test_one_at_a_time_and_together_decide_alike() -> None:
    policy = Policy(review_capacity_per_day=3, control=Control(share=0.3, below=500))
    scores = [i / 40 for i in range(40)]
    together, single = (_judge(policy, control_key=b"z" * 32) for _ in range(2))
    for judge in (together, single):
        judge.book.take(_rule("look", "review", text="score > 0.3 and score < 0.4"))
    rows, ids = [_row() for _ in scores], [f"o{i}" for i in range(40)]
    expected = together.judge(Asked(rows, [EMPTY] * 40, np.array(scores)), ids, 0)
    assert [
        single.judge(Asked(rows[:1], [EMPTY], np.array([score])), [id_], 0)[0]
        for score, id_ in zip(scores, ids, strict=True)
    ] == expected


@pytest.mark.parametrize(
    ("declare", "text"),
    [
        (
            lambda: Policy(review_capacity_per_day=-1),
            "review_capacity_per_day: expected a whole number",
        ),
        (lambda: Policy(review_catches=0), "policy.review_catches: expected above 0 and at most 1, got 0"),
        (lambda: Policy(watch="stop"), "policy.watch: expected one of approve, review, block, got 'stop'"),  # type: ignore[arg-type]
        (lambda: Control(share=0.9, below=1), "control.share: expected above 0 and at most 0.5, got 0.9"),
        (lambda: Control(share=0.1, below=0), "control.below: expected an amount above 0, got 0"),
        (lambda: Control(share=0.1, below=1, by=("luck",)), "control.by: expected .*, got 'luck'"),  # type: ignore[arg-type]
        (
            lambda: _judge(Policy(amount="country")),
            "policy.amount: expected a field of Order",
        ),
    ],
)
def test_what_cannot_be_declared(declare: Any, text: str) -> None:
    with pytest.raises(DesignError, match=text):
        declare()
