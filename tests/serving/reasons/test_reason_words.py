"""Declarations in words: the core knows names, kinds of aggregates and windows, and nothing of fraud."""

from __future__ import annotations

import pytest

import sevenfold as sf
from sevenfold.serving.reasons.clauses import clause, event_word, phrase, window_of
from sevenfold.serving.reasons.units import unit_of, written


class TableBooking(sf.Event, key="booking_id", time="at"):
    booking_id: str
    at: sf.Timestamp
    guest: sf.Entity
    inviter: sf.Entity["guest"] | None = None  # noqa: F821  (a text, not a name)
    restaurant: sf.Entity
    price: sf.Money
    city: sf.Category | None = None
    seats: int = 2
    vip: bool = False


b = TableBooking
PHRASES = {
    "price": (b.price, "money"),
    "hour of the day": (b.at.hour(), "hour"),
    "day of the week": (b.at.day_of_week(), "day"),
    "logarithm of the price": (b.price.log1p(), "number"),
    "number of table bookings of this guest in the last hour": (b.count().by(b.guest).over("1h"), "count"),
    "number of table bookings of this guest so far": (b.count().by(b.guest).over("all"), "count"),
    "number of table bookings of this guest with a known city": (b.city.count().by(b.guest), "count"),
    "number of table bookings of this guest and this restaurant in the last day where the price is below 5": (
        b.count(where=b.price < 5).by(b.guest, b.restaurant).over("1d"),
        "count",
    ),
    "number of table bookings of this inviter in the last day": (
        b.count().by(b.guest).at(b.inviter).over("1d"),
        "count",
    ),
    "total price of the table bookings of this guest in the last day, up to 1 hour ago": (
        b.price.sum().by(b.guest).over("1d", delay="1h"),
        "money",
    ),
    "mean price of the table bookings of this guest in the last 30 days": (
        b.price.mean().by(b.guest).over("30d"),
        "money",
    ),
    "share of the table bookings of this guest in the last day where the price is above 100": (
        (b.price > 100).mean().by(b.guest).over("1d"),
        "share",
    ),
    "spread (standard deviation) of the seats of the table bookings of this guest in the last day": (
        b.seats.std().by(b.guest).over("1d"),
        "count",
    ),
    "number of different cities in the table bookings of this guest in the last day": (
        b.city.n_unique().by(b.guest).over("1d"),
        "count",
    ),
    "latest city of the table bookings of this guest in the last day": (
        b.city.last().by(b.guest).over("1d"),
        "text",
    ),
    "time since the previous table booking of this guest": (b.at.since_last().by(b.guest), "seconds"),
    "time since the first table booking of this guest": (b.at.since_first().by(b.guest), "seconds"),
    "price of the previous table booking of this guest": (b.price.lag(1).by(b.guest), "money"),
    "price of the table booking 3 before of this guest": (b.price.lag(3).by(b.guest), "money"),
    "number of table bookings of this guest, each weighing half after 5 minutes": (
        b.decayed_count("5m").by(b.guest),
        "number",
    ),
    "total price of the table bookings of this guest, each weighing half after 1 hour": (
        b.price.decayed_sum("1h").by(b.guest),
        "money",
    ),
    "price relative to the mean price of the table bookings of this guest in the last day": (
        b.price / b.price.mean().by(b.guest).over("1d"),
        "ratio",
    ),
    "price relative to the seats": (b.price / b.seats, "number"),
    "price plus the seats": (b.price + b.seats, "money"),
    "price, at least 3": (b.price.clip(lower=3), "money"),
    "size of the price": (b.price.abs(), "money"),
    "answer to whether it is a weekend": (b.at.is_weekend(), "condition"),
    "price if the seats is above 4, else 0": (sf.when(b.seats > 4).then(b.price).otherwise(0), "money"),
}
CLAUSES = {
    "the city differs from that of the previous table booking": b.city.changed().by(b.guest),
    "the price is below 5 and the seats is at least 2": (b.price < 5) & (b.seats >= 2),
    "the city is one of Oslo, Rome or it is not so that there is a vip": b.city.is_in("Oslo", "Rome")
    | ~b.vip,
    "the city is not known": b.city.is_null(),
    "the city is Oslo": b.city == "Oslo",
    "the city is not Oslo": b.city != "Oslo",
    "it is a weekend": b.at.is_weekend(),
}


@pytest.mark.parametrize("said", PHRASES)
def test_what_a_feature_is(said):
    expression, unit = PHRASES[said]
    assert phrase(expression) == said
    assert unit_of(expression) == unit


@pytest.mark.parametrize("said", CLAUSES)
def test_what_a_condition_says(said):
    assert clause(CLAUSES[said]) == said
    assert unit_of(CLAUSES[said]) == "condition"


def test_windows_and_events_have_words():
    assert window_of(b.count().by(b.guest).over("1h")) == "last hour"
    assert window_of(b.count().by(b.guest).over("90d") / 2) == "last 90 days"
    assert window_of(b.price) == ""
    assert event_word(TableBooking) == "table booking"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "money", "not known"),
        ("Oslo", "text", "Oslo"),
        (1234.5, "money", "1,234.50"),
        (7.0, "count", "7"),
        (2.5, "count", "2.5"),
        (0.333, "share", "33 %"),
        (90.0, "seconds", "1.5 minutes"),
        (0.2, "seconds", "0.2 seconds"),
        (1.0, "condition", "yes"),
        (0.0, "condition", "no"),
        (3.0, "hour", "3:00 UTC"),
        (7.0, "day", "Sunday"),
        (0.0123456, "number", "0.01235"),
        (12345678.9, "number", "12,345,679"),
    ],
)
def test_values_are_written_for_people(value, unit, said):
    assert written(value, unit) == said


def test_the_fraud_design_speaks_of_every_feature():
    """No sentence falls back on a column's name, and none is said to a customer that has a gap in it."""
    design = sf.load("fraud")
    for name in design.features:
        said = phrase(design.features.resolved(name))
        assert "_" not in said, name
    for description in design.features.descriptions.values():
        assert "{" not in description.what.replace("{window}", "")
        assert description.customer.endswith(".")
