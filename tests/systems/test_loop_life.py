"""A world that a service decides day by day, what its days cost, and how two ways to decide are compared."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import sevenfold as sf
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.systems.fraud.loop.door import Clock
from sevenfold.systems.fraud.loop.ledger import SCHEMA, Ledger
from sevenfold.systems.fraud.loop.life import Life
from sevenfold.systems.fraud.loop.past import live_past
from sevenfold.systems.fraud.loop.picture import draw
from sevenfold.systems.fraud.loop.verdict import judged
from sevenfold.systems.fraud.world import LiveWorld
from sevenfold.systems.fraud.world.reviewers import Reviewers


class _Plain:
    """Blocks what is dear, has what is rather dear reviewed, and remembers what it is told."""

    def __init__(self, clock):
        self.clock, self.times, self.told = clock, [], []

    def decide(self, payments):
        self.times += [(time, self.clock()) for time in payments["occurred_at"].dt.epoch("ms")]
        amount = pl.col("amount").cast(pl.Float64)
        action = pl.when(amount > 300).then(pl.lit("block")).when(amount > 200).then(pl.lit("review"))
        return payments.select("payment_id", action=action.otherwise(pl.lit("approve")), score=amount / 1e6)

    def tell(self, event, frame):
        self.told += [(event, key) for key in frame["payment_id"]]


def _world():
    return LiveWorld(4_000, 5, days=10, start=date(2026, 1, 1), fraud_share=0.05, minutes=360)


def test_a_life_goes_by_days_and_nothing_is_heard_of_what_was_stopped():
    clock, world, said = Clock(), _world(), []
    door = _Plain(clock)
    days = list(Life(world, door, clock, Reviewers(1), said.append).days(iter(world)))
    assert [day.number for day in days] == [*range(10)]
    assert all(time < now for time, now in door.times), "a payment is decided when its step is over"
    decided = pl.concat([day.decided for day in days])
    assert decided.height == world.made
    assert decided.filter(pl.col("action") == "block")["stopped"].all()
    assert not decided.filter(pl.col("action") == "approve")["stopped"].any()
    reviewed = decided.filter(pl.col("action") == "review")
    verdicts = pl.concat(said)
    assert sorted(verdicts["payment_id"]) == sorted(reviewed["payment_id"])
    found = verdicts.filter("fraud")["payment_id"]
    assert sorted(reviewed.filter("stopped")["payment_id"]) == sorted(found)
    stopped = set(decided.filter("stopped")["payment_id"])
    assert stopped
    assert not stopped & {key for _, key in door.told}


def test_the_past_is_the_world_in_which_nothing_was_blocked(tmp_path):
    design, world, whole = sf.load("fraud"), _world(), _world()
    with SqliteEventLog(tmp_path / "log.sqlite") as log:
        live_past(log, design.events, iter(world), 10, 360)
        entries = list(log.read(0))
    made = [key for step in whole for key in (step.payments["payment_id"].to_list(), step.decide(()))[0]]
    assert [entry.key for entry in entries if entry.event == "Payment"] == made
    assert all(entry.arrived_ms == entry.time_ms for entry in entries)
    assert {entry.event for entry in entries} == {"Payment", "Decline", "Refund", "Chargeback"}


def test_a_day_costs_what_went_through_what_was_turned_away_and_the_reviews():
    problem = sf.load("fraud").problem
    ledger = Ledger(problem, "ring")
    decided = pl.DataFrame(
        {
            "amount": [100.0, 50.0, 10.0, 30.0],
            "is_fraud": [True, False, True, True],
            "pattern": ["ring", "ordinary", "card_testing", "ring"],
            "action": ["approve", "review", "review", "block"],
            "stopped": [False, True, False, True],
        }
    )
    ledger.add(3, decided)
    (row,) = ledger.frame().rows(named=True)
    assert row["day"] == 3
    assert row["missed"] == (100 + 20) + (10 + 20)
    assert row["false_alarms"] == pytest.approx(50 * 0.02 + 5)
    assert row["review_time"] == 2 * 3.0
    assert row["lost"] == pytest.approx(row["missed"] + row["false_alarms"] + row["review_time"])
    assert (row["new_frauds"], row["new_stopped"], row["new_missed"]) == (2, 1, 120)
    assert (row["frauds"], row["stopped"], row["honest_stopped"]) == (3, 1, 1)


def _ledger(lost):
    columns = {name: [0] * len(lost) for name in SCHEMA}
    return pl.DataFrame({**columns, "day": range(len(lost)), "lost": lost}).cast(SCHEMA)


def test_what_is_won_back_is_a_share_of_what_the_new_pattern_cost():
    days = np.arange(90)
    frozen = np.where(days < 45, 100.0, 300.0)
    loop = np.where(days < 45, 100.0, np.where(days < 66, 300.0, 150.0))
    verdict = judged(_ledger(frozen), _ledger(loop), 45)
    assert verdict.extra == 200
    assert verdict.won_back == pytest.approx((0.75, 0.75, 0.75))
    assert verdict.worse == (0, 0, 0)
    assert verdict.met


def test_a_loop_that_is_worse_on_quiet_days_has_failed():
    days, chance = np.arange(90), np.random.default_rng(1)
    frozen = np.where(days < 45, 100.0, 300.0) + chance.normal(0, 5, 90)
    loop = np.where(days < 45, 120.0, 100.0) + chance.normal(0, 5, 90)
    verdict = judged(_ledger(frozen), _ledger(loop), 45)
    assert verdict.won_back[0] > 0.9
    assert verdict.worse[1] > 10
    assert not verdict.met


def test_the_trial_is_drawn(tmp_path):
    lost = _ledger(np.linspace(100, 300, 90))
    path = draw(lost, lost, 45, [50, 60], tmp_path / "loop.png", "what there is to see")
    assert path.stat().st_size > 10_000
