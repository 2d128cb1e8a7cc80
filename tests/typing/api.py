"""Typed usage of the public interface: nobody runs it, the type checker reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import polars as pl

import sevenfold as sf
from sevenfold.data.expectation import Expectation
from sevenfold.errors import DataError, Fault
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.described import Described
from sevenfold.features.expression import Expression


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    """Every kind of field."""

    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    sender: sf.Entity["account"]  # noqa: F821  (a text, not a name)
    amount: sf.Money
    fee: sf.Money["JPY"] | None = None  # noqa: F821
    currency: sf.Category = "EUR"
    items: int = 1
    weight: float | None = None
    gift: bool = False


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    """What labels a payment."""

    chargeback_id: str
    reported_at: sf.Timestamp
    payment_id: str
    card: sf.Entity


p = Payment
design = sf.Design(
    name="typed",
    events=[Payment, Chargeback],
    features=sf.features(
        amount=p.amount,
        hour=p.occurred_at.hour(),
        card_count=p.count().by(p.card).over("1h", "7d"),
        card_share=p.amount / p.amount.mean().by(p.card).over("30d"),
        gifts=p.gift.mean().by(p.card).over("all"),
        big=sf.when(p.amount > 100).then(1).otherwise(0),
        reports=Chargeback.count().by(Chargeback.card).over("30d"),
    ),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="30d"),
    learning=sf.Learning(seed=1),
)


def declare() -> None:
    """Say what a feature is; a field is an expression, whatever its values are."""
    count = p.count().by(p.card)
    assert_type(count.over("1h", delay="1d"), Aggregate)
    ratio: Expression = count.over("1h") / count.over("1d")
    assert_type(ratio > 0.5, Expression)
    assert_type((ratio > 0.5) & ~(ratio == 1), Expression)
    assert_type(ratio.fill_null(0).clip(0, 1).log1p(), Expression)
    assert_type(sf.when(ratio > 0.5).then("high").when(ratio > 0.1).then("low").otherwise("none"), Expression)
    assert_type(sf.distance_km(0.0, 0.0, ratio, 1), Expression)
    assert_type(sf.feature("amount") / 2, Expression)
    assert_type(count.over("1h").described("number in the {window}", "Many came."), Described)


def expectations() -> None:
    """Say what is expected of fields."""
    assert_type(sf.expect(Payment.amount, between=(0, None), clip=True, because="…"), Expectation)
    assert_type(sf.expect(Payment, hourly=(1, 100), fresh="2d"), Expectation)


def use() -> None:
    """Call what a user calls."""
    assert_type(sf.load("fraud"), sf.Design)
    assert_type(sf.load(Path("design.py")), sf.Design)
    assert_type(design.features.names, list[str])
    assert_type(design.backfill({"Payment": pl.DataFrame()}, on="Payment"), pl.DataFrame)
    engine = design.engine()
    row: dict[str, Any] = {"payment_id": "p1", "occurred_at": 0, "card": "c", "sender": "s", "amount": "1.50"}
    assert_type(engine.observe("Payment", row), dict[str, float | int | str | None])
    assert_type(engine.read("Payment", [row]), list[dict[str, float | int | str | None]])
    engine.snapshot(Path("state"))
    assert_type(design.engine(snapshot="state").stats().entities, dict[str, int])
    packed = engine.pack("card", entity="c")
    assert_type(packed, bytes | None)
    if packed is not None:
        engine.unpack(packed)
    assert_type(engine.erase("card", entity="c"), bool)
    try:
        engine.observe("Payment", {})
    except ValueError as error:
        if isinstance(error, DataError):
            assert_type(error.faults, tuple[Fault, ...])
    assert_type(sf.__version__, str)


def policy() -> None:
    """What is done with a score."""
    control = sf.Control(share=0.02, below=50.0, by=("cost", "rule"))
    declared = sf.Policy(review_capacity_per_day=100, control=control, watch="review", fallback="approve")
    assert_type(sf.Serving(policy=declared).policy, sf.Policy)
