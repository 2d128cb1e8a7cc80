"""Totals without rounding: fixed-point numbers of several 64-bit limbs.

A double is an integer of 53 bits times a power of two, so a sum of doubles is exact in a fixed-point number
that is wide enough; so are a sum of squares and the difference of two running sums. This is the idea of
Kulisch's long accumulator (Kulisch and Miranker, "The arithmetic of the digital computer", SIAM Review 28,
1986) with one change: the width is not that of all doubles (2,098 bits) but of the values seen, and it is
widened when a value does not fit. Integers are the case of one limb whose lowest bit weighs one.

A number of ``n`` limbs is two's complement, lowest limb first, and weighs ``2 ** low`` at its lowest bit.
Arithmetic wraps; a total is right as long as the difference that is read fits, which `headroom` bits over the
largest single value guarantee for up to ``2 ** 24`` live events.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled, inlined

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Words

__all__ = [
    "HEADROOM_BITS",
    "add_float",
    "add_integer",
    "add_limbs",
    "add_square",
    "mantissa",
    "negate",
    "subtract",
    "to_float",
    "variance_numerator",
]


HEADROOM_BITS = 26
"""Bits above the largest single value: 2 ** 24 live events, a sign, and one to spare."""

_LOW32 = np.uint64(0xFFFFFFFF)
_U32 = np.uint64(32)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


@inlined
def add_limb(limbs: Words, at: int, n: int, index: int, value: np.uint64) -> None:
    """Add the unsigned limb ``value`` at ``index`` and carry upwards; wraps at ``n`` limbs."""
    while index < n:
        old = np.uint64(limbs[at + index])
        new = old + value
        limbs[at + index] = np.int64(new)
        if new >= old:
            return
        value = _ONE
        index += 1


@compiled
def add_signed(
    limbs: Words, at: int, n: int, shift: int, high: np.uint64, low: np.uint64, negative: bool
) -> None:
    """Add ± the 128-bit magnitude ``(high, low)`` times ``2 ** shift``."""
    index = shift >> 6
    bit = np.uint64(shift & 63)
    if bit == _ZERO:
        w0, w1, w2 = low, high, _ZERO
    else:
        back = np.uint64(64) - bit
        w0 = low << bit
        w1 = (high << bit) | (low >> back)
        w2 = high >> back
    if not negative:
        add_limb(limbs, at, n, index, w0)
        add_limb(limbs, at, n, index + 1, w1)
        add_limb(limbs, at, n, index + 2, w2)
        return
    # Subtract: add the two's complement, sign-extended over all limbs above.
    borrow = _ZERO
    position = index
    word = 0
    while position < n:
        take = w0 if word == 0 else (w1 if word == 1 else (w2 if word == 2 else _ZERO))
        if word > 2 and borrow == _ZERO:
            return
        old = np.uint64(limbs[at + position])
        part = old - take
        under = _ONE if old < take else _ZERO
        new = part - borrow
        if part < borrow:
            under = _ONE
        limbs[at + position] = np.int64(new)
        borrow = under
        position += 1
        word += 1


@compiled
def mantissa(value: float) -> tuple[int, int]:
    """Split a finite double: ``value == m * 2 ** e`` with an odd ``|m| < 2 ** 53``; (0, 0) for zero."""
    if value == 0.0:
        return 0, 0
    fraction, exponent = math.frexp(value)
    whole = int(fraction * 9007199254740992.0)
    exponent -= 53
    while whole & 1 == 0:
        whole >>= 1
        exponent += 1
    return whole, exponent


@compiled
def add_float(limbs: Words, at: int, n: int, low: int, value: float) -> None:
    """Add a double; its lowest bit must weigh at least ``2 ** low``."""
    whole, exponent = mantissa(value)
    if whole != 0:
        add_signed(limbs, at, n, exponent - low, _ZERO, np.uint64(abs(whole)), whole < 0)


@compiled
def add_integer(limbs: Words, at: int, n: int, value: int) -> None:
    """Add an integer to a number whose lowest bit weighs one."""
    size = np.uint64(value) if value >= 0 else _ZERO - np.uint64(value)
    add_signed(limbs, at, n, 0, _ZERO, size, value < 0)


@compiled
def multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The 128-bit product of two unsigned limbs, as (high, low)."""
    a0, a1 = a & _LOW32, a >> _U32
    b0, b1 = b & _LOW32, b >> _U32
    low = a0 * b0
    mid1 = a1 * b0 + (low >> _U32)
    mid2 = a0 * b1 + (mid1 & _LOW32)
    return a1 * b1 + (mid1 >> _U32) + (mid2 >> _U32), (mid2 << _U32) | (low & _LOW32)


