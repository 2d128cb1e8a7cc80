"""Integers in a unit: minor units of money as major ones, milliseconds as seconds, rounded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.kernel.limbs import negate, to_float

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Words

__all__ = ["EXACT", "in_units", "limbs_in_units", "mean_of"]

EXACT = 2**53
"""Integers up to here are doubles."""

_RECOVERED = 2.0**50
"""Up to here a sum that was divided by its unit gives the integer back when it is multiplied again."""
_U32 = np.uint64(32)
_LOW32 = np.uint64(0xFFFFFFFF)
_ZERO = np.uint64(0)


@compiled
def in_units(word: int, unit: int) -> float:
    """An integer too large for a double, or null, in units: the nearest double, rounded once."""
    if word == NULL_INT:
        return np.nan
    if unit == 1:
        return np.float64(word)
    whole = word // unit
    rest = word - whole * unit
    if -EXACT <= whole <= EXACT:
        # Whole units are exact, and the rest is too far from half a last place for its rounding to matter.
        return np.float64(whole) + np.float64(rest) / np.float64(unit)
    # Half a unit decides only together with whether anything is left over.
    return np.float64((whole << 1) | (1 if rest != 0 else 0)) * 0.5


@compiled
def limbs_in_units(limbs: Words, at: int, n: int, unit: int) -> float:
    """An integer of ``n`` limbs in units below ``2 ** 31``, rounded once; ``n + 1`` limbs are overwritten."""
    word = limbs[at]
    small = True
    for i in range(1, n):
        small = small and limbs[at + i] == word >> 63
    if small:
        return np.float64(word) / np.float64(unit) if -EXACT <= word <= EXACT else in_units(word, unit)
    # More than 2 ** 63, so that with thirty-two bits of the fraction more than a double holds are known.
    negative = limbs[at + n - 1] < 0
    if negative:
        negate(limbs, at, n)
    divisor = np.uint64(unit)
    rest = _ZERO
    for i in range(n - 1, -1, -1):
        word = np.uint64(limbs[at + i])
        high = (rest << _U32) | (word >> _U32)
        low = ((high % divisor) << _U32) | (word & _LOW32)
        limbs[at + i] = np.int64(((high // divisor) << _U32) | (low // divisor))
        rest = low % divisor
    # The last of those bits says whether anything is left below them.
    carry = (rest << _U32) // divisor
    if (rest << _U32) % divisor != _ZERO:
        carry |= np.uint64(1)
    for i in range(n):
        word = np.uint64(limbs[at + i])
        limbs[at + i] = np.int64((word << _U32) | carry)
        carry = word >> _U32
    limbs[at + n] = np.int64(carry)
    value = to_float(limbs, at, n + 1, -32)
    return -value if negative else value


@compiled
def mean_of(total: float, count: int, unit: float) -> float:
    """A sum in units divided by a count, rounded once where the sum is not beyond ``2 ** 50`` of its own."""
    whole = np.rint(total * unit)
    if abs(whole) < _RECOVERED:
        mean: float = whole / (np.float64(count) * unit)
    else:
        mean = total / np.float64(count)
    return mean
