"""Declared choices about odd values reach backfill and engine alike, through the features themselves."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.errors import DesignError
from sevenfold.learning.bundle import schema_hash


class Order(sf.Event, key="order_id", time="at"):
    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    total: sf.Money | None = None
    country: sf.Category | None = None
    items: int | None = None


FEATURES = sf.features(
    total=Order.total,
    total_mean=Order.total.mean().by(Order.shop).over("1d"),
    large=(Order.total > 150).sum().by(Order.shop).over("1d"),
    country=Order.country,
    countries=Order.country.n_unique().by(Order.shop).over("1d"),
    country_missing=Order.country.is_null(),
    items=Order.items,
    double=sf.feature("items") * 2,
)
ROWS: list[dict[str, Any]] = [
    {"order_id": "a", "at": 1_000, "shop": "s", "total": "20.00", "country": "DE", "items": 2},
    {"order_id": "b", "at": 2_000, "shop": "s", "total": "9000.00", "country": "XX", "items": None},
    {"order_id": "c", "at": 3_000, "shop": "s", "total": "-5.00", "country": None, "items": 50},
    {"order_id": "d", "at": 4_000, "shop": "s", "total": None, "country": "FR", "items": 0},
]


def design(*expectations: Any) -> sf.Design:
    return sf.Design(name="orders", events=[Order], features=FEATURES, expectations=expectations)


HANDLED = (
    sf.expect(Order.total, between=(0, 100), clip=True),
    sf.expect(Order.country, one_of=["DE", "FR"], other="other", missing="none"),
    sf.expect(Order.items, between=(1, 10), clip=True, missing=7),
)


def test_features_see_values_as_declared() -> None:
    table = design(*HANDLED).backfill({"Order": pl.DataFrame(ROWS)})
    assert table["total"].to_list() == [20.0, 100.0, 0.0, None]
    assert table["total_mean_1d"].to_list() == [20.0, 60.0, 40.0, 40.0]  # an outlier can't poison a mean
    assert table["large_1d"].to_list() == [0, 0, 0, 0]
    assert table["country"].to_list() == ["DE", "other", "none", "FR"]
    assert table["countries_1d"].to_list() == [1, 2, 3, 4]
    assert table["items"].to_list() == [2, 7, 10, 1]
    assert table["double"].to_list() == [4, 14, 20, 2]


def test_whether_a_value_was_missing_can_still_be_asked() -> None:
    table = design(*HANDLED).backfill({"Order": pl.DataFrame(ROWS)})
    assert table["country_missing"].to_list() == [False, False, True, False]


def test_serving_sees_what_training_saw() -> None:
    handled = design(*HANDLED)
    table = handled.backfill({"Order": pl.DataFrame(ROWS)}).drop("order_id")
    engine = handled.engine()
    assert [engine.observe("Order", row) for row in ROWS] == list(table.iter_rows(named=True))


def test_a_model_never_meets_features_that_were_handled_otherwise() -> None:
    plain, handled = schema_hash(design().program()), schema_hash(design(*HANDLED).program())
    other = sf.expect(Order.total, between=(0, 101), clip=True)
    assert len({plain, handled, schema_hash(design(other, *HANDLED[1:]).program())}) == 3


def test_expectations_alone_change_no_feature() -> None:
    expected = design(sf.expect(Order.total, between=(0, 100)), sf.expect(Order, fresh="1d"))
    assert expected.program() == design().program()
    assert expected.features is FEATURES


def test_what_cannot_be_part_of_the_design() -> None:
    class Other(sf.Event, key="order_id", time="at"):
        order_id: str
        at: sf.Timestamp

    with pytest.raises(DesignError) as refused:
        design(sf.expect(Other, fresh="1d"), 5)
    assert "expectations[0]: expected an event of the design, got Other. Its events are: Order" in str(
        refused.value
    )
    assert "expectations[1]: expected what sf.expect(...) gives, got int" in str(refused.value)
