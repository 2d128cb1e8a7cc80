"""Totals without rounding, against Python's integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.features.kernel import limbs as k
from sevenfold.features.kernel.widths import bit_length, float_range, integer_range, shift_limbs

pytestmark = pytest.mark.oracle

LOW = -1074
WIDTH = (1024 - LOW + k.HEADROOM_BITS) // 64 + 1
"""Limbs that hold sums of any doubles."""

doubles = st.floats(allow_nan=False, allow_infinity=False)
words = st.integers(-(2**63) + 1, 2**63 - 1)


def number(limbs: np.ndarray) -> int:
    """The integer that limbs stand for, in two's complement."""
    unsigned = sum(int(np.uint64(limb)) << (64 * place) for place, limb in enumerate(limbs))
    return unsigned - (1 << (64 * limbs.size)) if limbs[-1] < 0 else unsigned


def limbs_of(value: int, n: int) -> np.ndarray:
    unsigned = value % (1 << (64 * n))
    parts = [(unsigned >> (64 * place)) & (2**64 - 1) for place in range(n)]
    return np.array(parts, np.uint64).view(np.int64)


def nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.nan


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@given(doubles)
def test_a_double_is_an_odd_integer_times_a_power_of_two(value: float) -> None:
    whole, exponent = k.mantissa(value)
    assert Fraction(whole) * Fraction(2) ** exponent == Fraction(value)
    assert whole % 2 == 1 or value == 0.0
    assert abs(whole) < 2**53


@given(st.lists(doubles, max_size=12))
def test_sums_of_doubles_are_exact_and_rounded_once(values: list[float]) -> None:
    total = np.zeros(WIDTH, np.int64)
    for value in values:
        k.add_float(total, 0, WIDTH, LOW, value)
    exact = sum(map(Fraction, values), Fraction(0))
    assert number(total) * Fraction(2) ** LOW == exact
    assert same(k.to_float(total, 0, WIDTH, LOW), nearest(exact))


@given(st.lists(st.floats(-1e15, 1e15), max_size=30))
def test_sums_agree_with_fsum(values: list[float]) -> None:
    total = np.zeros(WIDTH, np.int64)
    for value in values:
        k.add_float(total, 0, WIDTH, LOW, value)
    assert k.to_float(total, 0, WIDTH, LOW) == math.fsum(values)


@given(st.lists(words, max_size=12), st.integers(1, 3))
def test_integers_add_up_and_wrap(values: list[int], n: int) -> None:
    total = np.zeros(n, np.int64)
    for value in values:
        k.add_integer(total, 0, n, np.int64(value))
    assert number(total) == number(limbs_of(sum(values), n))


@given(st.lists(doubles, max_size=6))
def test_squares_of_doubles_add_up(values: list[float]) -> None:
    n = 2 * WIDTH
    total = np.zeros(n, np.int64)
    for value in values:
        k.add_square(total, 0, n, 2 * LOW, value, 0, True)
    assert number(total) * Fraction(4) ** LOW == sum(Fraction(value) ** 2 for value in values)


@given(st.lists(words, max_size=6))
def test_squares_of_integers_add_up(values: list[int]) -> None:
    total = np.zeros(3, np.int64)
    for value in values:
        k.add_square(total, 0, 3, 0, 0.0, np.int64(value), False)
    assert number(total) == sum(value**2 for value in values)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_products_have_128_bits(a: int, b: int) -> None:
    high, low = k.multiply(np.uint64(a), np.uint64(b))
    assert (int(high) << 64) | int(low) == a * b


@given(st.integers(-(2**190), 2**190), st.integers(-(2**190), 2**190), st.integers(1, 3))
def test_differences_are_right_where_they_fit_though_totals_wrap(a: int, b: int, n: int) -> None:
    pair = np.concatenate([limbs_of(a, n), limbs_of(b, n)])
    out = np.zeros(n, np.int64)
    k.subtract(pair, 0, n, n, out, 0)
    assert number(out) == number(limbs_of(a - b, n))


@given(st.integers(-(2**190), 2**190))
def test_negation(value: int) -> None:
    limbs = limbs_of(value, 3)
    k.negate(limbs, 0, 3)
    assert number(limbs) == -value


