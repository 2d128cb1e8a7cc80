"""A world in tables and in one picture."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.errors import UsageError
from sevenfold.systems.fraud.world import describe, draw, simulate


@pytest.fixture(scope="module")
def told(world_report):
    """The description of a world."""
    return describe(world_report.out)


def test_the_tables_say_what_is_in_the_files(told, world, world_report):
    payments, chargebacks, truth = world
    titles = [title for title, _ in told.tables()]
    assert titles == [
        "What made the payments",
        "Quantiles",
        "Shares",
        "By channel",
        "By age and region of the cardholder",
        "Why issuers declined",
    ]
    assert told.channels["payments"].sum() == 120_000
    assert told.reasons["declines"].sum() == world_report.declines
    held = told.habits.head(4)["payments"].sum()
    assert held == told.habits.tail(4)["payments"].sum() == truth["age"].is_not_null().sum()
    assert told.customers == world_report.customers
    assert 0.1 < told.burstiness < 0.6
    back = told.shares.filter(pl.col("share") == "given back, of payments")["value"].item()
    assert back == pytest.approx(world_report.refunds / 120_000)
    counted = dict(told.patterns.select("pattern", "payments").iter_rows())
    assert counted == {name: count for name, count in world_report.patterns.items() if count}
    reported = dict(told.patterns.select("pattern", pl.col("payments") * pl.col("reported")).iter_rows())
    assert reported == pytest.approx({name: world_report.reported[name] for name in counted}, abs=1e-6)
    assert (
        told.days["payments"].sum()
        == told.hours["payments"].sum()
        == told.amounts["payments"].sum()
        == 120_000
    )
    assert told.days["frauds"].sum() == world_report.frauds
    assert told.days.height == 180
    assert told.delays["chargebacks"].sum() == chargebacks.height
    shares = dict(told.shares.iter_rows())
    assert shares["fraud, of payments"] == pytest.approx(world_report.fraud_share)
    assert shares["online, of payments"] == pytest.approx(payments["device"].is_not_null().mean())
    right = chargebacks.join(truth.filter("is_fraud"), on="payment_id").height
    assert shares["wrong, of chargebacks"] == pytest.approx(1 - right / chargebacks.height)
    assert shares["never reported, of frauds"] == pytest.approx(1 - right / world_report.frauds)
    assert told.quantiles["quantity"].to_list()[-1] == "days until a chargeback"


def test_the_picture_is_written(told, tmp_path):
    draw(told, tmp_path / "world.png")
    assert (tmp_path / "world.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("payments", [0, 1])
def test_an_empty_world_is_described_and_drawn_too(tmp_path, payments):
    simulate(payments, 1, tmp_path / "w")
    told = describe(tmp_path / "w")
    assert told.patterns["payments"].sum() == payments
    assert dict(told.shares.iter_rows())["wrong, of chargebacks"] is None
    assert told.burstiness is None
    if not payments:
        draw(told, tmp_path / "world.svg")
        assert "<svg" in (tmp_path / "world.svg").read_text()


def test_a_folder_without_a_world_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(UsageError, match="no simulated world to describe") as raised:
        describe(tmp_path)
    assert len(raised.value.faults) == 6
    assert str(raised.value.faults[0]).endswith(
        "Payment.parquet: expected a file, got none. `sevenfold simulate --out FOLDER` makes a world."
    )
