"""Ordinary life: what follows payments, subscriptions, opening hours, seasons, sales, accounts that grow."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from sevenfold.systems.fraud.world.batch import CHANNELS, NEVER, REASONS, SHOP, SUBSCRIPTION, Batch
from sevenfold.systems.fraud.world.categories import NAMES
from sevenfold.systems.fraud.world.clock import DAY, HOUR
from sevenfold.systems.fraud.world.countries import COUNTRIES, UTC_OFFSET
from sevenfold.systems.fraud.world.course import Course
from sevenfold.systems.fraud.world.plan import Plan
from sevenfold.systems.fraud.world.subscriptions import Subscriptions


@pytest.fixture(scope="session")
def year():
    """A year as numbers: the course and all its payments."""
    course = Course(Plan(250_000, 5, days=365, start=date(2026, 1, 1), fraud_share=0.02, customers=4_000))
    return course, Batch.concat([course.payments(piece) for piece in course.plan.slices()])


@pytest.fixture(scope="session")
def followed(world, world_report):
    """The payments of a world with their declines and refunds, where they have any."""
    payments, chargebacks, truth = world
    declines, refunds = (
        pl.read_parquet(world_report.out / f"{name}.parquet") for name in ("Decline", "Refund")
    )
    table = (
        payments.join(truth, on="payment_id", maintain_order="left")
        .join(declines.select("payment_id", "declined_at", "reason"), on="payment_id", how="left")
        .join(
            refunds.select("payment_id", "refunded_at", back="amount"),
            on="payment_id",
            how="left",
        )
        .join(chargebacks.select("payment_id", "reported_at"), on="payment_id", how="left")
    )
    return table, declines, refunds


def test_every_event_is_told_in_time_once_and_counted(followed, world_report):
    table, declines, refunds = followed
    assert table.height == 120_000
    assert (declines.height, refunds.height) == (world_report.declines, world_report.refunds)
    for frame, name, at in ((declines, "decline_id", "declined_at"), (refunds, "refund_id", "refunded_at")):
        assert frame[at].is_sorted()
        assert frame[name].is_unique().all()
        assert frame["payment_id"].is_unique().all()
        own = frame.join(table.select("payment_id", "card", "merchant"), on="payment_id", suffix="_paid")
        assert own.height == frame.height
        assert (own["card"] == own["card_paid"]).all()
        assert (own["merchant"] == own["merchant_paid"]).all()


def test_an_issuer_declines_within_seconds_and_then_nothing_follows(followed):
    table, declines, _ = followed
    refused = table.filter(pl.col("reason").is_not_null())
    wait = (refused["declined_at"] - refused["occurred_at"]).dt.total_milliseconds()
    assert 200 <= wait.min() <= wait.max() < 2_500
    assert refused["refunded_at"].null_count() == refused["reported_at"].null_count() == refused.height
    assert set(declines["reason"]) == set(REASONS)
    share = table.group_by("channel").agg(pl.col("reason").is_not_null().mean())
    share = dict(share.iter_rows())
    assert share["shop"] < 0.03 < share["online"] < 0.08
    honest = declines.join(table.filter(~pl.col("is_fraud")), on="payment_id")
    assert 0.38 < (honest["reason"] == "insufficient_funds").mean() < 0.55


def test_declined_payments_are_often_tried_again(followed):
    table, _, _ = followed
    online = table.filter((pl.col("channel") == "online") & ~pl.col("is_fraud")).sort("occurred_at")
    online = online.with_columns(
        next=pl.col("occurred_at").shift(-1).over("card", "merchant", "amount") - pl.col("occurred_at")
    )
    soon = pl.col("next").dt.total_seconds() < 300
    again = online.select(
        refused=soon.filter(pl.col("reason").is_not_null()).fill_null(False).mean(),
        accepted=soon.filter(pl.col("reason").is_null()).fill_null(False).mean(),
    ).row(0)
    assert again[0] > 0.15
    assert again[1] < 0.01


def test_thieves_are_declined_more_often_and_testers_most(followed):
    table, _, _ = followed
    share = dict(table.group_by("pattern").agg(pl.col("reason").is_not_null().mean()).iter_rows())
    assert share["card_testing"] > 0.3
    assert share["card_testing"] > 2 * share["stolen_card"] > 2 * share["ordinary"]


def test_refunds_come_days_later_and_never_exceed_the_payment(followed):
    table, _, refunds = followed
    back = table.filter(pl.col("back").is_not_null())
    assert back.height == refunds.height
    wait = (back["refunded_at"] - back["occurred_at"]).dt.total_hours() / 24
    assert wait.min() > 0
    assert 6 < wait.median() < 14
    assert wait.max() <= 91
    assert (back["back"] <= back["amount"]).all()
    assert (back["back"] > 0).all()
    assert 0.6 < (back["back"] == back["amount"]).mean() < 0.85
    assert 0.03 < back.height / table.height < 0.12


def test_subscriptions_come_every_month_for_the_same_sum_and_nobody_is_there(followed):
    table, _, _ = followed
    charged = table.filter(pl.col("channel") == "subscription")
    assert 0.05 < charged.height / table.height < 0.11
    assert charged["device"].null_count() == charged["ip"].null_count() == charged.height
    assert not charged["is_fraud"].any()
    asked = charged.filter(pl.col("reason").is_null()).sort("occurred_at")
    gaps = asked.select(pl.col("occurred_at").diff().over("card", "merchant")).to_series().drop_nulls()
    assert 0.8 < gaps.dt.total_days().is_between(27, 31).mean() <= 1
    sums = (
        asked.group_by("card", "merchant")
        .agg(pl.len(), pl.col("amount").n_unique())
        .filter(pl.col("len") > 2)
    )
    assert (sums["amount"] == 1).mean() > 0.9
    refused = charged.filter(pl.col("reason").is_not_null())
    assert 0.05 < refused.height / charged.height < 0.16
    later = refused.join(charged, on=["card", "merchant"], suffix="_later")
    wait = (later["occurred_at_later"] - later["occurred_at"]).dt.total_days()
    assert (wait == 3).sum() > 0.5 * refused.height, "tried again three days later"


def test_subscriptions_fit_into_worlds_of_few_payments():
    for payments, fraud in ((0, 0.0), (1, 0.0), (5, 0.0), (300, 0.99), (300, 1.0)):
        course = Course(Plan(payments, 1, days=60, fraud_share=fraud, customers=50))
        assert sum(len(course.payments(piece)) for piece in course.plan.slices()) == payments
    plan = Plan(100, 1, days=2)
    assert Subscriptions.sign(Course(plan).world).charges(plan).sum() <= 100


def test_no_shop_is_paid_while_it_is_closed(year):
    course, batch = year
    merchants, start = course.world.merchants, course.plan.start_ms
    doors = ~merchants.online[batch.merchant]
    shop = batch.merchant[doors]
    ahead = UTC_OFFSET[merchants.country[shop]]
    hour = ((batch.time[doors] - start) % DAY / HOUR + ahead) % 24
    assert doors.sum() > 40_000
    assert (hour >= merchants.opens[shop] - 1e-3).all()
    assert (hour <= merchants.closes[shop] + 1e-3).all()
    day = (batch.time[doors] - start) // DAY
    sunday = (course.plan.start.weekday() + day) % 7 == 6
    assert not (sunday & merchants.rests[shop]).any()
    assert merchants.rests[shop[~sunday]].sum() > 1_000
    codes = {COUNTRIES[code].code for code in merchants.country[merchants.rests]}
    assert codes == {"DE", "AT", "CH", "PL"}


def _by_month(course, batch, name):
    category = course.world.merchants.category[batch.merchant]
    month = (np.datetime64(course.plan.start, "D") + (batch.time - course.plan.start_ms) // DAY).astype(
        "datetime64[M]"
    ).astype(int) % 12
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    chosen = (category == NAMES.index(name)) & (batch.pattern == 0)
    return np.bincount(month[chosen], minlength=12) / np.bincount(month, minlength=12) * days / days


def test_each_category_has_its_season(year):
    travel, electronics, vouchers, grocery = (
        _by_month(*year, name) for name in ("travel", "electronics", "vouchers", "grocery")
    )
    assert travel[[0, 5, 6]].mean() > 1.3 * travel[[9, 10, 11]].mean()
    assert electronics[[10, 11]].mean() > 1.4 * electronics[[3, 4, 5]].mean()
    assert vouchers[11] > 1.6 * vouchers[6]
    assert 0.7 < grocery[[5, 6]].mean() / grocery[[1, 2]].mean() < 1.3


def test_sales_are_cheaper_and_draw_buyers(year):
    course, batch = year
    merchants = course.world.merchants
    day = (batch.time - course.plan.start_ms) // DAY
    retail = (merchants.sale[batch.merchant] >= 0) & (batch.pattern == 0)
    sale = merchants.on_sale(batch.merchant, day) & retail
    expected = 10 / 182
    assert sale.sum() / retail.sum() > 1.15 * expected
    euros = batch.currency == 0
    usual = np.median(batch.cents[retail & ~sale & euros])
    assert np.median(batch.cents[sale & euros]) < 0.9 * usual


def test_new_accounts_grow_into_use(year):
    course, batch = year
    people = course.world.people
    honest = (batch.pattern == 0) & (batch.channel != SUBSCRIPTION)
    customer, day = batch.card[honest] // 32, (batch.time[honest] - course.plan.start_ms) // DAY
    age = day - people.joined[customer]
    new = people.joined[customer] >= 0
    long_enough = new & (people.joined[customer] < 200)
    early = (long_enough & (age < 30)).sum()
    late = (long_enough & (age >= 120) & (age < 150)).sum()
    assert late > 1.4 * early
    grown = people.grown(np.flatnonzero(people.joined >= 0)[:50], np.full(50, 364))
    assert (grown >= 0).all()
    assert (grown <= 1).all()


def test_bands_of_age_and_regions_differ_in_their_habits(year):
    course, batch = year
    people, merchants = course.world.people, course.world.merchants
    assert people.devices[people.age == 0].mean() > people.devices[people.age == 3].mean() + 0.3
    honest = (batch.pattern == 0) & (batch.channel != SUBSCRIPTION)
    customer = batch.card[honest] // 32
    category = merchants.category[batch.merchant[honest]]
    shop = batch.channel[honest] == SHOP
    online_of_age = [1 - shop[people.age[customer] == age].mean() for age in range(4)]
    assert online_of_age[0] > online_of_age[3] + 0.1
    fuel = category == NAMES.index("fuel")
    assert fuel[people.region[customer] == 3].mean() > 1.5 * fuel[people.region[customer] == 0].mean()


def test_a_channel_is_one_of_three_and_says_whether_somebody_was_there(followed):
    table, _, _ = followed
    assert set(table["channel"]) == set(CHANNELS)
    assert (table["device"].is_null() == (table["channel"] != "online")).all()


def test_a_carrier_hides_many_behind_one_address(followed):
    table, _, _ = followed
    cards = table.drop_nulls("ip").group_by("ip").agg(pl.col("card").n_unique())["card"].sort(descending=True)
    assert cards[0] > 400
    assert (cards == 1).mean() > 0.5


def test_nothing_follows_what_was_never_paid(year):
    _, batch = year
    refused = batch.declined != 0
    assert (batch.refunded[refused] == NEVER).all()
    assert (batch.reported[refused] == NEVER).all()
    assert (batch.returned[batch.refunded == NEVER] == 0).all()
