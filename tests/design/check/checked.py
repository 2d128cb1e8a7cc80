"""A design that a check finds next to nothing in, and ways to spoil it."""

from __future__ import annotations

from typing import Any

import sevenfold as sf
from sevenfold.design.check.check import findings_of
from sevenfold.design.check.facts import Facts, facts_of
from sevenfold.design.check.measure import Stages
from sevenfold.learning.splits import Prequential
from sevenfold.problem.problem import Cost, ServiceLevels


class Order(sf.Event, key="order_id", time="at"):
    """An order."""

    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    total: sf.Money
    colour: sf.Category | None = None


class Return(sf.Event, key="return_id", time="at"):
    """An order came back."""

    return_id: str
    at: sf.Timestamp
    order_id: str
    shop: sf.Entity


STAGES = Stages(
    mean_us={"features": 400.0, "model": 100.0, "policy": 100.0, "record": 400.0, "flush": 2000.0},
    p99_ms=6.0,
    busy_ms=3.0,
    bytes_per_decision=1000.0,
    source="measured: by hand",
)

EXPECTED: dict[str, Any] = {
    "per_day": 10_000,
    "positive_rate": 0.02,
    "amount": 100.0,
    "label_delay_days": 20,
    "entities": {"shop": 1_000},
    "other_events": {"Return": 0.02},
}
BECAUSE = "By hand."


def problem(**more: Any) -> sf.Problem:
    expected = sf.Expected(**(EXPECTED | more.pop("expected", {})))
    given: dict[str, Any] = {
        "goal": "g",
        "decision": "d",
        "missed": Cost(fixed=80.0, because=BECAUSE),
        "false_alarm": Cost(fixed=20.0, because=BECAUSE),
        "review": Cost(fixed=3.0, because=BECAUSE),
        "service_levels": ServiceLevels(latency_p99_ms=50.0, decisions_per_second=200.0, availability=0.999),
        "because": BECAUSE,
    }
    return sf.Problem(**(given | more), expected=expected)


def learning(**more: Any) -> sf.Learning:
    given: dict[str, Any] = {
        "folds": Prequential(test="28d", because=BECAUSE),
        "choose_by": "money_saved",
        "because": BECAUSE,
    }
    return sf.Learning(**(given | more))


def serving(**policy: Any) -> sf.Serving:
    given: dict[str, Any] = {"review_capacity_per_day": 100, "fallback": "review", "because": BECAUSE}
    return sf.Serving(policy=sf.Policy(**(given | policy)), because=BECAUSE)


def design(**more: Any) -> sf.Design:
    """A design that nothing but what is changed is found in."""
    given: dict[str, Any] = {
        "name": "orders",
        "events": [Order, Return],
        "features": sf.features(
            total=Order.total,
            shop_count=Order.count().by(Order.shop).over("1d"),
            shop_returns=Return.count().by(Return.shop).over("30d"),
        ),
        "problem": problem(),
        "label": sf.Label(event=Return, on=Order, key="order_id", matures="30d", because=BECAUSE),
        "learning": learning(),
        "serving": serving(),
        "monitoring": sf.Monitoring(because=BECAUSE),
        "feedback": sf.Feedback(because=BECAUSE),
        "trust": sf.Trust(retention="730d", because=BECAUSE),
        "scale": sf.Scale(because=BECAUSE),
        "because": BECAUSE,
    }
    return sf.Design(**(given | more))


def found(checked: sf.Design | None = None, stages: Stages | None = STAGES, **facts: Any) -> dict[str, Any]:
    """The findings of a design by id, the first of each."""
    known = facts_of(checked if checked is not None else design(), stages)
    if facts:
        known = Facts(**({name: getattr(known, name) for name in Facts.__dataclass_fields__} | facts))
    result: dict[str, Any] = {}
    for one in findings_of(known):
        result.setdefault(one.id, one)
    return result
