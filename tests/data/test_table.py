"""Tables: the fast roads decide as single values do, and leave what they cannot decide."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sevenfold.data.convert import from_text
from sevenfold.data.fields import Kind
from sevenfold.data.table import normalise, physical_schema, split
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType


def _payments(rows: int = 3, **columns: object) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "payment_id": [f"p{row}" for row in range(rows)],
            "occurred_at": [row * 1000 for row in range(rows)],
            "card": ["c1"] * rows,
            "merchant": ["m1"] * rows,
            "amount": [1.25] * rows,
        }
    )
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def test_the_physical_schema_has_a_column_a_field(reading: EventType) -> None:
    assert physical_schema(reading) == {
        "number": pl.Int64,
        "at": pl.Datetime("ms", "UTC"),
        "sensor": pl.String,
        "text": pl.String,
        "whole": pl.Int64,
        "real": pl.Float64,
        "truth": pl.Boolean,
        "price": pl.Int64,
        "yen": pl.Int64,
        "label": pl.String,
    }


def test_a_table_becomes_physical(payment: EventType) -> None:
    table = normalise(payment, _payments(other=[1, 2, 3]))
    assert table.schema == pl.Schema(physical_schema(payment))
    assert table["amount"].to_list() == [125] * 3
    assert table["currency"].to_list() == ["EUR"] * 3
    assert table["device"].null_count() == 3


def test_an_empty_table_becomes_an_empty_physical_one(payment: EventType) -> None:
    assert normalise(payment, _payments(0)).schema == pl.Schema(physical_schema(payment))


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["2026-01-31T12:00:00Z"]),
        pl.Series(["2026-01-31 13:00:00+01:00"]),
        pl.Series(["2026-01-31T12:00:00.000999"]),
        pl.Series(["1769860800000"]),
        pl.Series(["  2026-01-31T12:00:00Z "]),
        pl.Series(["2026-01-31T12:00:00Z"], dtype=pl.Categorical),
        pl.Series([1_769_860_800_000]),
        pl.Series([1_769_860_800_000], dtype=pl.UInt64),
        pl.Series([1_769_860_800_000.0]),
        pl.Series([datetime(2026, 1, 31, 12)]),
        pl.Series([datetime(2026, 1, 31, 12)], dtype=pl.Datetime("ns")),
        pl.Series([datetime(2026, 1, 31, 12)], dtype=pl.Datetime("ms")),
        pl.Series([datetime(2026, 1, 31, 12, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo"),
    ],
)
def test_times_come_in_many_types(payment: EventType, column: pl.Series) -> None:
    table = normalise(payment, _payments(1).with_columns(occurred_at=column))
    assert table["occurred_at"].to_list() == [datetime(2026, 1, 31, 12, tzinfo=UTC)]


def test_a_date_is_its_first_instant(payment: EventType) -> None:
    table = normalise(payment, _payments(1, occurred_at=[date(2026, 1, 31)]))
    assert table["occurred_at"].to_list() == [datetime(2026, 1, 31, tzinfo=UTC)]


def test_zones_may_be_mixed_within_a_column(payment: EventType) -> None:
    texts = ["2026-01-31T12:00:00Z", "2026-01-31T21:00:00+09:00", "2026-01-31T12:00:00"]
    assert normalise(payment, _payments(occurred_at=texts))["occurred_at"].n_unique() == 1


def test_the_ends_of_time_are_in_and_what_lies_beyond_is_out(payment: EventType) -> None:
    inside = [datetime(1970, 1, 1), datetime(2100, 12, 31, 23, 59, 59, 999_999), datetime(2000, 1, 1)]
    assert normalise(payment, _payments(occurred_at=inside)).height == 3
    beyond = [datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(2101, 1, 1), datetime(2000, 1, 1)]
    assert split(payment, _payments(occurred_at=beyond)).rejects["row"].to_list() == [0, 1]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(["12.50"]),
        pl.Series(["12.5000000000000"]),
        pl.Series([" 12.5"]),
        pl.Series([12.5]),
        pl.Series([12.5], dtype=pl.Float32),
        pl.Series([Decimal("12.50")]),
        pl.Series([Decimal("12.5")], dtype=pl.Decimal(38, 10)),
        pl.Series(["12.5"], dtype=pl.Categorical),
    ],
)
def test_amounts_come_in_many_types(payment: EventType, column: pl.Series) -> None:
    assert normalise(payment, _payments(1).with_columns(amount=column))["amount"].to_list() == [1250]


def test_a_single_precision_amount_counts_as_its_shortest_form(payment: EventType) -> None:
    amounts = pl.Series([0.1, 19.99, 16777216.0], dtype=pl.Float32)
    assert normalise(payment, _payments().with_columns(amount=amounts))["amount"].to_list() == [
        10,
        1999,
        1677721600,
    ]


def test_amounts_have_the_digits_of_their_rows_currencies(payment: EventType) -> None:
    frame = _payments(currency=["EUR", "JPY", "KWD"], amount=["1.25", "125", "0.125"])
    assert normalise(payment, frame)["amount"].to_list() == [125] * 3
    whole = _payments(currency=["EUR", "JPY", None], amount=[1, 1, 1])
    assert normalise(payment, whole)["amount"].to_list() == [100, 1, 100]


def test_identities_keep_their_integers_and_categories(payment: EventType) -> None:
    frame = _payments(card=[1, 2, 3]).with_columns(
        pl.col("merchant").cast(pl.Categorical), country=pl.Series(["DE", "FR", None], dtype=pl.Categorical)
    )
    schema = normalise(payment, frame).schema
    assert [schema[name] for name in ("card", "merchant", "country")] == [
        pl.Int64,
        pl.Categorical,
        pl.Categorical,
    ]


def test_text_is_read_for_what_it_stands_for(reading: EventType) -> None:
    frame = pl.DataFrame(
        {
            "number": ["1", " 2 ", "9223372036854775807"],
            "at": ["0", "1", "2"],
            "sensor": ["a", "b", "c"],
            "whole": ["-5", "5.0", None],
            "real": ["1e3", "-0.5", ".5"],
            "truth": ["True", "0", "false"],
        }
    )
    accepted, rejects, _ = split(reading, frame)
    assert accepted["number"].to_list() == [1, 2**63 - 1]
    assert accepted["real"].to_list() == [1000.0, 0.5]
    assert accepted["truth"].to_list() == [True, False]
    assert rejects.rows() == [(1, "whole", "a whole number", "str '5.0'", "")]


def test_the_rows_that_are_wrong_are_told_with_all_their_faults(payment: EventType) -> None:
    frame = _payments(
        amount=[math.nan, 1.0, math.inf],
        card=["", "c", "c"],
        currency=["EUR", "EUR", "XXX"],
        ip=["i", None, ""],
    )
    accepted, rejects, positions = split(payment, frame)
    assert positions.to_list() == [False, True, False]
    assert accepted["payment_id"].to_list() == ["p1"]
    assert rejects.select("row", "field", "expected", "got").rows() == [
        (0, "card", "a token", "str ''"),
        (0, "amount", "a finite amount", "float nan"),
        (2, "ip", "a token", "str ''"),
        (2, "amount", "a finite amount", "float inf"),
        (2, "currency", "an ISO 4217 currency code such as 'EUR'", "str 'XXX'"),
    ]


def test_a_refusal_counts_by_field_and_shows_each_field_first(payment: EventType) -> None:
    frame = _payments(2000, amount=["x"] * 2000).with_columns(
        card=pl.when(pl.int_range(2000) == 1999).then(pl.lit("")).otherwise(pl.lit("c"))
    )
    with pytest.raises(DataError) as caught:
        normalise(payment, frame)
    lines = str(caught.value).splitlines()
    assert lines[0] == "2,000 of 2,000 Payment rows are refused (amount 2,000, card 1)"
    assert lines[1] == ("  - row 0: amount: expected an amount as a number or a decimal string, got str 'x'")
    assert lines[2].startswith("  - row 1999: card: expected a token, got str ''")
    assert len(caught.value.faults) == 21


def test_missing_and_surplus_columns_are_told_together(payment: EventType) -> None:
    with pytest.raises(DataError) as caught:
        normalise(payment, _payments().drop("card", "amount").with_columns(other=1), strict=True)
    columns = "The columns are: payment_id, occurred_at, merchant, other"
    fields = "payment_id, occurred_at, card, merchant, device, ip, amount, currency, country"
    assert str(caught.value).splitlines() == [
        "The table cannot hold Payment events",
        f"  - Payment.card: expected a column, got nothing. {columns}",
        f"  - Payment.amount: expected a column, got nothing. {columns}",
        f"  - column other: expected a field of Payment, got an undeclared column. The fields are: {fields}",
    ]


def test_required_columns_refuse_nulls_and_others_take_their_default(payment: EventType) -> None:
    frame = _payments(card=["c", None, "c"], currency=[None, "EUR", "USD"])
    accepted, rejects, _ = split(payment, frame)
    assert rejects.select("row", "field", "got").rows() == [(1, "card", "null")]
    assert accepted["currency"].to_list() == ["EUR", "USD"]


def test_a_physical_table_is_only_checked(payment: EventType) -> None:
    table = normalise(payment, _payments())
    assert_frame_equal(normalise(payment, table, physical=True), table)
    without = table.drop("device", "currency").select(pl.all().shuffle(seed=1).name.keep())
    assert normalise(payment, without, physical=True).columns == table.columns
    with pytest.raises(DataError) as caught:
        normalise(payment, _payments().drop("card"), physical=True)
    columns = "The columns are: payment_id, occurred_at, merchant, amount"
    assert [str(fault) for fault in caught.value.faults] == [
        f"Payment.card: expected a column, got nothing. {columns}",
        "Payment.occurred_at: expected a column of Datetime(time_unit='ms', time_zone='UTC'), got Int64",
        "Payment.amount: expected a column of Int64, got Float64",
    ]


def test_the_users_table_is_left_as_it_was(payment: EventType) -> None:
    frame = _payments(
        card=["c", None, "4111111111111111"], amount=["1e1", "x", "1"], currency=["EUR", "?", None]
    )
    before = frame.clone()
    split(payment, frame)
    assert_frame_equal(frame, before)


_TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("0123456789.-+eE T:Z,", max_size=24),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        [
            "2026-01-31T12:00:60Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00:00+23:59",
            "2026-1-31T12:00:00Z",
            "4111111111111111",
            "4111 1111 1111 1111",
            "EUR",
            "true",
            "1.",
            ".5",
            "",
        ]
    ),
)
_COLUMNS = st.one_of(
    st.lists(st.none() | st.floats(), min_size=1, max_size=5),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.lists(st.none() | st.booleans(), min_size=1, max_size=5),
    st.lists(st.none() | st.datetimes(), min_size=1, max_size=5),
    st.lists(st.none() | st.decimals(-(10**16), 10**16, places=4), min_size=1, max_size=5),
    st.lists(st.none() | _TEXTS, min_size=1, max_size=5),
)


@pytest.mark.parametrize("field", ["at", "sensor", "text", "whole", "real", "truth", "price", "yen", "label"])
@given(values=_COLUMNS)
def test_a_table_and_a_row_never_disagree(reading: EventType, field: str, values: list[object]) -> None:
    """For every kind and any column: accepted alike, with equal values, or refused with equal words."""
    count = len(values)
    frame = pl.DataFrame({"number": range(count), "at": [0] * count, "sensor": ["s"] * count, field: values})
    kind = reading.__fields__[field].kind
    stands_for_a_value = frame.schema[field] == pl.String and kind not in (
        Kind.ENTITY,
        Kind.CATEGORY,
        Kind.TEXT,
    )
    accepted, rejects, positions = split(reading, frame)
    column = (
        accepted[field].cast(pl.String) if field in ("sensor", "label") else accepted[field].to_physical()
    )
    physical = iter(column)
    refused = {row: (expected, got) for row, expected, got in rejects.select("row", "expected", "got").rows()}
    for position, row in enumerate(frame.iter_rows(named=True)):
        if stands_for_a_value and row[field] is not None:
            row[field] = from_text(kind, row[field])
        try:
            expected = dict(zip(reading.__fields__, reading.__convert__(row), strict=True))[field]
        except DataError as error:
            (fault,) = error.faults
            assert refused[position] == (fault.expected, fault.got)
        else:
            assert positions[position]
            assert next(physical) == expected
