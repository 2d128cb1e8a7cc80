"""Fold events into a segment: write rows, carry the running totals, keep rows in order of event time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import follow, link, relink, settle
from sevenfold.features.kernel.extremes import better, insert_in_stacks, write_running
from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_FLOAT,
    C_INPUT,
    C_KIND,
    C_LIMBS,
    COLUMN_WORDS,
    COLUMNS,
    DECAYED,
    EXTRA,
    FIRST_EVER,
    H_END,
    H_FIRST_TIME,
    H_FIXED,
    H_START,
    HEADER,
    HEADS_AT,
    N_COLUMNS,
    N_COUNTERS,
    N_DELAYS,
    N_WINDOWS,
    NEVER,
    ROW,
    RUNNING_MAX,
    RUNNING_MIN,
    SQUARE,
    TOTAL,
    VALUE,
)
from sevenfold.features.kernel.rows import seek
from sevenfold.features.kernel.totals import add_to_total, decay, held, write_decayed

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Rows, Words

__all__ = ["append", "insert", "note_first", "write_rows"]


@compiled
def write_rows(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, first: int, times: Words,
    events: Words | Rows, n: int, words: Words, fwords: Floats,
) -> None:  # fmt: skip
    """Write ``n`` rows from row ``first`` on, column by column, from the words ``[:, events[i]]``."""
    width = spec[b + ROW]
    start = seg + spec[b + HEADER] + first * width
    for i in range(n):
        arena[start + i * width] = times[i]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        kind = spec[c + C_KIND]
        at = start + spec[c + C_AT]
        source = spec[c + C_INPUT]
        if kind == TOTAL and spec[c + C_LIMBS] == 1 and spec[c + C_FLOAT] == 0:
            running = arena[at - width]
            for k in range(n):
                running += words[source, events[k]]
                arena[np.uint64(at + k * width)] = running
        elif kind in (TOTAL, SQUARE):
            limbs = spec[c + C_LIMBS]
            for k in range(n):
                for limb in range(limbs):
                    arena[at + k * width + limb] = arena[at + (k - 1) * width + limb]
                event = events[k]
                add_to_total(arena, at + k * width, spec, c, words[source, event], fwords[source, event])
        elif kind == VALUE:
            for k in range(n):
                arena[at + k * width] = words[source, events[k]]
        elif kind in (RUNNING_MIN, RUNNING_MAX):
            write_running(spec, c, arena, farena, at, width, events, n, words[source], fwords[source])
        elif kind == DECAYED:
            write_decayed(spec, c, arena, farena, at, start, width, events, n, words[source], fwords[source])


@compiled
def note_first(spec: Words, b: int, arena: Words, seg: int, time: int, words: Words, event: int) -> None:
    """Remember the entity's first event, if this is it."""
    first = arena[seg + H_FIRST_TIME]
    if first != NEVER and first <= time:
        return
    arena[seg + H_FIRST_TIME] = time
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == FIRST_EVER:
            arena[seg + spec[c + C_AUX]] = words[spec[c + C_INPUT], event]


@compiled
def append(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, times: Words, events: Words | Rows, n: int,
    words: Words, fwords: Floats,
) -> None:  # fmt: skip
    """Fold ``n`` events in order, none of them older than any row of their segment."""
    row = arena[seg + H_END]
    write_rows(spec, b, arena, farena, seg, row, times, events, n, words, fwords)
    note_first(spec, b, arena, seg, times[0], words, events[0])
    if spec[b + EXTRA] > 0:
        for k in range(n):
            link(spec, b, arena, seg, row + k, True)
    arena[seg + H_END] = row + n


@compiled
def insert(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, times: Words, events: Words | Rows,
    clock: int, words: Words, fwords: Floats,
) -> int:  # fmt: skip
    """Fold a late event, the first of ``events``; its row.

    The row goes where its time belongs, after rows of the same time. ``clock`` is where windows end. The
    cost grows with the rows that it displaces.
    """
    time, event = times[0], events[0]
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    start = arena[seg + H_START]
    end = arena[seg + H_END]
    settle(spec, b, arena, seg, clock)
    row = seek(arena, rows, width, end, start, end, time)
    if row == end:
        append(spec, b, arena, farena, seg, times, events, 1, words, fwords)
        return row
    for old in range(end - 1, row - 1, -1):
        for i in range(width):
            arena[rows + (old + 1) * width + i] = arena[rows + old * width + i]
        if spec[b + N_COUNTERS] > 0:
            follow(spec, b, arena, seg, old, row)
    # The row before may be the base: its running totals are those of everything that was dropped.
    write_rows(spec, b, arena, farena, seg, row, times, events, 1, words, fwords)
    note_first(spec, b, arena, seg, time, words, event)
    arena[seg + H_END] = end + 1
    carry_over(spec, b, arena, farena, seg, row, time, words, fwords, event)
    shift_hints(spec, b, arena, seg, row)
    insert_in_stacks(spec, b, arena, farena, seg, row)
    relink(spec, b, arena, seg, row, clock)
    return row


@compiled
def carry_over(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, row: int, time: int, words: Words,
    fwords: Floats, event: int,
) -> None:  # fmt: skip
    """Add a late event to the running columns of the rows after it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    end = arena[seg + H_END]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        kind = spec[c + C_KIND]
        at = rows + spec[c + C_AT]
        source = spec[c + C_INPUT]
        if kind in (TOTAL, SQUARE):
            for later in range(row + 1, end):
                add_to_total(arena, at + later * width, spec, c, words[source, event], fwords[source, event])
        elif kind in (RUNNING_MIN, RUNNING_MAX):
            x = words[source, event]
            sign = 1 if kind == RUNNING_MIN else -1
            is_float = spec[c + C_FLOAT] == 1
            for later in range(row + 1, end):
                y = at + later * width
                if better(x, arena[y], is_float, fwords[source, event], farena[y], sign):
                    arena[y] = x
        elif kind == DECAYED:
            half_life = np.float64(spec[c + C_AUX])
            gain = fwords[source, event] if spec[c + C_FLOAT] == 1 else np.float64(words[source, event])
            for later in range(row + 1, end):
                elapsed = np.float64(arena[rows + later * width] - time)
                decayed = farena[at + later * width] + gain * decay(elapsed, half_life)
                farena[at + later * width] = held(decayed)


@compiled
def shift_hints(spec: Words, b: int, arena: Words, seg: int, row: int) -> None:
    """Rows from ``row`` on have moved up by one."""
    for d in range(spec[b + N_DELAYS]):
        if arena[seg + H_FIXED + d] > row:
            arena[seg + H_FIXED + d] += 1
    for w in range(spec[b + N_WINDOWS]):
        at = seg + spec[b + HEADS_AT] + w
        if arena[at] > row:
            arena[at] += 1
