"""Compute expressions row by row: a register machine over blocks of rows.

A register is a column of up to `BLOCK` words, null included: integers are null at the least int64, floats at
NaN. An instruction is seven words: code, target register, up to four source registers or constants, one
spare. The same program runs for a block of a table, for one event and for one rule; no instruction looks at
more than one row, so the result does not depend on how rows were blocked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled, inlined
from sevenfold.features.kernel.layout import CHUNK, NULL_INT
from sevenfold.features.kernel.units import EXACT, in_units, mean_of

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["BLOCK", "CODES", "compute"]

BLOCK = CHUNK
"""Rows computed together: the registers of a block stay in the first-level cache."""

_NAMES = (
    "integer_to_float", "add_integer", "subtract_integer", "negate_integer", "absolute_integer",
    "add", "subtract", "multiply", "divide", "negate", "absolute", "log1p", "minimum", "maximum",
    "equal_integer", "unequal_integer", "less_integer", "less_equal_integer",
    "equal", "unequal", "less", "less_equal",
    "and", "or", "not", "is_null_integer", "is_null", "choose", "fill_integer", "fill",
    "hour", "day_of_week", "is_weekend", "is_in", "distance", "mean", "truth",
)  # fmt: skip
CODES = {name: code for code, name in enumerate(_NAMES)}
"""The code of each instruction."""

_INTEGER_TO_FLOAT = CODES["integer_to_float"]
_ADD_INTEGER = CODES["add_integer"]
_SUBTRACT_INTEGER = CODES["subtract_integer"]
_NEGATE_INTEGER = CODES["negate_integer"]
_ABSOLUTE_INTEGER = CODES["absolute_integer"]
_ADD = CODES["add"]
_SUBTRACT = CODES["subtract"]
_MULTIPLY = CODES["multiply"]
_DIVIDE = CODES["divide"]
_NEGATE = CODES["negate"]
_ABSOLUTE = CODES["absolute"]
_LOG1P = CODES["log1p"]
_MINIMUM = CODES["minimum"]
_MAXIMUM = CODES["maximum"]
_EQUAL_INTEGER = CODES["equal_integer"]
_UNEQUAL_INTEGER = CODES["unequal_integer"]
_LESS_INTEGER = CODES["less_integer"]
_LESS_EQUAL_INTEGER = CODES["less_equal_integer"]
_EQUAL = CODES["equal"]
_UNEQUAL = CODES["unequal"]
_LESS = CODES["less"]
_LESS_EQUAL = CODES["less_equal"]
_AND = CODES["and"]
_OR = CODES["or"]
_NOT = CODES["not"]
_IS_NULL_INTEGER = CODES["is_null_integer"]
_IS_NULL = CODES["is_null"]
_CHOOSE = CODES["choose"]
_FILL_INTEGER = CODES["fill_integer"]
_FILL = CODES["fill"]
_HOUR = CODES["hour"]
_DAY_OF_WEEK = CODES["day_of_week"]
_IS_WEEKEND = CODES["is_weekend"]
_IS_IN = CODES["is_in"]
_DISTANCE = CODES["distance"]
_MEAN = CODES["mean"]
_TRUTH = CODES["truth"]

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


@inlined
def finite(x: float) -> float:
    """``x``, or null where it is infinite."""
    return np.nan if math.isinf(x) else x


@compiled
def distance_km(latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float) -> float:
    """Great-circle distance in kilometres by the haversine formula (Sinnott 1984)."""
    a1, o1 = math.radians(latitude_1), math.radians(longitude_1)
    a2, o2 = math.radians(latitude_2), math.radians(longitude_2)
    s = math.sin((a2 - a1) / 2.0)
    t = math.sin((o2 - o1) / 2.0)
    h = s * s + math.cos(a1) * math.cos(a2) * t * t
    sine = math.sqrt(h)
    # Not min(1.0, sine), which would make the other side of the globe of a null.
    return 2.0 * _EARTH_RADIUS_KM * math.asin(1.0 if sine > 1.0 else sine)


@compiled
def compute(program: Words, registers: Words, fregisters: Floats, constants: Words, n: int) -> None:
    """Run ``program`` (k, 7) over ``n`` rows of ``registers`` (r, LANE); ``fregisters`` is a view of them."""
    for i in range(program.shape[0]):
        code = program[i, 0]
        target = program[i, 1]
        if code <= _ABSOLUTE_INTEGER or (_EQUAL_INTEGER <= code <= _LESS_EQUAL_INTEGER):
            integers(code, program[i], registers, fregisters, n)
        elif code <= _MAXIMUM or (_EQUAL <= code <= _LESS_EQUAL):
            floats(code, program[i], registers, fregisters, n)
        elif code <= _FILL:
            logic(code, program[i], registers, fregisters, n)
        elif code == _IS_IN:
            a = registers[program[i, 2]]
            first, last = program[i, 3], program[i, 3] + program[i, 4]
            for k in range(n):
                found = NULL_INT
                if a[k] != NULL_INT:
                    found = 0
                    for m in range(first, last):
                        if a[k] == constants[m]:
                            found = 1
                            break
                registers[target, k] = found
        elif code == _DISTANCE:
            p, q = fregisters[program[i, 2]], fregisters[program[i, 3]]
            r, s = fregisters[program[i, 4]], fregisters[program[i, 5]]
            for k in range(n):
                fregisters[target, k] = distance_km(p[k], q[k], r[k], s[k])
        elif code == _MEAN:
            a, b = fregisters[program[i, 2]], registers[program[i, 3]]
            unit = np.float64(program[i, 4])
            if program[i, 4] == 1:
                for k in range(n):
                    fregisters[target, k] = finite(a[k] / np.float64(b[k])) if b[k] > 0 else np.nan
            else:
                for k in range(n):
                    fregisters[target, k] = mean_of(a[k], b[k], unit) if b[k] > 0 else np.nan
        else:
            calendar(code, program[i], registers, n)


@compiled
def integers(code: int, instruction: Words, registers: Words, fregisters: Floats, n: int) -> None:
    """Arithmetic and comparison of integers; null where an operand is."""
    target = registers[instruction[1]]
    a = registers[instruction[2]]
    if code == _INTEGER_TO_FLOAT:
        ftarget = fregisters[instruction[1]]
        unit = np.float64(instruction[3])
        for k in range(n):
            exact = -EXACT <= a[k] <= EXACT
            ftarget[k] = np.float64(a[k]) / unit if exact else in_units(a[k], instruction[3])
    elif code == _NEGATE_INTEGER:
        for k in range(n):
            target[k] = -a[k] if a[k] != NULL_INT else NULL_INT
    elif code == _ABSOLUTE_INTEGER:
        for k in range(n):
            target[k] = abs(a[k]) if a[k] != NULL_INT else NULL_INT
    else:
        b = registers[instruction[3]]
        for k in range(n):
            x, y = a[k], b[k]
            if x == NULL_INT or y == NULL_INT:
                target[k] = NULL_INT
            elif code == _ADD_INTEGER:
                total = x + y
                target[k] = NULL_INT if (x ^ total) & (y ^ total) < 0 else total
            elif code == _SUBTRACT_INTEGER:
                total = x - y
                target[k] = NULL_INT if (x ^ y) & (x ^ total) < 0 else total
            elif code == _EQUAL_INTEGER:
                target[k] = 1 if x == y else 0
            elif code == _UNEQUAL_INTEGER:
                target[k] = 1 if x != y else 0
            elif code == _LESS_INTEGER:
                target[k] = 1 if x < y else 0
            else:
                target[k] = 1 if x <= y else 0


@compiled
def floats(code: int, instruction: Words, registers: Words, fregisters: Floats, n: int) -> None:
    """Arithmetic and comparison of floats; null where an operand is, and where a result is not finite."""
    target = fregisters[instruction[1]]
    a = fregisters[instruction[2]]
    b = fregisters[instruction[3]]
    if code == _ADD:
        for k in range(n):
            target[k] = finite(a[k] + b[k])
    elif code == _SUBTRACT:
        for k in range(n):
            target[k] = finite(a[k] - b[k])
    elif code == _MULTIPLY:
        for k in range(n):
            target[k] = finite(a[k] * b[k])
    elif code == _DIVIDE:
        for k in range(n):
            target[k] = finite(a[k] / b[k]) if b[k] != 0.0 else np.nan
    elif code == _NEGATE:
        for k in range(n):
            target[k] = -a[k]
    elif code == _ABSOLUTE:
        for k in range(n):
            target[k] = abs(a[k])
    elif code == _LOG1P:
        for k in range(n):
            target[k] = math.log1p(a[k]) if a[k] > -1.0 else np.nan
    elif code == _MINIMUM:
        for k in range(n):
            target[k] = a[k] if a[k] <= b[k] else (b[k] if a[k] > b[k] else np.nan)
    elif code == _MAXIMUM:
        for k in range(n):
            target[k] = a[k] if a[k] >= b[k] else (b[k] if a[k] < b[k] else np.nan)
    else:
        truth = registers[instruction[1]]
        for k in range(n):
            x, y = a[k], b[k]
            if math.isnan(x) or math.isnan(y):
                truth[k] = NULL_INT
            elif code == _EQUAL:
                truth[k] = 1 if x == y else 0
            elif code == _UNEQUAL:
                truth[k] = 1 if x != y else 0
            elif code == _LESS:
                truth[k] = 1 if x < y else 0
            else:
                truth[k] = 1 if x <= y else 0


@compiled
def logic(code: int, instruction: Words, registers: Words, fregisters: Floats, n: int) -> None:
    """Kleene logic, null tests and choices. Words are copied as they are, so a choice serves both kinds."""
    target = registers[instruction[1]]
    a = registers[instruction[2]]
    b = registers[instruction[3]]
    if code == _AND:
        for k in range(n):
            x, y = a[k], b[k]
            target[k] = 0 if x == 0 or y == 0 else (NULL_INT if x == NULL_INT or y == NULL_INT else 1)
    elif code == _OR:
        for k in range(n):
            x, y = a[k], b[k]
            target[k] = 1 if x == 1 or y == 1 else (NULL_INT if x == NULL_INT or y == NULL_INT else 0)
    elif code == _NOT:
        for k in range(n):
            target[k] = NULL_INT if a[k] == NULL_INT else 1 - a[k]
    elif code == _IS_NULL_INTEGER:
        for k in range(n):
            target[k] = 1 if a[k] == NULL_INT else 0
    elif code == _IS_NULL:
        fa = fregisters[instruction[2]]
        for k in range(n):
            target[k] = 1 if math.isnan(fa[k]) else 0
    elif code == _CHOOSE:
        c = registers[instruction[4]]
        for k in range(n):
            target[k] = b[k] if a[k] == 1 else c[k]
    elif code == _FILL_INTEGER:
        for k in range(n):
            target[k] = b[k] if a[k] == NULL_INT else a[k]
    else:
        fa = fregisters[instruction[2]]
        for k in range(n):
            target[k] = b[k] if math.isnan(fa[k]) else a[k]


@compiled
def calendar(code: int, instruction: Words, registers: Words, n: int) -> None:
    """Parts of a time in UTC, and the truth of a boolean for folding: null counts as false."""
    target = registers[instruction[1]]
    a = registers[instruction[2]]
    for k in range(n):
        x = a[k]
        if code == _TRUTH:
            target[k] = 1 if x == 1 else 0
        elif x == NULL_INT:
            target[k] = NULL_INT
        elif code == _HOUR:
            target[k] = (x // _HOUR_MS) % 24
        else:
            # 1 January 1970 was a Thursday; Monday is 1, as in ISO 8601.
            day = (x // _DAY_MS + 3) % 7 + 1
            target[k] = day if code == _DAY_OF_WEEK else (1 if day >= 6 else 0)
