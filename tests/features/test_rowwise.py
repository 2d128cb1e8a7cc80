"""The register machine, instruction by instruction, on words that a program may meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from rowwise_oracle import EARTH_RADIUS_KM, great_circle_km

from sevenfold.features.kernel.layout import LANE, NULL_INT
from sevenfold.features.kernel.rowwise import BLOCK, CODES, compute
from sevenfold.features.kernel.units import in_units, limbs_in_units

pytestmark = pytest.mark.oracle

INTEGERS = (None, 0, 1, -1, 2, 7, 59, -3_600_001, 10**6, 2**31, 2**53, 2**53 + 1, 2**62, -(2**62), 2**63 - 1)
FLOATS = (None, 0.0, -0.0, 1.0, -1.0, 0.5, -2.25, 5e-324, -5e-324, 1e-300, 1e300, -1.7976931348623157e308)
TRUTHS = (None, True, False)
TIMES = (
    None,
    0,
    1,
    3_599_999,
    3_600_000,
    86_399_999,
    86_400_000,
    172_800_000,
    1_700_000_000_000,
    4_133_980_799_999,
)


def is_large(value: int) -> bool:
    return not -(2**63) < value < 2**63


def integer_or_null(value: int) -> int | None:
    return None if is_large(value) else value


def finite(operation: Callable[[], float]) -> float | None:
    try:
        value = operation()
    except (ZeroDivisionError, ValueError):
        return None
    return value if math.isfinite(value) else None


Operation = tuple[str, str, str, Callable[..., Any]]
"""Instruction, kinds of its operands, kind of its result, meaning for operands that are not null."""

STRICT: list[Operation] = [
    ("add_integer", "ii", "i", lambda a, b: integer_or_null(a + b)),
    ("subtract_integer", "ii", "i", lambda a, b: integer_or_null(a - b)),
    ("negate_integer", "i", "i", lambda a: -a),
    ("absolute_integer", "i", "i", abs),
    ("equal_integer", "ii", "b", lambda a, b: a == b),
    ("unequal_integer", "ii", "b", lambda a, b: a != b),
    ("less_integer", "ii", "b", lambda a, b: a < b),
    ("less_equal_integer", "ii", "b", lambda a, b: a <= b),
    ("add", "ff", "f", lambda a, b: finite(lambda: a + b)),
    ("subtract", "ff", "f", lambda a, b: finite(lambda: a - b)),
    ("multiply", "ff", "f", lambda a, b: finite(lambda: a * b)),
    ("divide", "ff", "f", lambda a, b: finite(lambda: a / b)),
    ("negate", "f", "f", lambda a: -a),
    ("absolute", "f", "f", abs),
    ("minimum", "ff", "f", min),
    ("maximum", "ff", "f", max),
    ("equal", "ff", "b", lambda a, b: a == b),
    ("unequal", "ff", "b", lambda a, b: a != b),
    ("less", "ff", "b", lambda a, b: a < b),
    ("less_equal", "ff", "b", lambda a, b: a <= b),
    ("not", "b", "b", lambda a: not a),
    ("hour", "t", "i", lambda a: a // 3_600_000 % 24),
    ("day_of_week", "t", "i", lambda a: (a // 86_400_000 + 3) % 7 + 1),
    ("is_weekend", "t", "b", lambda a: (a // 86_400_000 + 3) % 7 >= 5),
]
"""A null operand gives null."""

OTHERS: list[Operation] = [
    ("and", "bb", "b", lambda a, b: False if False in (a, b) else None if None in (a, b) else True),
    ("or", "bb", "b", lambda a, b: True if True in (a, b) else None if None in (a, b) else False),
    ("truth", "b", "b", lambda a: a is True),
    ("is_null_integer", "i", "b", lambda a: a is None),
    ("is_null", "f", "b", lambda a: a is None),
    ("fill_integer", "ii", "i", lambda a, b: b if a is None else a),
    ("fill", "ff", "f", lambda a, b: b if a is None else a),
    ("choose", "bii", "i", lambda c, a, b: a if c else b),
    ("choose", "bff", "f", lambda c, a, b: a if c else b),
]

KINDS = {"i": INTEGERS, "f": FLOATS, "b": TRUTHS, "t": TIMES}


def word(value: Any, kind: str) -> int:
    if kind == "f":
        return int(np.float64(math.nan if value is None else value).view(np.int64))
    return NULL_INT if value is None else int(value)


def run(name: str, columns: list[list[int]], *rest: int, constants: tuple[int, ...] = ()) -> list[int]:
    """One instruction over columns of words, block by block; the words of its result."""
    rows, found = len(columns[0]), []
    instruction = [CODES[name], len(columns), *range(len(columns)), *rest]
    program = np.array([instruction + [0] * (7 - len(instruction))], np.int64)
    for begin in range(0, rows, BLOCK):
        n = min(BLOCK, rows - begin)
        registers = np.full((len(columns) + 1, LANE), 99, np.int64)
        for number, column in enumerate(columns):
            registers[number, :n] = column[begin : begin + n]
        compute(program, registers, registers.view(np.float64), np.array(constants, np.int64), n)
        assert (registers[-1, n:] == 99).all(), "rows beyond the block are not touched"
        found += registers[-1, :n].tolist()
    return found


def all_combinations(kinds: str) -> list[tuple[Any, ...]]:
    combinations: list[tuple[Any, ...]] = [()]
    for kind in kinds:
        combinations = [(*before, value) for before in combinations for value in KINDS[kind]]
    return combinations


def alike(got: int, expected: Any, kind: str) -> bool:
    if kind != "f" or expected is None:
        return got == word(expected, kind) or (kind == "f" and math.isnan(np.int64(got).view(np.float64)))
    return bool(np.int64(got).view(np.float64) == expected)


@pytest.mark.parametrize("operation", STRICT + OTHERS, ids=lambda operation: "_".join(operation[:2]))
def test_an_instruction_over_all_combinations_of_values(operation: Operation) -> None:
    name, kinds, result, meaning = operation
    rows = all_combinations(kinds)
    columns = [
        [word(value, kind) for value in column]
        for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)
    ]
    got = run(name, columns)
    for row, found in zip(rows, got, strict=True):
        null = operation in STRICT and None in row
        expected = None if null else meaning(*row)
        assert alike(found, expected, result), (name, row, found, expected)


def test_every_instruction_is_tested() -> None:
    apart = {"integer_to_float", "log1p", "is_in", "distance", "mean"}
    assert {operation[0] for operation in STRICT + OTHERS} | apart == set(CODES)


@pytest.mark.parametrize("unit", [1, 1_000, 10_000])
def test_integers_become_the_nearest_numbers_in_their_unit(unit: int) -> None:
    values = [
        0,
        1,
        -1,
        123_456_789,
        2**53,
        -(2**53),
        2**53 + unit,
        10**17 + 100,
        9_007_199_254_740_993 * 10,
        -(10**18),
    ]
    got = np.array(run("integer_to_float", [[NULL_INT, *values]], unit), np.int64).view(np.float64).tolist()
    assert math.isnan(got[0])
    assert got[1:] == [value / unit for value in values]


def test_logarithms() -> None:
    values = [-2.0, -1.0, math.nextafter(-1.0, 0.0), -0.5, 0.0, 1e-300, 1.0, 1e300]
    got = np.array(run("log1p", [[word(value, "f") for value in [None, *values]]]), np.int64).view(np.float64)
    assert np.isnan(got[:3]).all()
    assert got[3:].tolist() == pytest.approx([math.log1p(value) for value in values[2:]], rel=1e-15)


def test_membership() -> None:
    column = [NULL_INT, 5, 7, 8]
    assert run("is_in", [column], 1, 2, constants=(5, 7, 8)) == [NULL_INT, 0, 1, 1]
    assert run("is_in", [column], 0, 1, constants=(5, 7, 8)) == [NULL_INT, 1, 0, 0]


def test_means_divide_once() -> None:
    """Sums in units become integers again, as long as a double can tell which."""
    wholes, counts = [1_000, 1, 7, 2**50 - 1, -(2**50) + 3, 2**50 + 1], [4, 3, 3, 7, 9, 7]
    sums = [whole / 10_000 for whole in wholes]
    totals = [word(total, "f") for total in [*sums, 0.0, math.nan]]
    got = np.array(run("mean", [totals, [*counts, 0, 2]], 10_000), np.int64).view(np.float64)
    exact = [float(Fraction(whole, 10_000 * count)) for whole, count in zip(wholes, counts, strict=True)]
    assert got[:5].tolist() == exact[:5]
    assert got[5] == sums[5] / 7
    assert np.isnan(got[6:]).all()


def test_integers_in_units_are_rounded_once() -> None:
    rng = np.random.default_rng(5)
    words = [
        int(sign * (2**63 - 1) // divisor) for sign in (1, -1) for divisor in rng.integers(1, 2**12, 200)
    ]
    for unit in (1, 10, 1_000, 10_000):
        ties = [((2**53 + 1) * unit, 2**53 + 1), ((2**53 + 1) * unit + 1, 2**53 + 2)]
        for whole in words + [tie for tie, _ in ties if tie < 2**63]:
            assert in_units(whole, unit) == float(Fraction(whole, unit)), (whole, unit)


def test_limbs_in_units_are_rounded_once() -> None:
    rng = np.random.default_rng(6)
    for _ in range(300):
        whole = int(rng.integers(1, 2**62)) << int(rng.integers(0, 120))
        whole = -whole if rng.random() < 0.5 else whole
        unit = int(rng.choice([10, 1_000, 10_000]))
        limbs = np.array([((whole >> (64 * i)) & (2**64 - 1)) for i in range(4)], np.uint64).view(np.int64)
        assert limbs_in_units(limbs, 0, 3, unit) == float(Fraction(whole, unit)), (whole, unit)


def test_distances_agree_with_vectors() -> None:
    rng = np.random.default_rng(3)
    places = np.column_stack(
        [
            rng.uniform(-90, 90, 300),
            rng.uniform(-180, 180, 300),
            rng.uniform(-90, 90, 300),
            rng.uniform(-180, 180, 300),
        ]
    )
    places[:3] = [[0, 0, 0, 180], [90, 0, -90, 0], [10, 20, 10, 20]]
    columns = [[word(value, "f") for value in column] for column in places.T.tolist()]
    got = np.array(run("distance", columns), np.int64).view(np.float64)
    assert got.tolist() == pytest.approx(
        [great_circle_km(*place) for place in places.tolist()], rel=1e-9, abs=1e-6
    )
    assert got.max() <= math.pi * EARTH_RADIUS_KM
    for missing in range(4):
        column = [[word(None if place == missing else 1.0, "f")] for place in range(4)]
        assert math.isnan(np.int64(run("distance", column)[0]).view(np.float64))


@pytest.mark.parametrize("rows", [1, 2, BLOCK - 1, BLOCK])
def test_blocks_of_every_size(rows: int) -> None:
    column = list(range(rows))
    assert run("add_integer", [column, column]) == [2 * value for value in column]


def test_a_program_runs_in_order_and_registers_can_be_used_again() -> None:
    registers = np.zeros((3, LANE), np.int64)
    registers[0, :4] = [1, 2, 3, NULL_INT]
    add, negate = CODES["add_integer"], CODES["negate_integer"]
    program = np.array(
        [[add, 1, 0, 0, 0, 0, 0], [negate, 2, 1, 0, 0, 0, 0], [add, 1, 1, 2, 0, 0, 0]], np.int64
    )
    compute(program, registers, registers.view(np.float64), np.zeros(0, np.int64), 4)
    assert registers[2, :4].tolist() == [-2, -4, -6, NULL_INT]
    assert registers[1, :4].tolist() == [0, 0, 0, NULL_INT]
