"""Odd worlds through the features: one customer, one merchant, no fraud, nothing but fraud."""

from __future__ import annotations

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.systems.fraud.world import simulate

DAY = pl.duration(days=1)


@pytest.fixture(scope="module")
def design():
    return sf.load("fraud")


def _features(design, folder, **order):
    """Simulate a world and compute the fraud design's features of it; gives both, in the order of time."""
    simulate(out=folder, **{"seed": 5, "days": 40, **order})
    frames = {event: pl.read_parquet(folder / f"{event}.parquet") for event in design.events}
    return frames, design.backfill(frames, on="Payment")


def test_one_merchant_is_paid_by_all(design, tmp_path):
    frames, features = _features(design, tmp_path / "w", payments=60_000, merchants=1)
    payments = frames["Payment"]
    assert payments["merchant"].n_unique() == 1
    time = payments["occurred_at"]
    for at in (0, 1, 30_000, 59_999):
        window = payments.head(at + 1).filter(pl.col("occurred_at") > time[at] - DAY)
        refused = frames["Decline"].filter(
            pl.col("declined_at").is_between(time[at] - DAY, time[at], "right")
        )
        row = features.row(at, named=True)
        assert row["merchant_count_1d"] == window.height
        assert row["merchant_amount_1d"] == pytest.approx(window["amount"].cast(pl.Float64).mean(), rel=1e-12)
        assert row["merchant_declines_1d"] == refused.height
    assert features["merchant_reports_30d"].max() > 10


def test_one_customer_makes_every_payment(design, tmp_path):
    frames, features = _features(design, tmp_path / "w", payments=5_000, customers=1, fraud_share=0.0)
    cards = frames["Payment"]["card"]
    assert cards.n_unique() <= 2
    counted = frames["Payment"].select(pl.int_range(1, pl.len() + 1).over("card")).to_series()
    first_month = frames["Payment"]["occurred_at"] < frames["Payment"]["occurred_at"][0] + 30 * DAY
    inside = frames["Payment"].select(first_month).to_series()
    assert (features["card_count_30d"].filter(inside) == counted.filter(inside)).all()


def test_a_world_without_fraud_has_no_reports(design, tmp_path):
    frames, features = _features(design, tmp_path / "w", payments=5_000, fraud_share=0.0)
    assert frames["Chargeback"].is_empty()
    assert features.select(pl.col("^.*_reports_.*$").sum()).row(0) == (0, 0, 0)
    assert features["card_declines_30d"].max() > 0


def test_a_world_of_nothing_but_fraud_is_computed_like_any_other(design, tmp_path):
    frames, features = _features(design, tmp_path / "w", payments=5_000, fraud_share=1.0)
    assert features.height == 5_000
    assert features["payment_id"].to_list() == frames["Payment"]["payment_id"].to_list()
    assert features["device_cards_7d"].max() > 10
    assert features["ip_declines_1h"].max() > 3
    assert frames["Chargeback"].height > 1_500
