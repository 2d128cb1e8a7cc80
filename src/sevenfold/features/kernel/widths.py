"""How wide totals must be, and writing a segment anew in another width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.layout import (
    C_AT,
    C_KIND,
    C_LIMBS,
    C_LOW,
    COLUMN_WORDS,
    COLUMNS,
    EXTRA,
    H_CAPACITY,
    H_END,
    HEADER,
    LINKS,
    N_COLUMNS,
    NULL_INT,
    ROW,
    SQUARE,
    TOTAL,
)
from sevenfold.features.kernel.limbs import add_limbs, mantissa, subtract

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["_ZERO", "bit_length", "float_range", "integer_range", "rewrite_rows"]

_ZERO = np.uint64(0)


@compiled
def bit_length(value: np.uint64) -> int:
    """Bits of a magnitude."""
    length = 0
    while length < 64 and (value >> np.uint64(length)) != _ZERO:
        length += 1
    return length


@compiled
def float_range(values: Floats) -> tuple[int, int]:
    """The exponents ``(low, high)`` between which all bits of values lie, nulls left out; equal for none."""
    low, high = 5000, -5000
    for value in values:
        if value == 0.0 or value != value:
            continue
        whole, exponent = mantissa(value)
        low = min(low, exponent)
        high = max(high, exponent + bit_length(np.uint64(abs(whole))))
    return (low, high) if high > low else (0, 0)


@compiled
def integer_range(values: Words) -> tuple[int, int]:
    """As `float_range`, of integers: ``(0, bits of the largest)``."""
    largest = np.uint64(0)
    for value in values:
        if value != NULL_INT:
            largest = max(largest, np.uint64(abs(value)))
    return 0, bit_length(largest)


@compiled
def rewrite_rows(old: Words, new: Words, b: int, arena: Words, source: int, target: int) -> None:
    """Copy a segment whose rows are laid out by ``old`` to ``target``, laid out by ``new``."""
    header = old[b + HEADER]
    capacity = arena[source + H_CAPACITY]
    end = arena[source + H_END]
    for i in range(header):
        arena[target + i] = arena[source + i]
    old_rows, new_rows = source + header, target + header
    for row in range(end):
        arena[new_rows + row * new[b + ROW]] = arena[old_rows + row * old[b + ROW]]
        for i in range(old[b + N_COLUMNS]):
            c = b + old[b + COLUMNS] + i * COLUMN_WORDS
            at_old = old_rows + row * old[b + ROW] + old[c + C_AT]
            at_new = new_rows + row * new[b + ROW] + new[c + C_AT]
            kind = old[c + C_KIND]
            if kind in (TOTAL, SQUARE):
                limbs, shift = old[c + C_LIMBS], old[c + C_LOW] - new[c + C_LOW]
                if row == 0:
                    shift_limbs(arena, at_old, limbs, at_new, new[c + C_LIMBS], shift)
                    continue
                # What came since the base row fits, whereas a running total may have wrapped in between.
                base = old_rows + old[c + C_AT]
                subtract(arena, at_old, base, limbs, arena, at_new)
                shift_limbs(arena, at_new, limbs, at_new, new[c + C_LIMBS], shift)
                add_limbs(arena, at_new, new_rows + new[c + C_AT], new[c + C_LIMBS])
            elif kind == LINKS:
                arena[at_new] = arena[at_old]
                arena[at_new + 1] = arena[at_old + 1]
            elif new[c + C_AT] < new[b + ROW]:
                arena[at_new] = arena[at_old]
    extra_old = old_rows + capacity * old[b + ROW]
    extra_new = new_rows + capacity * new[b + ROW]
    for i in range(capacity * old[b + EXTRA]):
        arena[extra_new + i] = arena[extra_old + i]


@compiled
def shift_limbs(arena: Words, source: int, n_source: int, target: int, n_target: int, shift: int) -> None:
    """Write a number of limbs ``shift`` bits higher into a wider one, sign-extended; also onto itself."""
    sign = np.uint64(0xFFFFFFFFFFFFFFFF) if arena[source + n_source - 1] < 0 else _ZERO
    words = shift >> 6
    bits = np.uint64(shift & 63)
    for k in range(n_target - 1, -1, -1):
        position = k - words
        here = _ZERO
        below = _ZERO
        if position >= 0:
            here = np.uint64(arena[source + position]) if position < n_source else sign
        if position - 1 >= 0:
            below = np.uint64(arena[source + position - 1]) if position - 1 < n_source else sign
        value = here
        if bits != _ZERO:
            value = (here << bits) | (below >> (np.uint64(64) - bits))
        arena[target + k] = np.int64(value)
