"""A world that runs live: it hears what is blocked, and answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sevenfold.errors import UsageError
from sevenfold.systems.fraud.world import LiveWorld, Reviewers, plan, simulate

ORDER = {"payments": 12_000, "seed": 4, "days": 24, "fraud_share": 0.06}


def _run(block, **order):
    """Run a world under a policy; gives the world, what it made beside the truth, and what it told."""
    world = LiveWorld(**{"minutes": 480, **ORDER, **order})
    made, told = [], []
    for step in world:
        beside = step.payments.join(step.truth, on="payment_id", maintain_order="left")
        chosen = block(beside)
        told.append(step.decide(chosen["payment_id"]))
        made.append(beside.with_columns(blocked=pl.col("payment_id").is_in(chosen["payment_id"].to_list())))
    told.append(world.rest())
    events = {kind: pl.concat([part[kind] for part in told]) for kind in told[0]}
    return world, pl.concat(made), events


def _nothing(payments):
    return payments.clear()


def _most_stolen(payments):
    return payments.filter((pl.col("pattern") == "stolen_card") & (pl.col("card").hash(1) % 10 > 0))


def test_where_nothing_is_blocked_it_is_the_world_on_disk(tmp_path, monkeypatch):
    world, made, events = _run(_nothing)
    monkeypatch.setattr(plan, "PER_SLICE", 1)  # a day at a time, as a live world goes on
    simulate(out=tmp_path / "w", **ORDER)
    assert (world.made, world.blocked) == (12_000, 0)
    disk = pl.read_parquet(tmp_path / "w" / "Payment.parquet")
    assert_frame_equal(made.select(disk.columns), disk)
    truth = pl.read_parquet(tmp_path / "w" / "truth.parquet")
    assert_frame_equal(made.select(truth.columns), truth)
    for kind, told in events.items():
        on_disk = pl.read_parquet(tmp_path / "w" / f"{kind}.parquet")
        assert_frame_equal(told.head(on_disk.height), on_disk)
        assert on_disk.height > 100
        assert told.height == on_disk.height or kind == "Refund", (
            "the files hold the refunds of the world's days"
        )


def test_each_step_holds_its_own_time_and_tells_what_happened_by_its_end():
    end, seen = datetime(2026, 1, 1, tzinfo=UTC), 0
    for step in LiveWorld(4_000, 1, days=5, minutes=360):
        assert step.begin == end
        end = step.end
        assert end - step.begin == timedelta(hours=6)
        times = step.payments["occurred_at"]
        assert times.is_sorted()
        assert step.begin <= times.min() <= times.max() < end
        told = step.decide()
        assert (told["Decline"]["declined_at"] < end).all()
        assert (told["Refund"]["refunded_at"] < end).all()
        seen += 1
    assert seen == 20


def test_what_is_blocked_is_never_heard_of_again():
    _, made, events = _run(lambda payments: payments.filter(pl.int_range(pl.len()) % 2 == 0))
    blocked = made.filter("blocked")
    assert blocked.height > 5_000
    for told in events.values():
        assert told.join(blocked, on="payment_id").is_empty()
        assert told.join(made, on="payment_id").height == told.height > 20


def test_the_same_decisions_give_the_same_world():
    (_, one, told), (_, two, again) = _run(_most_stolen), _run(_most_stolen)
    assert_frame_equal(one, two)
    for kind in told:
        assert_frame_equal(told[kind], again[kind])


def test_thieves_turn_to_what_is_blocked_less():
    world, adapted, _ = _run(_most_stolen, days=40, fraud_share=0.1)
    _, stubborn, _ = _run(_most_stolen, days=40, fraud_share=0.1, adapt=False)
    assert stubborn.height == 12_000
    late = pl.col("occurred_at") > datetime(2026, 1, 12, tzinfo=UTC)
    stolen = pl.col("pattern") == "stolen_card"
    attacks = [made.filter(late & stolen)["attack"].n_unique() for made in (adapted, stubborn)]
    assert attacks[0] < 0.85 * attacks[1]
    assert world.thieves.heat[2] > 0.5
    assert world.thieves.given_up > 0
    got_through = [made.filter(stolen & ~pl.col("blocked")).height for made in (adapted, stubborn)]
    assert adapted.filter(stolen).height < 0.8 * stubborn.filter(stolen).height
    assert got_through[0] > 0


def test_who_has_bought_cards_cannot_turn_to_what_is_not_sold():
    def attacks(made):
        return made.filter("is_fraud").group_by("pattern").agg(pl.col("attack").n_unique()).rows()

    _, adapted, _ = _run(_most_stolen, days=40, fraud_share=0.1)
    _, stubborn, _ = _run(_most_stolen, days=40, fraud_share=0.1, adapt=False)
    before, after = dict(attacks(stubborn)), dict(attacks(adapted))
    for name in ("refund_abuse", "mule_chain", "colluding_merchant", "lost_card"):
        assert after[name] <= before[name], name
    assert any(after[name] > before[name] for name in ("card_testing", "account_takeover", "device_ring"))


def test_an_attack_that_is_blocked_changes_its_devices_sums_and_pace():
    def rings(payments):
        return payments.filter(pl.col("pattern") == "device_ring")

    world, adapted, _ = _run(rings, days=60, minutes=240)
    _, stubborn, _ = _run(rings, days=60, minutes=240, adapt=False)
    assert world.thieves.changed > 0
    ring = pl.col("pattern") == "device_ring"
    each = [
        made.filter(ring)
        .group_by("attack")
        .agg(pl.len(), pl.col("device").n_unique(), pl.col("amount").cast(float).median())
        .filter(pl.col("len") > 5)
        for made in (adapted, stubborn)
    ]
    assert each[0]["device"].mean() > each[1]["device"].mean() + 1
    assert each[0]["amount"].median() < 0.8 * each[1]["amount"].median()
    assert adapted.filter(ring).height < stubborn.filter(ring).height


def test_honest_customers_who_are_blocked_try_again_or_leave():
    def some(payments):
        return payments.filter(~pl.col("is_fraud") & (pl.col("merchant").hash(3) % 10 == 0))

    world, made, _ = _run(some)
    assert world.customers.left.sum() > 3
    online = made.filter(pl.col("blocked") & (pl.col("channel") == "online"))
    twice = made.join(online, on=["card", "merchant", "amount", "device"], suffix="_first")
    wait = (twice["occurred_at"] - twice["occurred_at_first"]).dt.total_minutes()
    assert (wait.is_between(1, 500)).sum() > 0.25 * online.height
    assert made.height != 12_000


@pytest.mark.parametrize("minutes", [0, 7, 2_880])
def test_steps_that_make_no_day_are_refused(minutes):
    with pytest.raises(UsageError, match=f"minutes: expected a whole part of 1440, got {minutes}"):
        LiveWorld(10, 1, minutes=minutes)


def test_an_impossible_world_does_not_run_live_either():
    with pytest.raises(UsageError, match="payments: expected 0 or more, got -1"):
        LiveWorld(-1, 1)


def test_decisions_about_other_payments_and_second_decisions_are_refused():
    steps = iter(LiveWorld(2_000, 1, days=4, minutes=720))
    first = next(steps)
    with pytest.raises(UsageError) as raised:
        first.decide(["pay_other", "pay_another"])
    assert [str(fault) for fault in raised.value.faults] == [
        "step of 2026-01-01 00:00: expected ids of its payments, got 'pay_another'",
        "step of 2026-01-01 00:00: expected ids of its payments, got 'pay_other'",
    ]
    first.decide()
    with pytest.raises(UsageError, match="one decision, before the next step begins, got another one"):
        first.decide()
    second = next(steps)
    next(steps)
    with pytest.raises(UsageError, match="step of 2026-01-01 12:00: expected one decision"):
        second.decide()


@pytest.mark.parametrize(
    "order", [{"payments": 0}, {"payments": 50, "customers": 1}, {"payments": 300, "fraud_share": 1.0}]
)
def test_worlds_at_the_edge_run_live(order):
    world = LiveWorld(**{"seed": 1, "days": 3, "minutes": 480, **order})
    heard = [step.decide(step.payments["payment_id"]) for step in world]
    assert len(heard) == 9
    assert world.blocked == world.made
    assert all(frame.is_empty() for told in [*heard, world.rest()] for frame in told.values())


AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def _asked(count):
    return pl.DataFrame(
        {"payment_id": [f"pay_{i}" for i in range(count)], "is_fraud": [i % 3 == 0 for i in range(count)]},
        schema={"payment_id": pl.String, "is_fraud": pl.Boolean},
    )


def test_reviewers_are_right_nineteen_times_of_twenty():
    asked = _asked(6_000)
    verdicts = Reviewers(seed=1).look(asked, AT)
    both = verdicts.join(asked, on="payment_id")
    assert both.height == 6_000
    assert 0.94 < (both["fraud"] == both["is_fraud"]).mean() < 0.96
    each = both.group_by("reviewer").agg((pl.col("fraud") == pl.col("is_fraud")).mean())
    assert each.height == 5
    assert each["fraud"].min() > 0.92
    wait = (verdicts["reviewed_at"] - AT).dt.total_minutes()
    assert verdicts["reviewed_at"].is_sorted()
    assert wait.min() >= 0
    assert 35 < wait.median() < 45
    assert verdicts["review_id"].is_unique().all()


def test_a_reviewer_says_the_same_twice_and_others_err_elsewhere():
    asked = _asked(500)
    one, again, other = (Reviewers(seed=seed).look(asked, AT) for seed in (1, 1, 2))
    assert_frame_equal(one, again)
    alone = Reviewers(seed=1).look(asked.slice(17, 1), AT)
    assert_frame_equal(alone, one.filter(pl.col("payment_id") == "pay_17"))
    wrong = [
        set(verdicts.join(asked, on="payment_id").filter(pl.col("fraud") != pl.col("is_fraud"))["payment_id"])
        for verdicts in (one, other)
    ]
    assert wrong[0] != wrong[1]


@pytest.mark.parametrize(("right", "share"), [(1.0, 1.0), (0.0, 0.0)])
def test_reviewers_may_be_perfect_or_always_wrong(right, share):
    asked = _asked(50)
    both = Reviewers(seed=1, right=right).look(asked, AT).join(asked, on="payment_id")
    assert (both["fraud"] == both["is_fraud"]).mean() == share


def test_reviewers_without_work_say_nothing():
    verdicts = Reviewers(seed=1).look(_asked(0), AT)
    assert verdicts.is_empty()
    assert verdicts.columns == ["review_id", "reviewed_at", "payment_id", "reviewer", "fraud"]


def test_reviewers_who_cannot_work_are_refused():
    with pytest.raises(UsageError) as raised:
        Reviewers(seed=1, right=1.5, count=0, minutes=0)
    assert str(raised.value).splitlines() == [
        "These reviewers can't work.",
        "  - right: expected a share from 0 to 1, got 1.5",
        "  - count: expected 1 or more, got 0",
        "  - minutes: expected more than 0, got 0",
    ]
    with pytest.raises(UsageError, match=r"asked\.is_fraud: expected Boolean, got none"):
        Reviewers(seed=1).look(pl.DataFrame({"payment_id": ["a"]}), AT)
