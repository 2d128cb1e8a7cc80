"""Fold one event into a segment: write its row, carry the running totals, keep rows in order of event time."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_FLOAT,
    C_INPUT,
    C_KIND,
    C_LIMBS,
    C_LOW,
    C_TABLE,
    COLUMN_WORDS,
    COLUMNS,
    COUNTER_WORDS,
    COUNTERS,
    COUNTERS_AT,
    DECAYED,
    DELAYS,
    FIRST_EVER,
    H_CAPACITY,
    H_END,
    H_FIRST_TIME,
    H_FIXED,
    H_START,
    HEADER,
    HEADS_AT,
    LINKS,
    N_COLUMNS,
    N_COUNTERS,
    N_DELAYS,
    N_STACKS,
    N_WINDOWS,
    NEVER,
    NO_ROW,
    NULL_INT,
    ROW,
    RUNNING_MAX,
    RUNNING_MIN,
    SQUARE,
    STACK_WORDS,
    STACKS,
    STACKS_AT,
    TOTAL,
    VALUE,
    WINDOW_WORDS,
    WINDOWS,
)
from sevenfold.features.kernel.limbs import add_float, add_integer, add_square
from sevenfold.features.kernel.segment import find, seek, settle, table_of

__all__ = ["append", "decay", "insert", "link", "unlink"]


@njit(nogil=True, cache=True)
def decay(elapsed, half_life):
    """What is left of one after ``elapsed`` milliseconds."""
    return math.pow(0.5, elapsed / half_life)


@njit(nogil=True, cache=True, inline="always")
def better(x, y, is_float, fx, fy, sign):
    """Whether ``x`` replaces ``y`` as the minimum (``sign`` 1) or maximum (-1); equal values do."""
    if is_float:
        return fx <= fy if sign > 0 else fx >= fy
    return x <= y if sign > 0 else x >= y


@njit(nogil=True, cache=True)
def add_to_total(arena, farena, at, spec, c, word, fword):
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


@njit(nogil=True, cache=True)
def write_row(spec, b, arena, farena, seg, row, time, words, fwords, event):
    """Write row ``row`` of an event whose input words are ``words[:, event]``, after the row before it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    at_row = rows + row * width
    before = at_row - width
    arena[at_row] = time
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        kind = spec[c + C_KIND]
        at = spec[c + C_AT]
        source = spec[c + C_INPUT]
        if kind == TOTAL or kind == SQUARE:
            for k in range(spec[c + C_LIMBS]):
                arena[at_row + at + k] = arena[before + at + k]
            add_to_total(arena, farena, at_row + at, spec, c, words[source, event], fwords[source, event])
        elif kind == VALUE:
            arena[at_row + at] = words[source, event]
        elif kind == RUNNING_MIN or kind == RUNNING_MAX:
            x = words[source, event]
            sign = 1 if kind == RUNNING_MIN else -1
            y = arena[before + at]
            keeps = y == NULL_INT or better(
                x, y, spec[c + C_FLOAT] == 1, fwords[source, event], farena[before + at], sign
            )
            arena[at_row + at] = x if keeps else y
        elif kind == DECAYED:
            left = 0.0
            if arena[before] != NEVER:
                half_life = np.float64(spec[c + C_AUX])
                left = farena[before + at] * decay(np.float64(time - arena[before]), half_life)
            gain = fwords[source, event] if spec[c + C_FLOAT] == 1 else np.float64(words[source, event])
            farena[at_row + at] = left + gain


@njit(nogil=True, cache=True)
def note_first(spec, b, arena, seg, time, words, event):
    """Remember the entity's first event, if this is it."""
    first = arena[seg + H_FIRST_TIME]
    if first != NEVER and first <= time:
        return
    arena[seg + H_FIRST_TIME] = time
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == FIRST_EVER:
            arena[seg + spec[c + C_AUX]] = words[spec[c + C_INPUT], event]


