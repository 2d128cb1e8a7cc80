"""What changes while the world runs: each kind of turn is seen in the days that it names, and only there."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from sevenfold.errors import UsageError
from sevenfold.systems.fraud.world import Turn, simulate
from sevenfold.systems.fraud.world.patterns import PATTERNS


def _made(folder, *turns, **order):
    order = {"payments": 30_000, "seed": 3, "days": 90, **order}
    report = simulate(out=folder, turns=[Turn.parse(turn) for turn in turns], **order)
    assert report.payments == 30_000
    day = (pl.col("occurred_at") - datetime(2026, 1, 1, tzinfo=UTC)).dt.total_days()
    payments = pl.read_parquet(folder / "Payment.parquet").with_columns(day=day)
    return report, payments.join(
        pl.read_parquet(folder / "truth.parquet"), on="payment_id", maintain_order="left"
    )


def _share(payments, condition, first, stop):
    return (
        payments.filter(pl.col("day").is_between(first, stop, closed="left")).select(condition.mean()).item()
    )


def test_a_wave_of_one_pattern_comes_and_goes(tmp_path):
    report, payments = _made(tmp_path / "w", "wave:account_takeover:30-60:30", fraud_share=0.05)
    assert report.frauds == 1_500, "the total stays what was asked for"
    assert report.turns == ("wave:account_takeover:30-60:30",)
    wave = pl.col("pattern") == "account_takeover"
    before, top, after = (_share(payments, wave, *days) for days in ((0, 30), (40, 50), (62, 90)))
    assert top > 8 * before > 0
    assert top > 8 * after > 0


def test_a_pattern_can_be_absent_until_it_comes(tmp_path):
    _, payments = _made(tmp_path / "w", "wave:card_testing:0-90:0", fraud_share=0.05)
    _, usual = _made(tmp_path / "u", fraud_share=0.05)
    tested = pl.col("pattern") == "card_testing"
    assert payments.filter(tested).height < 0.7 * usual.filter(tested).height


def test_a_campaign_begins_grows_and_ends(tmp_path):
    _, payments = _made(tmp_path / "w", "campaign:card_testing:30-60:20", fraud_share=0.05)
    tested = payments.filter(pl.col("pattern") == "card_testing")
    assert tested.height > 300
    assert tested["day"].min() >= 30
    assert tested.filter(pl.col("day") > 60).height == 0
    middle = tested.filter(pl.col("day").is_between(37, 52)).height
    assert middle > 0.6 * tested.height


def test_an_onset_begins_grows_for_a_week_and_stays(tmp_path):
    _, payments = _made(tmp_path / "w", "onset:account_takeover:30-80:20", fraud_share=0.05)
    tested = payments.filter(pl.col("pattern") == "account_takeover")
    assert tested["day"].min() >= 30
    spans = ((30, 33), (37, 50), (50, 65), (65, 80), (82, 90))
    begun, *full, ended = (
        tested.filter(pl.col("day").is_between(*days, closed="left")).height / (days[1] - days[0])
        for days in spans
    )
    assert begun < 0.6 * min(full)
    assert max(full) < 2 * min(full)
    assert ended < 0.1 * min(full), "but for attacks that had begun before"


def test_two_campaigns_of_one_pattern_add_up(tmp_path):
    turns = ("campaign:card_testing:10-20:20", "campaign:card_testing:70-80:20")
    _, payments = _made(tmp_path / "w", *turns, fraud_share=0.05)
    days = payments.filter(pl.col("pattern") == "card_testing")["day"]
    assert set(days.to_list()) <= {*range(10, 21), *range(70, 81)}
    assert days.min() < 20 < 70 < days.max()


def test_a_boom_draws_purchases_to_one_category(tmp_path):
    _, payments = _made(tmp_path / "w", "boom:gaming:45-90:0.5")
    _, usual = _made(tmp_path / "u")
    before = set(
        payments.filter(pl.col("day") < 45)["merchant"].value_counts().top_k(5, by="count")["merchant"]
    )
    after = payments.filter(pl.col("day") >= 45)["merchant"].value_counts().top_k(5, by="count")["merchant"]
    assert not set(after) <= before
    shared = pl.col("merchant").is_in(after.to_list())
    assert _share(payments, shared, 45, 90) > 1.5 * _share(payments, shared, 0, 45)
    assert usual.filter(pl.col("day") < 40).height == pytest.approx(
        payments.filter(pl.col("day") < 40).height, rel=0.02
    )


def test_a_new_country_arrives_with_its_currency(tmp_path):
    _, payments = _made(tmp_path / "w", "arrival:PL:50-55:0.3", fraud_share=0.0)
    polish = pl.col("currency") == "PLN"
    assert _share(payments, polish, 0, 50) < 0.02, "tourists only"
    assert _share(payments, polish, 60, 90) > 0.1


@pytest.mark.parametrize("field", ["device", "ip", "country"])
def test_an_outage_loses_a_field_for_some_days(tmp_path, field):
    _, payments = _made(tmp_path / "w", f"outage:{field}:20-25:0.9")
    lost = pl.col(field).is_null()
    assert _share(payments, lost, 20, 25) > 0.88
    assert _share(payments, lost, 0, 20) < 0.4
    assert _share(payments, lost, 25, 90) < 0.4


def test_an_outage_of_the_amount_sends_hundredths_as_if_they_were_units(tmp_path):
    _, broken = _made(tmp_path / "w", "outage:amount:20-25:1")
    _, sound = _made(tmp_path / "u")
    both = broken.join(sound, on="payment_id").with_columns(times=pl.col("amount") / pl.col("amount_right"))
    assert (both.filter(pl.col("day").is_between(20, 24))["times"] == 100).all()
    assert (both.filter(~pl.col("day").is_between(20, 24))["times"] == 1).all()


def test_turns_that_make_no_sense_are_refused_together(tmp_path):
    turns = ["flood:gaming:1-2:1", "wave:gaming:0-90:2", "boom:gaming:50-40:0.5", "outage:ip:80-91:1.5"]
    with pytest.raises(UsageError) as raised:
        _made(tmp_path / "w", *turns)
    patterns = ", ".join(pattern.name for pattern in PATTERNS)
    assert [str(fault).split(": ", 1)[1] for fault in raised.value.faults] == [
        "expected one of wave, campaign, onset, boom, arrival, outage, got 'flood'",
        f"expected one of {patterns}, got 'gaming'",
        "expected days from 0 to 90, the first before the last, got 50-40",
        "expected days from 0 to 90, the first before the last, got 80-91",
        "expected a size from 0 to 1, got 1.5",
    ]
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    "text", ["", "wave", "wave:card_testing:10:2", "wave:card_testing:a-b:2", "a:b:1-2:-3"]
)
def test_a_turn_of_another_form_is_refused(text):
    with pytest.raises(UsageError, match="expected KIND:NAME:FIRST-STOP:SIZE, got") as raised:
        Turn.parse(text)
    assert "wave:account_takeover:60-120:5" in str(raised.value)