@given(st.integers(-(2**191), 2**191 - 1), st.integers(-1074, 800))
def test_rounding_to_the_nearest_double(value: int, low: int) -> None:
    exact = Fraction(value) * Fraction(2) ** low
    if low < -1022 and abs(value) < 2**60:
        return  # finer than any sum of doubles can be
    got = k.to_float(limbs_of(value, 3), 0, 3, low)
    assert same(got, nearest(exact))


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (2**53 + 1, 2**53),
        (2**53 + 3, 2**53 + 4),
        (2**54 + 2, 2**54),
        (2**54 + 6, 2**54 + 8),
        (2**64 + 2**11, 2**64),
        (2**64 + 2**11 + 1, 2**64 + 2**12),
        (2**128 + 2**75, 2**128),
        (2**128 + 2**75 + 1, 2**128 + 2**76),
        (2**53 - 1, 2**53 - 1),
        (-(2**53) - 1, -(2**53)),
        (2**190 - 1, 2**190),
        (0, 0),
    ],
)
def test_ties_go_to_even_and_what_is_below_decides_the_rest(value: int, rounded: int) -> None:
    assert k.to_float(limbs_of(value, 3), 0, 3, 0) == float(rounded)


def test_what_no_double_holds_is_null() -> None:
    largest = np.zeros(WIDTH, np.int64)
    k.add_float(largest, 0, WIDTH, LOW, 1.7976931348623157e308)
    assert k.to_float(largest.copy(), 0, WIDTH, LOW) == 1.7976931348623157e308
    nearly = largest.copy()
    k.add_float(nearly, 0, WIDTH, LOW, 2.0**969)
    assert k.to_float(nearly, 0, WIDTH, LOW) == 1.7976931348623157e308
    k.add_float(largest, 0, WIDTH, LOW, 2.0**970)
    assert math.isnan(k.to_float(largest, 0, WIDTH, LOW))


@given(st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=8))
def test_the_numerator_of_a_variance_is_exact(values: list[int]) -> None:
    count, total, square = len(values), sum(values), sum(value**2 for value in values)
    scratch = np.zeros(2 * 2 + 3 + 4, np.int64)
    mantissa, exponent = k.variance_numerator(
        limbs_of(total, 2), 0, 2, limbs_of(square, 3), 0, 3, count, scratch
    )
    assert Fraction(mantissa) * Fraction(2) ** int(exponent) == Fraction(float(count * square - total**2))


def test_a_small_variance_about_a_large_mean_does_not_cancel() -> None:
    values = [10**17 + step for step in (0, 1, 2, 3)]
    scratch = np.zeros(16, np.int64)
    total, square = limbs_of(sum(values), 2), limbs_of(sum(value**2 for value in values), 3)
    mantissa, exponent = k.variance_numerator(total, 0, 2, square, 0, 3, 4, scratch)
    assert mantissa * 2.0**exponent == 4 * (0 + 1 + 4 + 9) - 36


# How wide totals must be.


@given(st.integers(0, 2**64 - 1))
def test_lengths_in_bits(value: int) -> None:
    assert bit_length(np.uint64(value)) == value.bit_length()


@given(st.lists(doubles | st.just(math.nan), max_size=8))
def test_the_range_of_doubles_holds_each_of_their_bits(values: list[float]) -> None:
    low, high = float_range(np.array(values, np.float64))
    given_values = [Fraction(value) for value in values if not math.isnan(value) and value]
    for value in given_values:
        assert (value / Fraction(2) ** int(low)).denominator == 1
        assert abs(value) < Fraction(2) ** int(high)
    assert (low == high == 0) == (not given_values)


@given(st.lists(words, max_size=8))
def test_the_range_of_integers_holds_the_largest(values: list[int]) -> None:
    low, high = integer_range(np.array(values, np.int64))
    assert (low, high) == (0, max((abs(value).bit_length() for value in values), default=0))


@given(st.integers(-(2**120), 2**120), st.integers(0, 130))
def test_a_number_is_kept_when_its_limbs_are_widened(value: int, shift: int) -> None:
    memory = np.concatenate([limbs_of(value, 2), np.zeros(5, np.int64)])
    shift_limbs(memory, 0, 2, 2, 5, shift)
    assert number(memory[2:]) == value << shift