@njit(nogil=True, cache=True)
def link(spec, b, arena, seg, row, remember):
    """Tie the newest row to the previous one of the same value; the table too where it is to be remembered."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] != LINKS:
            continue
        at = spec[c + C_AT]
        value_at = spec[b + spec[b + COLUMNS] + spec[c + C_AUX] * COLUMN_WORDS + C_AT]
        table = table_of(spec, b, arena, seg, spec[c + C_TABLE])
        value = arena[rows + row * width + value_at]
        place = find(arena, rows, width, value_at, table, arena[seg + H_CAPACITY], value)
        before = arena[place]
        arena[rows + row * width + at] = max(before, 0)
        arena[rows + row * width + at + 1] = NO_ROW
        if before != NO_ROW:
            arena[rows + before * width + at + 1] = row
        if remember:
            arena[place] = row


@njit(nogil=True, cache=True)
def unlink(spec, b, arena, seg, row):
    """Undo `link` of a row that was not to be remembered."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == LINKS:
            before = arena[rows + row * width + spec[c + C_AT]]
            if before > 0:
                arena[rows + before * width + spec[c + C_AT] + 1] = NO_ROW


@njit(nogil=True, cache=True)
def append(spec, b, arena, farena, seg, time, words, fwords, event):
    """Fold an event that is not older than any row of its segment; the row."""
    row = arena[seg + H_END]
    write_row(spec, b, arena, farena, seg, row, time, words, fwords, event)
    note_first(spec, b, arena, seg, time, words, event)
    link(spec, b, arena, seg, row, True)
    arena[seg + H_END] = row + 1
    return row


@njit(nogil=True, cache=True)
def insert(spec, b, arena, farena, seg, time, clock, words, fwords, event):
    """Fold a late event: its row goes where its time belongs, after rows of the same time; the row.

    ``clock`` is where windows end. The cost grows with the rows that it displaces.
    """
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    start = arena[seg + H_START]
    end = arena[seg + H_END]
    settle(spec, b, arena, seg, clock)
    row = seek(arena, rows, width, end, start, end, time)
    if row == end:
        row = append(spec, b, arena, farena, seg, time, words, fwords, event)
        return row
    for i in range((end - row) * width - 1, -1, -1):
        arena[rows + (row + 1) * width + i] = arena[rows + row * width + i]
    # The row before may be the base: its running totals are those of everything that was dropped.
    write_row(spec, b, arena, farena, seg, row, time, words, fwords, event)
    note_first(spec, b, arena, seg, time, words, event)
    arena[seg + H_END] = end + 1
    carry_over(spec, b, arena, farena, seg, row, time, words, fwords, event)
    shift_hints(spec, b, arena, seg, row)
    insert_in_stacks(spec, b, arena, farena, seg, row)
    relink(spec, b, arena, seg, row, clock)
    return row


