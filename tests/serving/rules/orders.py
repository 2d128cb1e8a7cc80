"""An event with a field of every kind, features of every type, and random rows of both."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

import sevenfold as sf
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.text import text_code
from sevenfold.serving.rules.sheet import Sheet

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["DESIGN", "NAMES", "SHEET", "Order", "feature_rows", "feature_words", "field_rows", "scores"]


class Order(sf.Event, key="order_id", time="at"):
    """An order."""

    order_id: str
    at: sf.Timestamp
    card: sf.Entity
    device: sf.Entity | None = None
    amount: sf.Money
    limit: sf.Money["JPY"] | None = None  # noqa: F821
    currency: sf.Category = "EUR"
    items: int | None = None
    weight: float | None = None
    gift: bool | None = None
    country: sf.Category | None = None
    due: sf.Timestamp | None = None


o = Order
FEATURES = sf.features(
    amount=o.amount,  # as the field: a bare name means the field, which is exact
    weight=o.weight * 2,  # unlike the field: a bare name would be ambiguous
    count=o.count().by(o.card).over("1h"),
    mean=o.amount.mean().by(o.card).over("1d"),
    idle=o.at.since_last().by(o.card),
    changed=o.country.changed().by(o.card),
    before=o.country.lag(1).by(o.card),
    hour=o.at.hour(),
)
DESIGN = sf.Design(name="orders", events=[Order], features=FEATURES)
NAMES = DESIGN.plan.asking["Order"].names
SHEET = Sheet(Order, FEATURES, NAMES)

COUNTRIES = ("DE", "NG", "RU", "US")
_texts = st.sampled_from(COUNTRIES)
_floats = st.floats(-100, 100) | st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e300, -1e300])


def _or_null(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | values


def field_rows() -> SearchStrategy[tuple[Any, ...]]:
    """Physical values in the order of the fields."""
    return st.tuples(
        st.just("o1"),
        st.integers(0, 10**12),
        st.just("c1"),
        _or_null(st.just("d1")),
        st.integers(-20_000, 20_000) | st.sampled_from([2**49, -(2**49)]),
        _or_null(st.integers(-200, 200)),
        st.sampled_from(["EUR", "JPY", "KWD"]),
        _or_null(st.integers(-5, 5) | st.sampled_from([2**63 - 1, -(2**63) + 1])),
        _or_null(_floats),
        _or_null(st.booleans()),
        _or_null(_texts),
        _or_null(st.integers(0, 10**12)),
    )


def feature_rows() -> SearchStrategy[dict[str, Any]]:
    """Features by name, as an engine gives them."""
    return st.fixed_dictionaries(
        {
            "amount": _floats,
            "weight": _or_null(_floats),
            "count_1h": st.integers(0, 9),
            "mean_1d": _or_null(_floats),
            "idle": _or_null(st.floats(0, 1e6)),
            "changed": _or_null(st.sampled_from([0.0, 1.0])),
            "before": _or_null(_texts),
            "hour": st.integers(0, 23).map(float),
        }
    )


def scores() -> SearchStrategy[float]:
    """Probabilities, and NaN where the model gave none."""
    return st.floats(0, 1) | st.just(float("nan"))


def feature_words(features: dict[str, Any]) -> np.ndarray:
    """The same features as the kernel's words."""
    return np.array([_word(name, features[name]) for name in NAMES], np.int64)


def _word(name: str, value: Any) -> int:
    if name == "count_1h":
        return NULL_INT if value is None else value
    if name == "before":
        return NULL_INT if value is None else text_code(value)
    return struct.unpack("<q", struct.pack("<d", float("nan") if value is None else value))[0]
