"""Each pattern of fraud does what its page says, and honest people look now and then like thieves."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from sevenfold.systems.fraud.world import simulate


@pytest.fixture(scope="session")
def crime_folder(tmp_path_factory):
    """A world with forty times the usual crime, so that every pattern has many attacks."""
    folder = tmp_path_factory.mktemp("crime") / "world"
    simulate(60_000, 11, folder, fraud_share=0.25, customers=4_000)
    return folder


@pytest.fixture(scope="session")
def crime(crime_folder):
    """Its payments beside the truth."""
    folder = crime_folder
    truth = pl.read_parquet(folder / "truth.parquet")
    return pl.read_parquet(folder / "Payment.parquet").join(truth, on="payment_id", maintain_order="left")


@pytest.fixture(scope="session")
def crime_chargebacks(crime_folder):
    return pl.read_parquet(crime_folder / "Chargeback.parquet").select("payment_id")


@pytest.fixture(scope="session")
def crime_refunds(crime_folder):
    return pl.read_parquet(crime_folder / "Refund.parquet").select("payment_id")


def _of(crime: pl.DataFrame, pattern: str) -> pl.DataFrame:
    chosen = crime.filter(pl.col("pattern") == pattern)
    assert chosen["attack"].n_unique() > 11, "too few attacks to say anything"
    return chosen


def _attacks(payments: pl.DataFrame, **measures: pl.Expr) -> pl.DataFrame:
    return payments.group_by("attack").agg(pl.len(), **measures)


CARDS, DEVICES = pl.col("card").n_unique(), pl.col("device").n_unique()
LASTS = pl.col("occurred_at").max() - pl.col("occurred_at").min()


def test_card_testing_is_many_cards_from_few_devices_within_hours_for_little(crime):
    testing = _of(crime, "card_testing")
    each = _attacks(testing, cards=CARDS, devices=DEVICES, lasts=LASTS).filter(pl.col("len") >= 10)
    assert (each["cards"] / each["len"]).median() > 0.5
    assert (each["cards"] / each["devices"]).median() > 4
    assert each["lasts"].median() < timedelta(hours=2)
    ordinary = crime.filter(pl.col("pattern") == "ordinary")
    assert testing["amount"].median() < ordinary["amount"].median() / 4


def test_account_takeover_is_one_customer_on_a_strange_device(crime):
    takeover = _of(crime, "account_takeover")
    each = _attacks(takeover, cards=CARDS, devices=DEVICES, lasts=LASTS)
    assert (each["cards"] == 1).all()
    assert (each["devices"] == 1).all()
    assert each["lasts"].median() < timedelta(hours=6)
    owners = crime.filter(pl.col("pattern") == "ordinary").select("card", "device").unique()
    own = takeover.join(owners, on=["card", "device"], how="semi").height / takeover.height
    assert 0.01 < own < 0.2, "now and then through the victim's own device"


def test_stolen_cards_are_emptied_over_days_often_after_a_probe(crime):
    stolen = _of(crime, "stolen_card")
    each = _attacks(
        stolen.sort("occurred_at"),
        cards=CARDS,
        first=pl.col("amount").first(),
        rest=pl.col("amount").slice(1).mean(),
        lasts=LASTS,
    ).filter(pl.col("len") >= 3)
    assert (each["cards"] == 1).all()
    assert timedelta(hours=5) < each["lasts"].median() < timedelta(days=5)
    assert 0.5 < (each["first"] < each["rest"] / 4).mean() < 0.9


def test_a_lost_card_is_tapped_in_shops_below_the_limit(crime):
    lost = _of(crime, "lost_card")
    assert lost["device"].null_count() == lost["ip"].null_count() == lost.height
    euros = lost.filter(pl.col("currency") == "EUR")["amount"]
    assert euros.max() <= 50
    assert (_attacks(lost, cards=CARDS)["cards"] == 1).all()


def test_the_cards_of_a_breach_paid_the_same_merchant_before(crime):
    breach = _of(crime, "merchant_breach")
    ordinary = crime.filter(pl.col("pattern") == "ordinary").select("card", "merchant").unique()
    each = _attacks(breach, cards=CARDS, lasts=LASTS)
    assert each["lasts"].median() > timedelta(days=7)
    gaps = (
        breach.sort("attack", "occurred_at").select(pl.col("occurred_at").diff().over("attack")).to_series()
    )
    assert gaps.median() < timedelta(minutes=15), "in bursts"
    common = (
        breach.select("attack", "card")
        .unique()
        .join(ordinary, on="card")
        .group_by("attack", "merchant")
        .agg(shared=pl.len())
        .group_by("attack")
        .agg(pl.col("shared").max())
        .join(each, on="attack")
    )
    # some were replaced in the meantime: the owners never paid that merchant with their new cards
    assert (common["shared"] / common["cards"]).median() > 0.35


def test_a_ring_shares_devices_among_cards_for_weeks(crime):
    ring = _of(crime, "device_ring")
    each = _attacks(ring, cards=CARDS, devices=DEVICES, lasts=LASTS)
    assert (each["devices"] <= 3).all()
    assert (each["cards"] / each["devices"]).median() >= 5
    assert each["lasts"].median() > timedelta(days=10)


def test_a_colluding_merchant_takes_round_amounts_from_cards_it_never_saw(crime):
    collusion = _of(crime, "colluding_merchant")
    each = _attacks(collusion, merchants=pl.col("merchant").n_unique(), cards=CARDS)
    assert (each["merchants"] == 1).all()
    assert (each["cards"] / each["len"]).median() > 0.9
    round_ones = collusion.filter(pl.col("currency") == "EUR")["amount"].cast(pl.Float64) % 0.5 == 0
    assert round_ones.all()


def test_mules_pass_on_what_came_from_a_stolen_card_and_stay_silent(crime, crime_chargebacks):
    chains = _of(crime, "mule_chain").sort("attack", "occurred_at")
    each = _attacks(chains, cards=CARDS, devices=DEVICES, merchants=pl.col("merchant").n_unique())
    assert (each["devices"] > 1).mean() > 0.9, "mules have devices of their own"
    of_card = chains.group_by("attack", "card").agg(pl.len(), pl.col("age").first())
    mules = of_card.filter(pl.col("len") > 1)
    assert mules.height > 20, "mules are used again"
    assert (mules["age"] == "18-29").mean() > 0.4, "and mostly young"
    honest = crime.filter(pl.col("pattern") == "ordinary").select("card", "device").unique()
    theirs = chains.join(honest, on=["card", "device"], how="semi")
    told = crime_chargebacks.join(theirs, on="payment_id")
    assert theirs.height > 100
    assert told.is_empty(), "nobody disputes what a mule pays"
    assert crime_chargebacks.join(chains, on="payment_id").height > 20, "the robbed do"
    step = chains.select(pl.col("amount").cast(float) / pl.col("amount").cast(float).shift(1).over("attack"))
    assert (step.to_series().is_between(0.9, 0.96)).mean() > 0.25, "less a commission"


def test_refund_abuse_is_seen_in_refunds_alone(crime, crime_refunds):
    abuse = _of(crime, "refund_abuse")
    each = _attacks(abuse, cards=CARDS)
    assert (each["cards"] == 1).all()
    back = abuse.join(crime_refunds, on="payment_id", how="semi").height / abuse.height
    ordinary = crime.filter((pl.col("pattern") == "ordinary") & (pl.col("channel") == "online"))
    usual = ordinary.join(crime_refunds, on="payment_id", how="semi").height / ordinary.height
    assert back > 0.6
    assert 0.04 < usual < 0.15
    own = ordinary.select("card", "device").unique()
    assert abuse.join(own, on=["card", "device"], how="semi").height > 0.6 * abuse.height


def test_the_older_are_robbed_of_accounts_more_often(crime):
    takeover = _of(crime, "account_takeover").unique("attack")
    stolen = _of(crime, "stolen_card").drop_nulls("age").unique("attack")
    old = [(frame["age"].is_in(["45-64", "65+"])).mean() for frame in (takeover, stolen)]
    assert old[0] > old[1] + 0.05


def test_attacks_that_begin_late_end_with_the_world(crime):
    real = crime.filter("is_fraud")
    assert real.height == 15_000
    last_day = crime["occurred_at"].max() - timedelta(days=1)
    assert 0 < real.filter(pl.col("occurred_at") > last_day).height < 0.06 * real.height


def test_a_reported_card_is_dead_to_its_owner_who_gets_a_new_one(world):
    payments, chargebacks, truth = world
    told = payments.join(truth, on="payment_id", maintain_order="left")
    real = told.filter(pl.col("is_fraud") & pl.col("age").is_not_null())
    blocked = chargebacks.join(real, on="payment_id").group_by("card").agg(pl.col("reported_at").min())
    after = told.join(blocked, on="card").filter(pl.col("occurred_at") > pl.col("reported_at"))
    assert blocked.height > 50
    assert after.filter(~pl.col("is_fraud")).is_empty()
    before = told.filter(~pl.col("is_fraud")).join(blocked, on="card")
    assert before["card"].n_unique() > 0.8 * blocked.height


def test_honest_people_hurry_travel_and_buy_new_phones_too(world):
    payments, _, truth = world
    honest = payments.join(truth.filter(~pl.col("is_fraud")), on="payment_id", maintain_order="left_right")
    honest = honest.sort("occurred_at")
    gap = honest.select(pl.col("occurred_at").diff().over("card")).to_series()
    assert 0.03 < (gap < timedelta(minutes=10)).mean() < 0.15
    of_card = honest.group_by("card").agg(pl.col("country", "device").drop_nulls().n_unique(), pl.len())
    of_card = of_card.filter(pl.col("len") > 20)
    assert 0.1 < (of_card["country"] > 1).mean() < 0.6
    assert 1.3 < of_card["device"].mean() < 3.5
    cards = honest.group_by("ip").agg(pl.col("card").n_unique())["card"]
    assert cards.max() > 30, "carriers put many behind one address"
    assert (cards == 1).mean() > 0.5


def test_the_week_and_pay_day_are_seen(world):
    payments, _, _ = world
    days = payments.group_by(pl.col("occurred_at").dt.date().alias("day")).len().sort("day")
    week = days.group_by(pl.col("day").dt.weekday()).agg(pl.col("len").mean()).sort("day")
    monday, friday, sunday = (week["len"][day] for day in (0, 4, 6))
    assert friday > 1.1 * monday > 1.1 * sunday
    of_month = days.group_by(pl.col("day").dt.day().alias("date")).agg(pl.col("len").mean()).sort("date")
    assert of_month["len"][24:28].mean() > 1.05 * of_month["len"][7:14].mean()
    hours = payments.group_by(pl.col("occurred_at").dt.hour().alias("hour")).len().sort("hour")
    assert hours["len"].max() > 4 * hours["len"].min()
