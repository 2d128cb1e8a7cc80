"""Exact money: nothing is rounded, whatever it comes as."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.money import BOUND, DIGITS, digits, major, minor_units
from sevenfold.errors import DataError


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("12.5", "EUR", 1250),
        ("12.50", "EUR", 1250),
        ("12.5000", "EUR", 1250),
        ("-0.01", "EUR", -1),
        ("+3", "EUR", 300),
        ("0", "EUR", 0),
        ("-0.00", "EUR", 0),
        ("1e3", "EUR", 100_000),
        ("00000000000000000012.50", "EUR", 1250),
        ("7.", "EUR", 700),
        (12, "EUR", 1200),
        (12.34, "EUR", 1234),
        (1e15, "JPY", 10**15),
        (0.1, "EUR", 10),
        (-7.0, "JPY", -7),
        (np.float64(1.25), "EUR", 125),
        (np.int64(3), "EUR", 300),
        (Decimal("1.234"), "KWD", 1234),
        (Decimal("1.2340000"), "KWD", 1234),
        (Decimal("0.0001"), "CLF", 1),
        (str(BOUND), "JPY", BOUND),
        (-BOUND, "JPY", -BOUND),
    ],
)
def test_an_amount_in_major_units_becomes_minor_units(value: object, currency: str, minor: int) -> None:
    converted = minor_units(value, currency)
    assert converted == minor
    assert type(converted) is int


@pytest.mark.parametrize(
    ("value", "currency", "message"),
    [
        ("12.345", "EUR", "expected at most 2 digits after the point, got str '12.345'"),
        (0.1 + 0.2, "EUR", "expected at most 2 digits after the point, got float 0.30000000000000004"),
        (1.5, "JPY", "expected at most 0 digits after the point, got float 1.5"),
        ("1,234.50", "EUR", "got str '1,234.50'. Write it as 1234.56: a point before the cents"),
        ("12 €", "EUR", "expected an amount as a number or a decimal string, got str '12 €'"),
        ("", "EUR", "expected an amount as a number or a decimal string, got str ''"),
        (" 1", "EUR", "expected an amount as a number or a decimal string, got str ' 1'"),
        ("1_000", "EUR", "expected an amount as a number or a decimal string, got str '1_000'"),
        (float("nan"), "EUR", "expected a finite amount, got float nan"),
        (float("-inf"), "EUR", "expected a finite amount, got float -inf"),
        ("NaN", "EUR", "expected a finite amount, got str 'NaN'"),
        (Decimal("Infinity"), "EUR", "expected a finite amount, got Decimal Decimal('Infinity')"),
        (True, "EUR", "expected an amount as a number or a decimal string, got bool True"),
        (None, "EUR", "expected an amount as a number or a decimal string, got null"),
        ([1], "EUR", "expected an amount as a number or a decimal string, got list [1]"),
        (BOUND + 1, "JPY", f"expected an amount within ±{BOUND} minor units, got int"),
        ("1e999999999", "EUR", f"expected an amount within ±{BOUND} minor units, got str '1e999999999'"),
        ("1e-999999999", "EUR", "expected at most 2 digits after the point, got str '1e-999999999'"),
        ("0." + "0" * 70 + "1", "EUR", "expected at most 2 digits after the point"),
        ("1", "eur", "expected an ISO 4217 currency code such as 'EUR', got str 'eur'"),
        ("1", None, "expected an ISO 4217 currency code such as 'EUR', got null"),
    ],
)
def test_what_is_no_exact_amount_is_refused(value: object, currency: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        minor_units(value, currency)
    assert message in str(caught.value)


@given(minor=st.integers(-BOUND, BOUND), currency=st.sampled_from(sorted(DIGITS)))
def test_every_amount_survives_the_way_out_and_in(minor: int, currency: str) -> None:
    amount = major(minor, currency)
    assert minor_units(amount, currency) == minor
    assert minor_units(str(amount), currency) == minor


@given(minor=st.integers(-(10**15) + 1, 10**15 - 1), currency=st.sampled_from(sorted(DIGITS)))
def test_a_float_counts_as_its_shortest_decimal_form(minor: int, currency: str) -> None:
    assert minor_units(minor / 10 ** digits(currency), currency) == minor


@given(st.floats())
def test_a_float_is_converted_as_its_text_is(value: float) -> None:
    def outcome(given: object) -> object:
        try:
            return minor_units(given, "KWD")
        except DataError as error:
            return error.expected  # type: ignore[attr-defined]

    assert outcome(value) == outcome(repr(value))