@compiled
def add_square(limbs: Words, at: int, n: int, low: int, value: float, integer: int, is_float: bool) -> None:
    """Add the exact square of ``value`` (or of ``integer`` when it is no float)."""
    if is_float:
        whole, exponent = mantissa(value)
        shift = 2 * exponent - low
    else:
        whole, shift = integer, 0
    if whole != 0:
        size = np.uint64(abs(whole))
        high, lower = multiply(size, size)
        add_signed(limbs, at, n, shift, high, lower, False)


@compiled
def subtract(limbs: Words, a: int, b: int, n: int, out: Words, at: int) -> None:
    """``out[at:at + n] = limbs[a:a + n] - limbs[b:b + n]``, wrapping."""
    borrow = _ZERO
    for i in range(n):
        x = np.uint64(limbs[a + i])
        y = np.uint64(limbs[b + i])
        part = x - y
        under = _ONE if x < y else _ZERO
        new = part - borrow
        if part < borrow:
            under = _ONE
        out[at + i] = np.int64(new)
        borrow = under


@compiled
def add_limbs(limbs: Words, at: int, b: int, n: int) -> None:
    """``limbs[at:at + n] += limbs[b:b + n]``, wrapping."""
    carry = _ZERO
    for i in range(n):
        x = np.uint64(limbs[at + i])
        part = x + np.uint64(limbs[b + i])
        over = _ONE if part < x else _ZERO
        new = part + carry
        if new < part:
            over = _ONE
        limbs[at + i] = np.int64(new)
        carry = over


@compiled
def negate(limbs: Words, at: int, n: int) -> None:
    """Negate in place."""
    carry = _ONE
    for i in range(n):
        new = ~np.uint64(limbs[at + i]) + carry
        carry = _ONE if (carry == _ONE and new == _ZERO) else _ZERO
        limbs[at + i] = np.int64(new)


@compiled
def to_scaled(limbs: Words, at: int, n: int) -> tuple[float, int]:
    """The double nearest to a number of ``n`` limbs, as ``(m, e)``: ``m * 2 ** e``; ties go to even.

    The limbs are overwritten with their magnitude.
    """
    negative = limbs[at + n - 1] < 0
    if negative:
        negate(limbs, at, n)
    top = n - 1
    while top >= 0 and limbs[at + top] == 0:
        top -= 1
    if top < 0:
        return 0.0, 0
    word = np.uint64(limbs[at + top])
    length = 0
    while length < 64 and (word >> np.uint64(length)) != _ZERO:
        length += 1
    # The 64 bits from the highest set one, then whether anything is set below.
    bits = word << np.uint64(64 - length) if length < 64 else word
    sticky = False
    if top > 0:
        below = np.uint64(limbs[at + top - 1])
        if length < 64:
            bits |= below >> np.uint64(length)
            sticky = (below << np.uint64(64 - length)) != _ZERO
        else:
            sticky = below != _ZERO
        for i in range(top - 1):
            if limbs[at + i] != 0:
                sticky = True
    kept = bits >> np.uint64(11)
    rest = bits & np.uint64(0x7FF)
    half = np.uint64(0x400)
    if rest > half or (rest == half and (sticky or (kept & _ONE) == _ONE)):
        kept += _ONE
    value = float(kept)
    return (-value if negative else value), 64 * top + length - 53


@compiled
def to_float(limbs: Words, at: int, n: int, low: int) -> float:
    """The double nearest to a number of limbs; NaN beyond the largest double. Overwrites the limbs."""
    value, exponent = to_scaled(limbs, at, n)
    exponent += low
    if value == 0.0:
        return 0.0
    if exponent > 971 or (exponent == 971 and abs(value) >= 9007199254740992.0):
        return np.nan
    # No sum of doubles is finer than the smallest double, so this does not round.
    return math.ldexp(value, int(exponent))


@compiled
def variance_numerator(
    total: Words, t_at: int, t_n: int, square: Words, s_at: int, s_n: int, count: int, scratch: Words
) -> tuple[float, int]:
    """``count * square - total ** 2`` as ``(m, e)``, exact before the one rounding at the end.

    ``total`` and ``square`` are magnitudes of limbs with ``square``'s lowest bit at twice ``total``'s
    exponent; ``total`` is overwritten. ``scratch`` has room for ``2 * t_n + s_n + 3`` limbs.
    """
    if total[t_at + t_n - 1] < 0:
        negate(total, t_at, t_n)
    n = max(2 * t_n, s_n + 1) + 1
    for i in range(n):
        scratch[i] = 0
    size = np.uint64(count)
    for i in range(s_n):
        high, low = multiply(np.uint64(square[s_at + i]), size)
        add_limb(scratch, 0, n, i, low)
        add_limb(scratch, 0, n, i + 1, high)
    for i in range(t_n):
        a = np.uint64(total[t_at + i])
        if a == _ZERO:
            continue
        for j in range(t_n):
            high, low = multiply(a, np.uint64(total[t_at + j]))
            add_signed(scratch, 0, n, 64 * (i + j), high, low, True)
    return to_scaled(scratch, 0, n)
