"""The measurement of drift: which worlds there are, what is counted, and one small world from end to end."""

from __future__ import annotations

from collections import Counter

import pytest

from sevenfold.systems.fraud.drift import Outcome, Summary, drift_markdown, measure, orders
from sevenfold.systems.fraud.drift.worlds import FIRST_DAY, KINDS, Order


def outcome(kind: str, alarms: list[int], *, first: int = 0, seed: int = 1) -> Outcome:
    told = [(day, "drift", "amount", "amount is not what it was") for day in alarms]
    return Outcome(f"{kind} {seed}", kind, "x_y", first, seed, 90, told, [10.0] * 45, 4.0, 2.0)


def test_every_seed_has_a_quiet_world_and_one_of_each_kind():
    found = orders(20, 50_000)
    assert Counter("quiet" if one.turn is None else one.turn.kind for one in found) == {
        "quiet": 20,
        **dict.fromkeys(KINDS, 20),
    }
    names = {(one.turn.kind, one.turn.name) for one in found if one.turn is not None}
    assert names == {(kind, name) for kind, names in KINDS.items() for name, _ in names}
    assert all(not list(one.turn.faults(195)) for one in found if one.turn is not None)
    assert len({one.key for one in found}) == len(found)


def test_alarms_of_one_day_are_one_and_delays_count_from_the_first_day():
    outcomes = [
        outcome("quiet", [100, 100, 165]),
        outcome("wave", [120, 152], first=FIRST_DAY),
        outcome("wave", [120], first=FIRST_DAY, seed=2),
    ]
    assert outcomes[1].noticed() == 3
    assert outcomes[1].noticed(outcome("quiet", [160])) == 3
    assert outcomes[1].noticed(outcome("quiet", [155])) is None
    summary = Summary.of(outcomes)
    assert (summary.quiet_days, summary.alarms, summary.by_chance) == (90, 2, 1.0)
    assert summary.alarms_per_30_days == pytest.approx(2 / 3)
    assert summary.rows() == [("wave x y", 2, 1, "3", "240")]
    text = drift_markdown(outcomes)
    assert "Not noticed: wave x\\_y, seed 2." in text
    assert "drift amount 3" in text
    assert [Outcome.from_json(one.to_json()) for one in outcomes] == outcomes


def test_a_lost_field_is_noticed_in_a_small_world():
    order = next(one for one in orders(20, 30_000) if one.turn is not None and one.turn.name == "country")
    lost = measure(Order(order.seed, 30_000, type(order.turn)("outage", "country", 150, 195, 0.9)))
    assert lost.noticed() is not None
    assert lost.noticed() <= 3
    assert any(
        kind == "drift" and "country" in subject for day, kind, subject, _ in lost.alarms if day >= 150
    )
    assert lost.event_us > 0
