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
    EXTRA,
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

__all__ = ["append", "better", "decay", "insert", "link", "note_first", "unlink", "write_rows"]


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
def add_to_total(arena, at, spec, c, word, fword):
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
def write_rows(spec, b, arena, farena, seg, first, times, events, n, words, fwords):
    """Write ``n`` rows from row ``first`` on, column by column; event ``i`` has the input words ``[:, events[i]]``."""
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
                arena[at + k * width] = running
        elif kind == TOTAL or kind == SQUARE:
            limbs = spec[c + C_LIMBS]
            for k in range(n):
                for limb in range(limbs):
                    arena[at + k * width + limb] = arena[at + (k - 1) * width + limb]
                event = events[k]
                add_to_total(arena, at + k * width, spec, c, words[source, event], fwords[source, event])
        elif kind == VALUE:
            for k in range(n):
                arena[at + k * width] = words[source, events[k]]
        elif kind == RUNNING_MIN or kind == RUNNING_MAX:
            write_running(spec, c, arena, farena, at, width, events, n, words[source], fwords[source])
        elif kind == DECAYED:
            write_decayed(spec, c, arena, farena, at, start, width, events, n, words[source], fwords[source])


@njit(nogil=True, cache=True)
def write_running(spec, c, arena, farena, at, width, events, n, words, fwords):
    """Extremes of all values up to each row."""
    sign = 1 if spec[c + C_KIND] == RUNNING_MIN else -1
    is_float = spec[c + C_FLOAT] == 1
    for k in range(n):
        x = words[events[k]]
        before = at + (k - 1) * width
        y = arena[before]
        takes = y == NULL_INT or better(x, y, is_float, fwords[events[k]], farena[before], sign)
        arena[at + k * width] = x if takes else y


@njit(nogil=True, cache=True, inline="always")
def held(total):
    """Keep a total within the largest doubles: what overflowed once would never be a number again."""
    return min(max(total, -1.7976931348623157e308), 1.7976931348623157e308)


@njit(nogil=True, cache=True)
def write_decayed(spec, c, arena, farena, at, start, width, events, n, words, fwords):
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
def append(spec, b, arena, farena, seg, times, events, n, words, fwords):
    """Fold ``n`` events in order, none of them older than any row of their segment."""
    row = arena[seg + H_END]
    write_rows(spec, b, arena, farena, seg, row, times, events, n, words, fwords)
    note_first(spec, b, arena, seg, times[0], words, events[0])
    if spec[b + EXTRA] > 0:
        for k in range(n):
            link(spec, b, arena, seg, row + k, True)
    arena[seg + H_END] = row + n


@njit(nogil=True, cache=True)
def insert(spec, b, arena, farena, seg, times, events, clock, words, fwords):
    """Fold a late event, the first of ``events``: its row goes where its time belongs, after equal times; the row.

    ``clock`` is where windows end. The cost grows with the rows that it displaces.
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
    for i in range((end - row) * width - 1, -1, -1):
        arena[rows + (row + 1) * width + i] = arena[rows + row * width + i]
    # The row before may be the base: its running totals are those of everything that was dropped.
    write_rows(spec, b, arena, farena, seg, row, times, events, 1, words, fwords)
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
                add_to_total(arena, at + later * width, spec, c, words[source, event], fwords[source, event])
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
                decayed = farena[at + later * width] + gain * decay(elapsed, half_life)
                farena[at + later * width] = held(decayed)


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
        until = clock - spec[b + spec[b + DELAYS] + spec[record + 2]]
        at = seg + spec[b + COUNTERS_AT] + 3 * i
        window = spec[record + 1]
        if window >= 0 and time <= until - spec[b + spec[b + WINDOWS] + window * WINDOW_WORDS]:
            arena[at] += 1
            arena[at + 1] += 1
        elif time <= until:
            arena[at + 1] += 1
            if before < arena[at] and (after == NO_ROW or after >= arena[at + 1]):
                arena[at + 2] += 1
