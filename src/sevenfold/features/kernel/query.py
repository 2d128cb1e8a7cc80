"""Read the windows of one segment for a run of queries.

A query is a time at which windows end, the number of rows that were there by then, and the row of the asking event
itself where it belongs to the series. Bounds of all windows are found first, by moving hints forward; each operation
is then one tight loop over the run. Hints and counters are only memory of where the last query ended: a result
depends on rows and times alone, so nothing changes when they are not stored.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_FLOAT,
    C_LIMBS,
    C_LOW,
    CHANGED,
    COLUMN_WORDS,
    COLUMNS,
    COUNT,
    COUNTER_WORDS,
    COUNTERS,
    COUNTERS_AT,
    DECAY,
    DELAYS,
    EXTREME,
    EXTREME_EVER,
    FIRST,
    FIRST_EVER_VALUE,
    H_CAPACITY,
    H_DROPPED,
    H_FIRST_TIME,
    H_FIXED,
    H_START,
    HEADER,
    HEADS_AT,
    LAG,
    LANE,
    LAST,
    N_DELAYS,
    N_UNIQUE,
    N_WINDOWS,
    NEVER,
    NO_ROW,
    NULL_INT,
    O_AUX,
    O_CODE,
    O_COLUMN,
    O_DELAY,
    O_SLOT,
    O_WINDOW,
    OP_WORDS,
    R_N_OPS,
    R_OPS,
    ROW,
    SINCE_FIRST,
    SINCE_LAST,
    STACK_WORDS,
    STACKS,
    STACKS_AT,
    STD,
    SUM,
    WINDOW_WORDS,
    WINDOWS,
)
from sevenfold.features.kernel.limbs import subtract, to_float, variance_numerator
from sevenfold.features.kernel.place import better, decay
from sevenfold.features.kernel.segment import move_counter, seek

__all__ = ["NAN_BITS", "empty", "query"]

NAN_BITS = int(np.array([np.nan]).view(np.int64)[0])


@njit(nogil=True, cache=True)
def empty(spec, b, reader, rec, frec, at):
    """Write what a missing entity gives: counts and sums are zero, all else is null."""
    for i in range(spec[reader + R_N_OPS]):
        op = spec[reader + R_OPS] + i * OP_WORDS
        code = spec[op + O_CODE]
        slot = spec[op + O_SLOT]
        if code == COUNT or code == N_UNIQUE:
            rec[at + slot] = 0
        elif code == SUM or code == DECAY:
            frec[at + slot] = 0.0
        elif is_integer(spec, b, op):
            rec[at + slot] = NULL_INT
        else:
            frec[at + slot] = np.nan


@njit(nogil=True, cache=True)
def is_integer(spec, b, op):
    """Whether an operation that can be null gives an integer word."""
    code = spec[op + O_CODE]
    if code == SINCE_LAST or code == SINCE_FIRST or code == CHANGED:
        return True
    if code == STD or code == DECAY:
        return False
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    return spec[c + C_FLOAT] == 0


@njit(nogil=True, cache=True)
def query(spec, b, reader, arena, farena, seg, times, tails, owns, places, n, rec, frec, work, store):
    """Answer up to `layout.CHUNK` queries in order, each into the record ``places[q]``.

    ``times``, ``tails`` and ``owns`` have ``n`` entries: where windows end, rows there by then (base row included),
    the asking event's own row or -1. ``work`` is scratch memory of `layout.LANE` words for each delay and window, and room for limbs.
    """
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    start = arena[seg + H_START]
    n_delays = spec[b + N_DELAYS]
    n_windows = spec[b + N_WINDOWS]
    for q in range(n):
        work[q] = tails[q]
    for d in range(1, n_delays):
        delay = spec[b + spec[b + DELAYS] + d]
        hint = arena[seg + H_FIXED + d]
        base = d * LANE
        for q in range(n):
            hint = seek(arena, rows, width, hint, start, tails[q], times[q] - delay)
            work[base + q] = hint
        if store:
            arena[seg + H_FIXED + d] = hint
    for w in range(n_windows):
        window = b + spec[b + WINDOWS] + w * WINDOW_WORDS
        span = spec[window] + spec[b + spec[b + DELAYS] + spec[window + 1]]
        hint = arena[seg + spec[b + HEADS_AT] + w]
        base = (n_delays + w) * LANE
        latest = times[0] - span
        # By far the most frequent case needs no call: the hint is not too far on.
        if hint > tails[0] or (hint > start and arena[rows + (hint - 1) * width] > latest):
            hint = seek(arena, rows, width, hint, start, tails[0], latest)
        for q in range(n):
            cutoff = times[q] - span
            if cutoff < latest:
                hint = seek(arena, rows, width, hint, start, tails[q], cutoff)
            else:
                tail = tails[q]
                at = rows + hint * width
                while hint < tail and arena[at] <= cutoff:
                    hint += 1
                    at += width
            latest = cutoff
            work[base + q] = hint
        if store:
            arena[seg + spec[b + HEADS_AT] + w] = hint
    for i in range(spec[reader + R_N_OPS]):
        op = spec[reader + R_OPS] + i * OP_WORDS
        code = spec[op + O_CODE]
        window = spec[op + O_WINDOW]
        tails_at = spec[op + O_DELAY] * LANE
        heads_at = (n_delays + window) * LANE if window >= 0 else -1
        slot = spec[op + O_SLOT]
        column = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
        if code == COUNT and window >= 0:
            for q in range(n):
                rec[places[q] + slot] = work[tails_at + q] - work[heads_at + q]
        elif code == COUNT:
            for q in range(n):
                rec[places[q] + slot] = arena[seg + H_DROPPED] + work[tails_at + q] - 1
        elif code == SUM and window >= 0 and spec[column + C_LIMBS] == 1 and spec[column + C_FLOAT] == 0:
            before = rows + spec[column + C_AT] - width
            for q in range(n):
                upper = arena[before + work[tails_at + q] * width]
                frec[places[q] + slot] = np.float64(upper - arena[before + work[heads_at + q] * width])
        elif code == SUM:
            total(spec, b, arena, rows, op, heads_at, tails_at, n, frec, places, work)
        elif code == STD:
            deviation(spec, b, arena, seg, rows, op, heads_at, tails_at, n, frec, places, work)
        elif code == EXTREME:
            extreme(spec, b, arena, farena, seg, op, heads_at, tails_at, owns, n, rec, places, work, store)
        elif code == N_UNIQUE:
            distinct(spec, b, arena, seg, rows, op, heads_at, tails_at, n, rec, places, work, store)
        elif code == SINCE_LAST or code == LAG or code == CHANGED:
            preceding(spec, b, arena, seg, rows, op, times, owns, n, rec, places, work)
        elif code == DECAY:
            decayed(spec, b, arena, farena, rows, op, times, n, frec, places, work)
        else:
            single(spec, b, arena, seg, rows, op, times, heads_at, tails_at, n, rec, places, work)


@njit(nogil=True, cache=True)
def total(spec, b, arena, rows, op, heads_at, tails_at, n, frec, places, work):
    """Sum of a window: the difference of two running totals, rounded once."""
    width = spec[b + ROW]
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    column = rows + spec[c + C_AT] - width
    slot = spec[op + O_SLOT]
    limbs = spec[c + C_LIMBS]
    scratch = work.size - 3 * limbs
    for q in range(n):
        window_total(arena, column, width, limbs, heads_at, tails_at, q, work, scratch)
        frec[places[q] + slot] = to_float(work, scratch, limbs, spec[c + C_LOW])


@njit(nogil=True, cache=True)
def window_total(arena, column, width, limbs, heads_at, tails_at, q, work, out):
    """The limbs of a window's total into ``work[out:]``."""
    upper = column + work[tails_at + q] * width
    if heads_at >= 0:
        subtract(arena, upper, column + work[heads_at + q] * width, limbs, work, out)
    else:
        for k in range(limbs):
            work[out + k] = arena[upper + k]


