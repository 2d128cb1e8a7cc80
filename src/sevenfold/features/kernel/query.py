"""Read the windows of one segment for a run of queries.

A query is a time at which windows end, the number of rows that were there by then, and the row of the asking
event itself where it belongs to the series. Bounds of all windows are found first, by moving hints forward;
each operation is then one tight loop over the run. Hints and counters are only memory of where the last query
ended: a result depends on rows and times alone, so nothing changes when they are not stored.

In the loops that run most, indexes are unsigned: signed ones are tested for counting from the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import distinct
from sevenfold.features.kernel.extremes import extreme, extremes_of_stack
from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_FLOAT,
    C_LIMBS,
    CHANGED,
    COLUMN_WORDS,
    COLUMNS,
    COUNT,
    DECAY,
    DELAYS,
    EXTREME,
    EXTREME_EVER,
    FIRST,
    FIRST_EVER_VALUE,
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
    NAN_BITS,
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
    STD,
    SUM,
    WINDOW_WORDS,
    WINDOWS,
)
from sevenfold.features.kernel.rows import seek
from sevenfold.features.kernel.totals import decayed, deviation, total
from sevenfold.features.kernel.units import EXACT, in_units

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["empty", "query"]


@compiled
def empty(spec: Words, b: int, reader: int, rec: Words, frec: Floats, at: int) -> None:
    """Write what a missing entity gives: counts and sums are zero, all else is null."""
    for i in range(spec[reader + R_N_OPS]):
        op = spec[reader + R_OPS] + i * OP_WORDS
        code = spec[op + O_CODE]
        slot = spec[op + O_SLOT]
        if code in (COUNT, N_UNIQUE):
            rec[at + slot] = 0
        elif code in (SUM, DECAY):
            frec[at + slot] = 0.0
        elif is_integer(spec, b, op):
            rec[at + slot] = NULL_INT
        else:
            frec[at + slot] = np.nan


@compiled
def is_integer(spec: Words, b: int, op: int) -> bool:
    """Whether an operation that can be null gives an integer word."""
    code = spec[op + O_CODE]
    if code in (SINCE_LAST, SINCE_FIRST, CHANGED):
        return True
    if code in (STD, DECAY):
        return False
    c = b + spec[b + COLUMNS] + spec[op + O_COLUMN] * COLUMN_WORDS
    integer: bool = spec[c + C_FLOAT] == 0
    return integer


@compiled
def query(
    spec: Words, b: int, reader: int, arena: Words, farena: Floats, seg: int, times: Words, tails: Words,
    owns: Words, places: Words, n: int, rec: Words, frec: Floats, work: Words, store: bool,
) -> None:  # fmt: skip
    """Answer up to `layout.CHUNK` queries in order, each into the record ``places[q]``.

    ``times``, ``tails`` and ``owns`` have ``n`` entries: where windows end, rows there by then (base row
    included), the asking event's own row or -1. ``work`` is scratch memory of `layout.LANE` words for each
    delay and window, and room for limbs.
    """
    bounds(spec, b, arena, seg, times, tails, n, work, store)
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    n_delays = spec[b + N_DELAYS]
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
                rows_between = work[np.uint64(tails_at + q)] - work[np.uint64(heads_at + q)]
                rec[np.uint64(places[q] + slot)] = rows_between
        elif code == COUNT:
            for q in range(n):
                rec[places[q] + slot] = arena[seg + H_DROPPED] + work[tails_at + q] - 1
        elif code == SUM and window >= 0 and spec[column + C_LIMBS] == 1 and spec[column + C_FLOAT] == 0:
            before = rows + spec[column + C_AT] - width
            unit = spec[op + O_AUX]
            divisor = np.float64(unit)
            for q in range(n):
                upper = arena[np.uint64(before + work[np.uint64(tails_at + q)] * width)]
                lower = arena[np.uint64(before + work[np.uint64(heads_at + q)] * width)]
                sum_ = upper - lower
                exact = -EXACT <= sum_ <= EXACT
                frec[np.uint64(places[q] + slot)] = (
                    np.float64(sum_) / divisor if exact else in_units(sum_, unit)
                )
        elif code == SUM:
            total(spec, b, arena, rows, op, heads_at, tails_at, n, frec, places, work)
        elif code == STD:
            deviation(spec, b, arena, seg, rows, op, heads_at, tails_at, n, frec, places, work)
        elif code == EXTREME:
            count = extremes_of_stack(spec, reader, i)
            if count > 0:
                extreme(spec, b, arena, farena, seg, op, count, owns, n, rec, places, work, store)
        elif code == N_UNIQUE:
            distinct(spec, b, arena, seg, rows, op, heads_at, tails_at, n, rec, places, work, store)
        elif code in (SINCE_LAST, LAG, CHANGED):
            preceding(spec, b, arena, seg, rows, op, times, owns, n, rec, places, work)
        elif code == DECAY:
            decayed(spec, b, arena, farena, rows, op, times, n, frec, places, work)
        else:
            single(spec, b, arena, seg, rows, op, times, heads_at, tails_at, n, rec, places, work)


@compiled
def bounds(
    spec: Words, b: int, arena: Words, seg: int, times: Words, tails: Words, n: int, work: Words, store: bool
) -> None:
    """Find where every delay and every window of a series ends and begins, for each query of a run."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    start = arena[seg + H_START]
    n_delays = spec[b + N_DELAYS]
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
    for w in range(spec[b + N_WINDOWS]):
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
                while hint < tail and arena[np.uint64(at)] <= cutoff:
                    hint += 1
                    at += width
            latest = cutoff
            work[np.uint64(base + q)] = hint
        if store:
            arena[seg + spec[b + HEADS_AT] + w] = hint


@compiled
def preceding(
    spec: Words, b: int, arena: Words, seg: int, rows: int, op: int, times: Words, owns: Words, n: int,
    rec: Words, places: Words, work: Words,
) -> None:  # fmt: skip
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


@compiled
def single(
    spec: Words, b: int, arena: Words, seg: int, rows: int, op: int, times: Words, heads_at: int,
    tails_at: int, n: int, rec: Words, places: Words, work: Words,
) -> None:  # fmt: skip
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
        elif code in (LAST, EXTREME_EVER):
            rec[places[q] + slot] = arena[rows + (tail - 1) * width + spec[c + C_AT]]
        elif code == FIRST_EVER_VALUE:
            if arena[seg + H_FIRST_TIME] <= times[q] - delay:
                rec[places[q] + slot] = arena[seg + spec[c + C_AUX]]
        elif code == SINCE_FIRST:
            rec[places[q] + slot] = times[q] - arena[seg + H_FIRST_TIME]
