"""Totals: exact running ones, whose differences are the sums and deviations of windows, and decayed ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled, inlined
from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_FLOAT,
    C_KIND,
    C_LIMBS,
    C_LOW,
    COLUMN_WORDS,
    COLUMNS,
    H_DROPPED,
    NEVER,
    O_AUX,
    O_COLUMN,
    O_SLOT,
    ROW,
    SQUARE,
)
from sevenfold.features.kernel.limbs import (
    add_float,
    add_integer,
    add_square,
    subtract,
    to_float,
    variance_numerator,
)
from sevenfold.features.kernel.units import limbs_in_units

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Rows, Words

__all__ = ["add_to_total", "decay", "decayed", "deviation", "held", "total", "write_decayed"]


@compiled
def add_to_total(arena: Words, at: int, spec: Words, c: int, word: int, fword: float) -> None:
    """Add an input word to the running total, or total of squares, at ``arena[at:]``."""
    limbs = spec[c + C_LIMBS]
    is_float = spec[c + C_FLOAT] == 1
    if spec[c + C_KIND] == SQUARE:
        add_square(arena, at, limbs, spec[c + C_LOW], fword, word, is_float)
    elif is_float:
        add_float(arena, at, limbs, spec[c + C_LOW], fword)
    elif limbs == 1:
        arena[at] += word
    else:
        add_integer(arena, at, limbs, word)


@compiled
def window_total(
    arena: Words, column: int, width: int, limbs: int, heads_at: int, tails_at: int, q: int, work: Words,
    out: int,
) -> None:  # fmt: skip
    """The limbs of a window's total into ``work[out:]``."""
    upper = column + work[tails_at + q] * width
    if heads_at >= 0:
        subtract(arena, upper, column + work[heads_at + q] * width, limbs, work, out)
    else:
        for k in range(limbs):
            work[out + k] = arena[upper + k]


@compiled
def total(
    spec: Words, b: int, arena: Words, rows: int, op: int, heads_at: int, tails_at: int, n: int,
    frec: Floats, places: Words, work: Words,
) -> None:  # fmt: skip
    """Sum of a window in its unit: the difference of two running totals, rounded once."""
    width = spec[b + ROW]
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    column = rows + spec[c + C_AT] - width
    slot = spec[op + O_SLOT]
    limbs = spec[c + C_LIMBS]
    scratch = work.size - 3 * limbs
    unit = spec[op + O_AUX]
    for q in range(n):
        window_total(arena, column, width, limbs, heads_at, tails_at, q, work, scratch)
        if unit == 1:
            frec[places[q] + slot] = to_float(work, scratch, limbs, spec[c + C_LOW])
        else:
            frec[places[q] + slot] = limbs_in_units(work, scratch, limbs, unit)


@compiled
def deviation(
    spec: Words, b: int, arena: Words, seg: int, rows: int, op: int, heads_at: int, tails_at: int, n: int,
    frec: Floats, places: Words, work: Words,
) -> None:  # fmt: skip
    """Sample standard deviation from exact totals, so that nothing cancels; null below two values."""
    width = spec[b + ROW]
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    s = b + spec[b + COLUMNS] + spec[op + O_AUX] * COLUMN_WORDS
    limbs, square_limbs = spec[c + C_LIMBS], spec[s + C_LIMBS]
    slot = spec[op + O_SLOT]
    first = work.size - limbs
    second = first - square_limbs
    scratch = work[second - (2 * limbs + square_limbs + 4) : second]
    for q in range(n):
        size = (
            work[tails_at + q] - work[heads_at + q]
            if heads_at >= 0
            else arena[seg + H_DROPPED] + work[tails_at + q] - 1
        )
        if size < 2:
            frec[places[q] + slot] = np.nan
            continue
        window_total(arena, rows + spec[c + C_AT] - width, width, limbs, heads_at, tails_at, q, work, first)
        window_total(
            arena, rows + spec[s + C_AT] - width, width, square_limbs, heads_at, tails_at, q, work, second
        )
        value, exponent = variance_numerator(work, first, limbs, work, second, square_limbs, size, scratch)
        value /= np.float64(size) * np.float64(size - 1)
        # An even exponent leaves the square root exact in its power of two.
        if exponent & 1:
            value += value
            exponent -= 1
        root = math.sqrt(value)
        shift = int((exponent >> 1) + spec[c + C_LOW])
        # Beyond the largest double there is no value.
        large = shift > 0 and root > math.ldexp(1.7976931348623157e308, -shift)
        frec[places[q] + slot] = np.nan if large else math.ldexp(root, shift)


@compiled
def decay(elapsed: float, half_life: float) -> float:
    """What is left of one after ``elapsed`` milliseconds.

    Before its event it is all there: such a total belongs to a late row whose successors were dropped into
    the base row, and no query ends there.
    """
    return 1.0 if elapsed <= 0.0 else math.pow(0.5, elapsed / half_life)


@inlined
def held(total: float) -> float:
    """Keep a total within the largest doubles: what overflowed once would never be a number again."""
    return min(max(total, -1.7976931348623157e308), 1.7976931348623157e308)


@compiled
def write_decayed(
    spec: Words, c: int, arena: Words, farena: Floats, at: int, start: int, width: int,
    events: Words | Rows, n: int, words: Words, fwords: Floats,
) -> None:  # fmt: skip
    """Decayed totals at the time of each row."""
    half_life = np.float64(spec[c + C_AUX])
    for k in range(n):
        left = 0.0
        earlier = arena[start + (k - 1) * width]
        if earlier != NEVER:
            elapsed = np.float64(arena[start + k * width] - earlier)
            left = farena[at + (k - 1) * width] * decay(elapsed, half_life)
        gain = fwords[events[k]] if spec[c + C_FLOAT] == 1 else np.float64(words[events[k]])
        farena[at + k * width] = held(left + gain)


@compiled
def decayed(
    spec: Words, b: int, arena: Words, farena: Floats, rows: int, op: int, times: Words, n: int,
    frec: Floats, places: Words, work: Words,
) -> None:  # fmt: skip
    """The decayed total at the time of each query; zero before the first event."""
    width = spec[b + ROW]
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    half_life = np.float64(spec[c + C_AUX])
    slot = spec[op + O_SLOT]
    for q in range(n):
        row = rows + (work[q] - 1) * width
        frec[places[q] + slot] = 0.0
        if arena[row] != NEVER:
            frec[places[q] + slot] = farena[row + spec[c + C_AT]] * decay(
                np.float64(times[q] - arena[row]), half_life
            )