@njit(nogil=True, cache=True)
def deviation(spec, b, arena, seg, rows, op, heads_at, tails_at, n, frec, places, work):
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
        shift = (exponent >> 1) + spec[c + C_LOW]
        # Beyond the largest double there is no value.
        large = shift > 0 and root > math.ldexp(1.7976931348623157e308, -shift)
        frec[places[q] + slot] = np.nan if large else math.ldexp(root, shift)


@njit(nogil=True, cache=True)
def distinct(spec, b, arena, seg, rows, op, heads_at, tails_at, n, rec, places, work, store):
    """Distinct values of a window."""
    width = spec[b + ROW]
    i = spec[op + O_AUX]
    record = b + spec[b + COUNTERS] + i * COUNTER_WORDS
    links = rows + spec[b + spec[b + COLUMNS] + spec[record] * COLUMN_WORDS + C_AT]
    counter = seg + spec[b + COUNTERS_AT] + 3 * i
    head, upto, number = arena[counter], arena[counter + 1], arena[counter + 2]
    slot = spec[op + O_SLOT]
    for q in range(n):
        new_head = work[heads_at + q] if heads_at >= 0 else arena[seg + H_START]
        new_upto = work[tails_at + q]
        number = move_counter(arena, links, width, head, upto, number, new_head, new_upto)
        head, upto = new_head, new_upto
        rec[places[q] + slot] = number
    if store:
        arena[counter], arena[counter + 1], arena[counter + 2] = head, upto, number


@njit(nogil=True, cache=True)
def push(arena, farena, stack, length, value_at, width, row, is_float, sign):
    """Put a row on a monotone stack: rows that it dominates go; the new length."""
    x = value_at + row * width
    while length > 0:
        y = value_at + arena[stack + length - 1] * width
        if not better(arena[x], arena[y], is_float, farena[x], farena[y], sign):
            break
        length -= 1
    arena[stack + length] = row
    return length + 1


