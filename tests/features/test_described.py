"""Words of a feature: kept by column, and without effect on what is computed."""

from __future__ import annotations

import pytest

import sevenfold as sf
from sevenfold.errors import DesignError
from sevenfold.features.planner import compile_plan


class Order(sf.Event, key="order_id", time="at"):
    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    amount: sf.Money


WORDS = "number of orders at this shop in the {window}"


def test_each_column_has_the_words_of_its_declaration():
    declared = sf.features(
        orders=Order.count().by(Order.shop).over("1h", "7d").described(WORDS, "Many orders came."),
        amount=Order.amount,
    )
    assert list(declared) == ["orders_1h", "orders_7d", "amount"]
    assert {name: one.what for name, one in declared.descriptions.items()} == {
        "orders_1h": WORDS,
        "orders_7d": WORDS,
    }
    assert declared.descriptions["orders_1h"].customer == "Many orders came."


def test_words_change_nothing_that_is_computed():
    count = Order.count().by(Order.shop).over("1h")
    with_words, without = sf.features(orders=count.described(WORDS)), sf.features(orders=count)
    assert compile_plan([Order], with_words).text == compile_plan([Order], without).text
    assert count.described(WORDS).signature() == count.signature()


def test_a_part_of_a_feature_has_no_words():
    with pytest.raises(DesignError) as caught:
        sf.features(ratio=Order.amount.described("amount") / 2)
    assert str(caught.value).endswith(
        "features.ratio: expected .described(...) once, around the whole feature, got one around a part of it"
    )
