"""The simulated world as a whole: what is asked for is what is there, every time the same."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sevenfold.errors import UsageError
from sevenfold.systems.fraud.world import plan, simulate
from sevenfold.systems.fraud.world.patterns import NAMES, PATTERNS

FILES = ("Payment", "Chargeback", "truth")


def _read(folder):
    return tuple(pl.read_parquet(folder / f"{name}.parquet") for name in FILES)


def _digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_world_holds_what_was_asked_for(world, world_report):
    payments, chargebacks, truth = world
    assert payments.height == truth.height == world_report.payments == 120_000
    assert truth["is_fraud"].sum() == world_report.frauds == 720
    assert chargebacks.height == world_report.chargebacks
    first, last = payments["occurred_at"].min(), payments["occurred_at"].max()
    assert datetime(2026, 1, 1, tzinfo=UTC) <= first < datetime(2026, 1, 2, tzinfo=UTC)
    assert datetime(2026, 6, 28, tzinfo=UTC) < last < datetime(2026, 6, 30, tzinfo=UTC)


def test_payments_and_chargebacks_are_in_time_and_named_once(world):
    payments, chargebacks, truth = world
    assert payments["occurred_at"].is_sorted()
    assert chargebacks["reported_at"].is_sorted()
    assert payments["payment_id"].is_unique().all()
    assert chargebacks["chargeback_id"].is_unique().all()
    assert chargebacks["payment_id"].is_unique().all(), "a payment is taken back once"
    assert truth["payment_id"].to_list() == payments["payment_id"].to_list()


def test_the_report_counts_what_the_files_hold(world, world_report):
    _, chargebacks, truth = world
    counted = dict(truth["pattern"].value_counts().iter_rows())
    assert {name: count for name, count in world_report.patterns.items() if count} == counted
    reported = chargebacks.join(truth, on="payment_id")["pattern"].value_counts()
    assert {name: count for name, count in world_report.reported.items() if count} == dict(
        reported.iter_rows()
    )
    kept = json.loads((world_report.out / "world.json").read_text())
    assert kept["patterns"] == world_report.patterns
    assert (kept["seed"], kept["start"]) == (7, "2026-01-01")


def test_the_truth_is_told_beside_the_events_and_not_in_them(world):
    payments, _, truth = world
    assert set(payments.columns).isdisjoint({"is_fraud", "pattern", "attack"})
    assert truth.columns == ["payment_id", "pattern", "is_fraud", "attack", "age", "region"]
    real = truth.filter("is_fraud")
    assert set(real["pattern"]) == {pattern.name for pattern in PATTERNS}
    assert real["attack"].null_count() == 0
    assert truth.filter(~pl.col("is_fraud"))["attack"].null_count() == truth.height - real.height
    assert not truth.filter(pl.col("pattern") == "friendly_fraud")["is_fraud"].any()


def test_the_truth_knows_the_age_and_the_region_of_card_holders(world):
    _, _, truth = world
    assert set(truth["age"].drop_nulls()) == {"18-29", "30-44", "45-64", "65+"}
    assert set(truth["region"].drop_nulls()) == {"capital", "city", "town", "country"}
    honest = truth.filter(~pl.col("is_fraud"))
    assert honest["age"].null_count() == 0
    foreign = truth.filter(pl.col("age").is_null())
    assert foreign["is_fraud"].all()
    assert 0.1 < foreign.height / truth["is_fraud"].sum() < 0.5


def test_chargebacks_come_weeks_late_with_a_long_tail_and_some_never(world):
    payments, chargebacks, truth = world
    joined = chargebacks.join(payments, on="payment_id").join(truth, on="payment_id")
    assert joined.height == chargebacks.height
    assert (joined["card"] == joined["card_right"]).all()
    assert (joined["merchant"] == joined["merchant_right"]).all()
    delay = (joined["reported_at"] - joined["occurred_at"]).dt.total_seconds() / 86_400
    assert delay.min() > 0
    assert 10 < delay.median() < 20
    assert delay.quantile(0.97) > 45
    assert delay.max() <= 120
    honest = joined.filter(~pl.col("is_fraud"))
    assert 0.03 < honest.height / joined.height < 0.2, "some chargebacks are wrong"
    assert set(honest["pattern"]) == {"friendly_fraud"}
    found = joined["is_fraud"].sum() / truth["is_fraud"].sum()
    assert 0.5 < found < 0.85, "some frauds are never reported"


def test_the_same_order_gives_the_same_bytes_and_another_seed_another_world(tmp_path):
    for name in ("one", "two"):
        simulate(5_000, 3, tmp_path / name, days=40)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")
    simulate(5_000, 4, tmp_path / "other", days=40)
    (ours, *_), (theirs, *_) = _read(tmp_path / "one"), _read(tmp_path / "other")
    for column in ("payment_id", "card", "merchant", "device"):
        assert set(ours[column].drop_nulls()).isdisjoint(theirs[column].drop_nulls())


def test_a_world_made_in_many_slices_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "PER_SLICE", 700)
    heard = []
    report = simulate(20_000, 5, tmp_path / "w", days=60, progress=lambda done, of: heard.append((done, of)))
    payments, _, truth = _read(tmp_path / "w")
    assert len(heard) == 30
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (20_000, 20_000)
    assert payments.height == 20_000
    assert payments["occurred_at"].is_sorted()
    assert truth["payment_id"].to_list() == payments["payment_id"].to_list()
    assert truth["is_fraud"].sum() == report.frauds == 120
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == [
        "Chargeback.parquet",
        "Decline.parquet",
        "Payment.parquet",
        "Refund.parquet",
        "truth.parquet",
        "world.json",
    ]


def test_an_attack_may_last_from_one_slice_into_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "PER_SLICE", 1_000)
    simulate(20_000, 5, tmp_path / "w", days=60)
    payments, _, truth = _read(tmp_path / "w")
    length = (
        truth.join(payments, on="payment_id")
        .filter("is_fraud")
        .group_by("attack")
        .agg(pl.col("occurred_at").max() - pl.col("occurred_at").min())
    )["occurred_at"]
    assert (length > timedelta(days=7)).any()


@pytest.mark.parametrize(
    ("order", "frauds"),
    [
        ({"payments": 0}, 0),
        ({"payments": 1}, 0),
        ({"payments": 1, "days": 1, "customers": 1, "merchants": 1, "fraud_share": 1.0}, 1),
        ({"payments": 400, "customers": 1}, 2),
        ({"payments": 400, "merchants": 1}, 2),
        ({"payments": 2_000, "fraud_share": 0.0}, 0),
        ({"payments": 2_000, "fraud_share": 1.0}, 2_000),
        ({"payments": 2_000, "fraud_share": 0.5, "days": 2}, 1_000),
        ({"payments": 300, "days": 3_650}, 2),
        ({"payments": 300, "start": date(1970, 1, 1)}, 2),
        ({"payments": 300, "start": date(2100, 3, 1)}, 2),
        ({"payments": 300, "start": date(2028, 2, 29), "days": 1}, 2),
        ({"payments": 300, "seed": (1 << 63) - 1}, 2),
    ],
)
def test_worlds_at_the_edge_are_right(tmp_path, order, frauds):
    order = {"seed": 1, **order}
    report = simulate(out=tmp_path / "w", **order)
    payments, chargebacks, truth = _read(tmp_path / "w")
    assert payments.height == truth.height == order["payments"]
    assert truth["is_fraud"].sum() == report.frauds == frauds
    assert payments["occurred_at"].is_sorted()
    assert chargebacks.join(payments, on="payment_id", how="anti").is_empty()
    assert payments["card"].n_unique() >= 1 or not order["payments"]
    if order.get("merchants") == 1:
        assert payments["merchant"].n_unique() == 1
    if not frauds:
        assert chargebacks.is_empty()


def test_a_world_of_one_customer_has_that_customers_cards(tmp_path):
    simulate(2_000, 1, tmp_path / "w", customers=1, fraud_share=0.0)
    payments, _, truth = _read(tmp_path / "w")
    assert payments["card"].n_unique() <= 2
    assert truth.select("age", "region").n_unique() == 1


def test_impossible_orders_are_refused_with_all_their_faults(tmp_path):
    with pytest.raises(UsageError) as raised:
        simulate(-1, -1, tmp_path / "w", days=0, fraud_share=1.5, customers=0, merchants=0)
    assert str(raised.value).splitlines() == [
        "This world can't be simulated.",
        "  - payments: expected 0 or more, got -1",
        "  - seed: expected a whole number from 0 to below 2 ** 63, got -1",
        "  - days: expected 1 to 36500, got 0",
        "  - fraud_share: expected a share from 0 to 1, got 1.5. 0.006 is 0.6 %.",
        "  - customers: expected 1 to 2 ** 28, got 0",
        "  - merchants: expected 1 to 2 ** 28, got 0",
    ]
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"start": date(2100, 12, 1)}, "a world between 1970 and 2100, got 2100-12-01 and 180 days"),
        ({"start": date(1969, 12, 31)}, "a world between 1970 and 2100, got 1969-12-31"),
        ({"payments": 100_000_000, "days": 2}, "Spread them over 5 days or more"),
        ({"fraud_share": float("nan")}, "a share from 0 to 1, got nan"),
    ],
)
def test_worlds_out_of_reach_are_refused(tmp_path, order, text):
    with pytest.raises(UsageError, match=text):
        simulate(**{"payments": 10, "seed": 1, "out": tmp_path / "w", **order})


def test_a_file_where_the_folder_should_be_is_refused_and_kept(tmp_path):
    (tmp_path / "w").write_text("mine")
    with pytest.raises(UsageError, match=r"w: expected a folder, got a file\. Give a folder"):
        simulate(10, 1, tmp_path / "w")
    assert (tmp_path / "w").read_text() == "mine"


def test_a_hundred_million_payments_are_made_in_slices_that_fit_in_memory():
    pieces = plan.Plan(100_000_000, 1).slices()
    assert (pieces[0].first, pieces[-1].stop) == (0, 180)
    assert all(piece.stop == later.first for piece, later in pairwise(pieces))
    assert max(piece.stop - piece.first for piece in pieces) * 100_000_000 / 180 < 600_000


def test_every_pattern_says_where_it_was_read():
    import importlib

    for name in NAMES[1:]:
        module = importlib.import_module(f"sevenfold.systems.fraud.world.patterns.{name}")
        assert "\n\nSource" in module.__doc__, f"{name} cites nothing"


def test_the_frames_are_events_without_a_fault(world, world_report):
    from sevenfold.data.table import normalise
    from sevenfold.systems.fraud.events import Chargeback, Decline, Payment, Refund

    payments, chargebacks, _ = world
    for event in (Decline, Refund):
        table = pl.read_parquet(world_report.out / f"{event.__name__}.parquet")
        assert normalise(event, table).height == table.height > 1_000
    inside = normalise(Payment, payments)
    assert inside.height == payments.height
    assert_frame_equal(
        inside.select(pl.col("amount").cast(pl.Int64)),
        payments.select((pl.col("amount") * 100).cast(pl.Int64)),
    )
    assert normalise(Chargeback, chargebacks).height == chargebacks.height