@njit(nogil=True, cache=True)
def extreme(spec, b, arena, farena, seg, op, heads_at, tails_at, owns, n, rec, places, work, store):
    """Minimum or maximum of a window: the first row of the monotone stack that lies in it."""
    width = spec[b + ROW]
    i = spec[op + O_AUX]
    record = b + spec[b + STACKS] + i * STACK_WORDS
    c = b + spec[b + COLUMNS] + spec[record] * COLUMN_WORDS
    is_float = spec[c + C_FLOAT] == 1
    sign = spec[record + 1]
    capacity = arena[seg + H_CAPACITY]
    value_at = seg + spec[b + HEADER] + spec[c + C_AT]
    stack = seg + spec[b + HEADER] + capacity * width + i * capacity
    state = seg + spec[b + STACKS_AT] + 2 * i
    slot = spec[op + O_SLOT]
    for q in range(n):
        tail = work[tails_at + q]
        head = work[heads_at + q]
        own = NO_ROW
        if not store and owns[q] >= 0 and owns[q] == tail - 1:
            # A question that is not to be remembered: its own row stays off the stack.
            own = owns[q]
            tail -= 1
        rec[places[q] + slot] = NULL_INT
        length, pushed = advance(
            arena, farena, stack, state, value_at, width, tail, is_float, sign, arena[seg + H_START]
        )
        low, high = 0, length
        while low < high:
            middle = (low + high) >> 1
            if arena[stack + middle] < head:
                low = middle + 1
            else:
                high = middle
        found = arena[stack + low] if low < length else NO_ROW
        if own >= 0 and own >= head:
            x = value_at + own * width
            if found == NO_ROW or better(
                arena[x],
                arena[value_at + found * width],
                is_float,
                farena[x],
                farena[value_at + found * width],
                sign,
            ):
                found = own
        if found != NO_ROW:
            rec[places[q] + slot] = arena[value_at + found * width]
        elif is_float:
            rec[places[q] + slot] = NAN_BITS


@njit(nogil=True, cache=True)
def advance(arena, farena, stack, state, value_at, width, tail, is_float, sign, start):
    """Push rows up to ``tail``; where more were pushed already, start over. The length and rows pushed."""
    length, pushed = arena[state], arena[state + 1]
    if pushed > tail:
        length, pushed = 0, start
    while pushed < tail:
        length = push(arena, farena, stack, length, value_at, width, pushed, is_float, sign)
        pushed += 1
    arena[state] = length
    arena[state + 1] = pushed
    return length, pushed


@njit(nogil=True, cache=True)
def preceding(spec, b, arena, seg, rows, op, times, owns, n, rec, places, work):
    """What the newest rows other than the asking event's own say: time since, value, whether it changed."""
    width = spec[b + ROW]
    code = spec[op + O_CODE]
    slot = spec[op + O_SLOT]
    dropped = arena[seg + H_DROPPED]
    back = spec[op + O_AUX] if code == LAG else 1
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    null = NAN_BITS if code == LAG and spec[c + C_FLOAT] == 1 else NULL_INT
    for q in range(n):
        own = owns[q]
        row = work[q] - back
        if own >= row and own >= 0:
            row -= 1
        rec[places[q] + slot] = null
        if row < 0 or dropped + row < 1:
            continue
        if code == SINCE_LAST:
            rec[places[q] + slot] = times[q] - arena[rows + row * width]
        elif code == LAG:
            rec[places[q] + slot] = arena[rows + row * width + spec[c + C_AT]]
        elif own >= 0:
            x = arena[rows + own * width + spec[c + C_AT]]
            rec[places[q] + slot] = 1 if x != arena[rows + row * width + spec[c + C_AT]] else 0


@njit(nogil=True, cache=True)
def decayed(spec, b, arena, farena, rows, op, times, n, frec, places, work):
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


@njit(nogil=True, cache=True)
def single(spec, b, arena, seg, rows, op, times, heads_at, tails_at, n, rec, places, work):
    """Operations that read one row or one word: first, last, extremes of all time, time since the first."""
    width = spec[b + ROW]
    code = spec[op + O_CODE]
    slot = spec[op + O_SLOT]
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    integer = code == SINCE_FIRST or spec[c + C_FLOAT] == 0
    dropped = arena[seg + H_DROPPED]
    delay = spec[b + spec[b + DELAYS] + spec[op + O_DELAY]]
    for q in range(n):
        tail = work[tails_at + q]
        head = work[heads_at + q] if heads_at >= 0 else 1 - dropped
        rec[places[q] + slot] = NULL_INT if integer else NAN_BITS
        if tail <= head:
            continue
        if code == FIRST:
            rec[places[q] + slot] = arena[rows + head * width + spec[c + C_AT]]
        elif code == LAST or code == EXTREME_EVER:
            rec[places[q] + slot] = arena[rows + (tail - 1) * width + spec[c + C_AT]]
        elif code == FIRST_EVER_VALUE:
            if arena[seg + H_FIRST_TIME] <= times[q] - delay:
                rec[places[q] + slot] = arena[seg + spec[c + C_AUX]]
        elif code == SINCE_FIRST:
            rec[places[q] + slot] = times[q] - arena[seg + H_FIRST_TIME]
