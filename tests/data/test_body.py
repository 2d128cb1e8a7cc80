"""Bodies: one event, one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sevenfold.data.body import encode, encode_table, read_body, read_table
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Money, Timestamp
from sevenfold.data.table import normalise
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

_ROWS: list[dict[str, object]] = [
    {"number": 1, "at": 0, "sensor": "s"},
    {
        "number": -(2**63),
        "at": "2100-12-31T23:59:59.999Z",
        "sensor": 'ü\n"\\',
        "text": "",
        "whole": 2**63 - 1,
        "real": 1e-300,
        "truth": False,
        "price": "-0.01",
        "yen": 2**53,
        "label": "日本",
    },
]


def test_a_body_is_compact_and_ordered_and_leaves_nulls_out(reading: EventType) -> None:
    assert encode(reading, reading.__convert__(_ROWS[0])) == b'{"number":1,"at":0,"sensor":"s"}'
    shuffled = dict(reversed(_ROWS[1].items()))
    assert encode(reading, reading.__convert__(shuffled)) == encode(reading, reading.__convert__(_ROWS[1]))


def test_a_body_is_the_same_however_the_value_was_written(payment: EventType) -> None:
    row = {"payment_id": "p", "card": "c", "merchant": "m"}
    written = [
        {"occurred_at": "1970-01-01T01:00:00+01:00", "amount": "12.50"},
        {"occurred_at": 0, "amount": 12.5, "currency": "EUR"},
    ]
    one, other = (encode(payment, payment.__convert__(row | changed)) for changed in written)
    assert one == other
    assert encode_table(payment, normalise(payment, pl.DataFrame([row | written[1]]))) == [one]


def test_rows_by_name_and_by_position_have_the_same_body(reading: EventType) -> None:
    row = reading.__convert__(_ROWS[1])
    assert encode(reading, dict(zip(reading.__fields__, row, strict=True))) == encode(reading, row)


def test_a_table_and_its_bodies_are_each_others_image(reading: EventType) -> None:
    rows = [reading.__convert__(row) for row in _ROWS]
    bodies = [encode(reading, row) for row in rows]
    table = read_table(reading, bodies)
    assert encode_table(reading, table) == bodies
    assert [read_body(reading, body) for body in bodies] == rows
    assert table["at"].to_physical().to_list() == [row[1] for row in rows]


def test_integers_and_categories_are_written_as_text(payment: EventType) -> None:
    frame = pl.DataFrame(
        {"payment_id": ["p"], "occurred_at": [0], "card": [7], "merchant": ["m"], "amount": [1]}
    )
    frame = frame.with_columns(pl.col("merchant").cast(pl.Categorical))
    (body,) = encode_table(payment, normalise(payment, frame))
    assert b'"card":"7","merchant":"m"' in body


def test_no_rows_give_no_bodies_and_back(reading: EventType) -> None:
    assert encode_table(reading, read_table(reading, [])) == []


def test_an_event_may_grow_and_shrink_behind_its_bodies() -> None:
    class Order(EventRecord, key="id", time="at"):
        id: str
        at: Timestamp
        gone: str

    old = encode(Order, ("o1", 5, "x"))

    class Grown(EventRecord, key="id", time="at"):
        id: str
        at: Timestamp
        currency: Category = "JPY"
        amount: Money = 12
        note: str | None = None

    assert read_body(Grown, old) == ("o1", 5, "JPY", 12, None)
    assert read_table(Grown, [old]).with_columns(pl.col("at").to_physical()).rows() == [
        ("o1", 5, "JPY", 12, None)
    ]

    class Demanding(EventRecord, key="id", time="at"):
        id: str
        at: Timestamp
        amount: Money

    for read in (lambda: read_body(Demanding, old), lambda: read_table(Demanding, [old])):
        with pytest.raises(
            LogError, match="Demanding as it is declared now: a body holds nothing for amount"
        ):
            read()


def test_a_damaged_body_is_reported(reading: EventType) -> None:
    with pytest.raises(LogError, match="does not hold Reading as it is declared now"):
        read_body(reading, b'{"number":"one"}')
    with pytest.raises(LogError, match="does not hold Reading as it is declared now"):
        read_table(reading, [b'{"number":'])


def test_many_rows_survive(payment: EventType) -> None:
    rows = range(1000)
    frame = normalise(
        payment,
        pl.DataFrame(
            {
                "payment_id": [f"p{row}" for row in rows],
                "occurred_at": [row * 86_400_000 for row in rows],
                "card": [f"c{row % 7}" for row in rows],
                "merchant": "m",
                "amount": [row / 100 for row in rows],
                "country": [None if row % 3 else "DE" for row in rows],
            }
        ),
    )
    assert_frame_equal(read_table(payment, encode_table(payment, frame)), frame)