@njit(nogil=True, cache=True)
def carry_over(spec, b, arena, farena, seg, row, time, words, fwords, event):
    """Add a late event to the running columns of the rows after it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    end = arena[seg + H_END]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        kind = spec[c + C_KIND]
        at = rows + spec[c + C_AT]
        source = spec[c + C_INPUT]
        if kind == TOTAL or kind == SQUARE:
            for later in range(row + 1, end):
                add_to_total(
                    arena, farena, at + later * width, spec, c, words[source, event], fwords[source, event]
                )
        elif kind == RUNNING_MIN or kind == RUNNING_MAX:
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
                farena[at + later * width] += gain * decay(elapsed, half_life)


@njit(nogil=True, cache=True)
def shift_hints(spec, b, arena, seg, row):
    """Rows from ``row`` on have moved up by one."""
    for d in range(spec[b + N_DELAYS]):
        if arena[seg + H_FIXED + d] > row:
            arena[seg + H_FIXED + d] += 1
    for w in range(spec[b + N_WINDOWS]):
        at = seg + spec[b + HEADS_AT] + w
        if arena[at] > row:
            arena[at] += 1


@njit(nogil=True, cache=True)
def insert_in_stacks(spec, b, arena, farena, seg, row):
    """Put a late row into the stacks of extremes, where no later row dominates it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    capacity = arena[seg + H_CAPACITY]
    area = rows + capacity * width
    for i in range(spec[b + N_STACKS]):
        record = b + spec[b + STACKS] + i * STACK_WORDS
        c = b + spec[b + COLUMNS] + spec[record] * COLUMN_WORDS
        value_at = rows + spec[c + C_AT]
        is_float = spec[c + C_FLOAT] == 1
        sign = spec[record + 1]
        at = seg + spec[b + STACKS_AT] + 2 * i
        stack = area + i * capacity
        if row >= arena[at + 1]:
            continue
        arena[at + 1] += 1
        count = arena[at]
        place = count
        while place > 0 and arena[stack + place - 1] >= row:
            place -= 1
            arena[stack + place] += 1
        x = value_at + row * width
        if place < count:
            y = value_at + arena[stack + place] * width
            if better(arena[y], arena[x], is_float, farena[y], farena[x], sign):
                continue
        low = place
        while low > 0:
            y = value_at + arena[stack + low - 1] * width
            if not better(arena[x], arena[y], is_float, farena[x], farena[y], sign):
                break
            low -= 1
        # Replace entries [low, place) by the new row.
        if low == place:
            for k in range(count, place, -1):
                arena[stack + k] = arena[stack + k - 1]
            arena[at] = count + 1
        else:
            gap = place - low - 1
            for k in range(place, count):
                arena[stack + k - gap] = arena[stack + k]
            arena[at] = count - gap
        arena[stack + low] = row


@njit(nogil=True, cache=True)
def relink(spec, b, arena, seg, row, clock):
    """Renumber the links of rows that moved up by one, tie the new row in, and count it where windows see it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    end = arena[seg + H_END]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] != LINKS:
            continue
        at = rows + spec[c + C_AT]
        value_at = spec[b + spec[b + COLUMNS] + spec[c + C_AUX] * COLUMN_WORDS + C_AT]
        table = table_of(spec, b, arena, seg, spec[c + C_TABLE])
        capacity = arena[seg + H_CAPACITY]
        renumber(arena, at, width, row, end)
        for place in range(table, table + 2 * capacity):
            if arena[place] >= row:
                arena[place] += 1
        value = arena[rows + row * width + value_at]
        place = find(arena, rows, width, value_at, table, capacity, value)
        before = arena[place]
        after = NO_ROW
        while before > row:
            after = before
            before = arena[at + before * width]
        if before == NO_ROW:
            before = 0
        arena[at + row * width] = before
        arena[at + row * width + 1] = after
        if before > 0:
            arena[at + before * width + 1] = row
        if after == NO_ROW:
            arena[place] = row
        else:
            arena[at + after * width] = row
        recount(spec, b, arena, seg, i, row, before, after, clock)


@njit(nogil=True, cache=True)
def renumber(arena, at, width, row, end):
    """Shift links that point at rows which moved up by one."""
    for other in range(1, end):
        if other == row:
            continue
        if arena[at + other * width] >= row:
            arena[at + other * width] += 1
        if arena[at + other * width + 1] >= row:
            arena[at + other * width + 1] += 1


@njit(nogil=True, cache=True)
def recount(spec, b, arena, seg, column, row, before, after, clock):
    """Bring the counters of distinct values over a late row, which were settled at ``clock``."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    time = arena[rows + row * width]
    for i in range(spec[b + N_COUNTERS]):
        record = b + spec[b + COUNTERS] + i * COUNTER_WORDS
        if spec[record] != column:
            continue
        window = b + spec[b + WINDOWS] + spec[record + 1] * WINDOW_WORDS
        until = clock - spec[b + spec[b + DELAYS] + spec[window + 1]]
        at = seg + spec[b + COUNTERS_AT] + 3 * i
        if spec[window] >= 0 and time <= until - spec[window]:
            arena[at] += 1
            arena[at + 1] += 1
        elif time <= until:
            arena[at + 1] += 1
            if before < arena[at] and (after == NO_ROW or after >= arena[at + 1]):
                arena[at + 2] += 1
