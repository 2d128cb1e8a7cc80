"""The memory of one entity in one series: a segment of the arena.

A segment is a header, rows in order of event time, and beside them the stacks and hash tables of the operations that
need them. Rows hold running totals, so a window is the difference of two rows and expiring costs nothing: a row is
dropped when the segment is next moved. Segments grow and shrink by powers of two; every move is paid for by the rows
appended since the last one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_KIND,
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
    H_DROPPED,
    H_END,
    H_FIRST_TIME,
    H_FIXED,
    H_START,
    HEADER,
    HEADS_AT,
    KEEP,
    LINKS,
    N_COLUMNS,
    N_COUNTERS,
    N_DELAYS,
    N_STACKS,
    N_WINDOWS,
    NEVER,
    NO_ROW,
    NULL_INT,
    RETENTION,
    ROW,
    RUNNING_MAX,
    RUNNING_MIN,
    STACKS_AT,
    VALUE,
    WINDOW_WORDS,
    WINDOWS,
)

__all__ = ["allocate", "class_of", "gather_segments", "move_counter", "rebuild", "release", "reserve", "seek", "segment_words"]

TOP = 0
"""Word of ``memory``: first arena word never used."""
WANTED = 1
"""Word of ``memory``: arena size that the refused reservation needs."""
FREE = 8
"""First word of the free lists in ``memory``: ``CLASSES`` for each series, one for each power of two."""
CLASSES = 48
SMALLEST = 4
"""Rows of the smallest segment, the base row included."""
FULL = -1
"""What a reservation returns when the arena must grow first; nothing has changed then."""


@njit(nogil=True, cache=True)
def class_of(rows):
    """The size class of a segment for ``rows`` rows: capacity ``4 << class``."""
    size = 0
    while (SMALLEST << size) < rows:
        size += 1
    return size


@njit(nogil=True, cache=True)
def segment_words(spec, b, capacity):
    """Words that a segment of ``capacity`` rows takes."""
    return spec[b + HEADER] + capacity * (spec[b + ROW] + spec[b + EXTRA])


@njit(nogil=True, cache=True)
def allocate(spec, b, series, arena, memory, size):
    """A segment of size class ``size`` from the free list or the top of the arena; `FULL` if the arena is."""
    free = FREE + series * CLASSES + size
    seg = memory[free]
    if seg != 0:
        memory[free] = arena[seg + 1]
        return seg
    words = segment_words(spec, b, SMALLEST << size)
    seg = memory[TOP]
    if seg + words > arena.size:
        memory[WANTED] = seg + words
        return FULL
    memory[TOP] = seg + words
    return seg


@njit(nogil=True, cache=True)
def release(series, arena, memory, seg):
    """Give a segment back."""
    free = FREE + series * CLASSES + class_of(arena[seg + H_CAPACITY])
    arena[seg + 1] = memory[free]
    memory[free] = seg


@njit(nogil=True, cache=True)
def initialise(spec, b, arena, farena, seg, capacity):
    """An empty segment: a header and a base row that holds no event."""
    for i in range(spec[b + HEADER]):
        arena[seg + i] = 0
    arena[seg + H_CAPACITY] = capacity
    arena[seg + H_END] = 1
    arena[seg + H_START] = 1
    arena[seg + H_FIRST_TIME] = NEVER
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + ROW]):
        arena[rows + i] = 0
    arena[rows] = NEVER
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        kind = spec[c + C_KIND]
        if kind == RUNNING_MIN or kind == RUNNING_MAX or kind == VALUE:
            arena[rows + spec[c + C_AT]] = NULL_INT
        elif kind == DECAYED:
            farena[rows + spec[c + C_AT]] = 0.0
        elif kind == FIRST_EVER:
            arena[seg + spec[c + C_AUX]] = NULL_INT
    reset_hints(spec, b, arena, seg)


@njit(nogil=True, cache=True)
def reset_hints(spec, b, arena, seg):
    """Point every hint at the first row and empty the stacks and tables."""
    start = arena[seg + H_START]
    for d in range(spec[b + N_DELAYS]):
        arena[seg + H_FIXED + d] = start
    for w in range(spec[b + N_WINDOWS]):
        arena[seg + spec[b + HEADS_AT] + w] = start
    for i in range(spec[b + N_COUNTERS]):
        at = seg + spec[b + COUNTERS_AT] + 3 * i
        arena[at] = start
        arena[at + 1] = start
        arena[at + 2] = 0
    for i in range(spec[b + N_STACKS]):
        at = seg + spec[b + STACKS_AT] + 2 * i
        arena[at] = 0
        arena[at + 1] = start


@njit(nogil=True, cache=True)
def table_of(spec, b, arena, seg, table):
    """Where hash table number ``table`` begins; it has two places for each row of capacity."""
    capacity = arena[seg + H_CAPACITY]
    stacks = seg + spec[b + HEADER] + capacity * spec[b + ROW]
    return stacks + capacity * (spec[b + N_STACKS] + 2 * table)


@njit(nogil=True, cache=True, inline="always")
def slot_hash(value):
    """Mix the bits of a value (the finaliser of MurmurHash3)."""
    h = np.uint64(value)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h


@njit(nogil=True, cache=True)
def find(arena, rows, width, value_at, table, capacity, value):
    """Where ``value`` stands in a hash table, or the empty place where it would."""
    mask = np.uint64(2 * capacity - 1)
    place = slot_hash(value) & mask
    while True:
        row = arena[table + np.int64(place)]
        if row == NO_ROW or arena[rows + row * width + value_at] == value:
            return table + np.int64(place)
        place = (place + np.uint64(1)) & mask


@njit(nogil=True, cache=True)
def rebuild(spec, b, arena, seg):
    """Write the links between rows of equal value, and their hash tables, anew."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    capacity = arena[seg + H_CAPACITY]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] != LINKS:
            continue
        at = spec[c + C_AT]
        value_at = spec[b + spec[b + COLUMNS] + spec[c + C_AUX] * COLUMN_WORDS + C_AT]
        table = table_of(spec, b, arena, seg, spec[c + C_TABLE])
        for place in range(2 * capacity):
            arena[table + place] = NO_ROW
        for row in range(arena[seg + H_START], arena[seg + H_END]):
            place = find(arena, rows, width, value_at, table, capacity, arena[rows + row * width + value_at])
            before = arena[place]
            arena[place] = row
            arena[rows + row * width + at] = max(before, 0)
            arena[rows + row * width + at + 1] = NO_ROW
            if before != NO_ROW:
                arena[rows + before * width + at + 1] = row


@njit(nogil=True, cache=True)
def seek(arena, rows, width, hint, start, end, cutoff):
    """The first row of ``[start, end)`` whose time is after ``cutoff``, or ``end``; fast near ``hint``."""
    low = max(start, min(hint, end))
    if low < end and arena[rows + low * width] <= cutoff:
        step = 1
        high = low + 1
        while high < end and arena[rows + high * width] <= cutoff:
            low = high
            step += step
            high = low + step
        high = min(high, end)
        low += 1
    elif low > start and arena[rows + (low - 1) * width] > cutoff:
        step = 1
        high = low - 1
        low = high - 1
        while low >= start and arena[rows + low * width] > cutoff:
            high = low
            step += step
            low = high - step
        low = max(low, start)
        if arena[rows + low * width] <= cutoff:
            low += 1
    else:
        return low
    while low < high:
        middle = (low + high) >> 1
        if arena[rows + middle * width] <= cutoff:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def move_counter(arena, links, width, head, upto, distinct, new_head, new_upto):
    """Count the distinct values of rows ``[new_head, new_upto)`` from those of ``[head, upto)``.

    A row's value is new to a window when its previous occurrence lies before it, and gone when the row leaves and its
    next occurrence does not lie inside.
    """
    if new_head < head:
        while head > new_head:
            head -= 1
            following = arena[links + head * width + 1]
            if following == NO_ROW or following >= upto:
                distinct += 1
    while upto < new_upto:
        if arena[links + upto * width] < head:
            distinct += 1
        upto += 1
    while upto > new_upto:
        upto -= 1
        if arena[links + upto * width] < head:
            distinct -= 1
    while head < new_head:
        following = arena[links + head * width + 1]
        if following == NO_ROW or following >= upto:
            distinct -= 1
        head += 1
    return distinct


@njit(nogil=True, cache=True)
def settle(spec, b, arena, seg, clock):
    """Bring every counter of distinct values to the windows that end at ``clock``."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    start = arena[seg + H_START]
    end = arena[seg + H_END]
    for i in range(spec[b + N_COUNTERS]):
        record = b + spec[b + COUNTERS] + i * COUNTER_WORDS
        column = b + spec[b + COLUMNS] + spec[record] * COLUMN_WORDS
        delay = spec[b + spec[b + DELAYS] + spec[record + 2]]
        at = seg + spec[b + COUNTERS_AT] + 3 * i
        upto = end if delay == 0 else seek(arena, rows, width, arena[at + 1], start, end, clock - delay)
        head = start
        if spec[record + 1] >= 0:
            span = spec[b + spec[b + WINDOWS] + spec[record + 1] * WINDOW_WORDS]
            head = seek(arena, rows, width, arena[at], start, end, clock - delay - span)
        links = rows + spec[column + C_AT]
        arena[at + 2] = move_counter(arena, links, width, arena[at], arena[at + 1], arena[at + 2], head, upto)
        arena[at] = head
        arena[at + 1] = upto


@njit(nogil=True, cache=True)
def first_needed(spec, b, arena, seg, clock):
    """The first row that a window ending at ``clock`` or later can see, or that lag(n) needs."""
    start = arena[seg + H_START]
    end = arena[seg + H_END]
    kept = max(start, end - spec[b + KEEP])
    if spec[b + RETENTION] < 0 or clock == NEVER:
        return kept
    rows = seg + spec[b + HEADER]
    return min(kept, seek(arena, rows, spec[b + ROW], start, start, end, clock - spec[b + RETENTION]))


@njit(nogil=True, cache=True)
def relocate(spec, b, arena, source, target, capacity, first):
    """Copy rows ``[first - 1, end)`` of a settled segment to ``target`` (or onto itself), base row first."""
    width = spec[b + ROW]
    header = spec[b + HEADER]
    end = arena[source + H_END]
    drop = first - 1
    old_capacity = arena[source + H_CAPACITY]
    old_stacks = source + header + old_capacity * width
    new_stacks = target + header + capacity * width
    # Stacks first: within one segment rows move down and would overwrite nothing of theirs, but a copy to a larger
    # one must read them before the old segment is released.
    for i in range(spec[b + N_STACKS]):
        at = source + spec[b + STACKS_AT] + 2 * i
        count = 0
        for k in range(arena[at]):
            row = arena[old_stacks + i * old_capacity + k] - drop
            if row >= 1:
                arena[new_stacks + i * capacity + count] = row
                count += 1
        arena[at] = count
    if target != source:
        for i in range(header):
            arena[target + i] = arena[source + i]
    rows_from = source + header + drop * width
    rows_to = target + header
    for i in range((end - drop) * width):
        arena[rows_to + i] = arena[rows_from + i]
    arena[target + H_CAPACITY] = capacity
    arena[target + H_START] = 1
    arena[target + H_END] = end - drop
    arena[target + H_DROPPED] += drop
    for d in range(spec[b + N_DELAYS]):
        at = target + H_FIXED + d
        arena[at] = max(arena[at] - drop, 1)
    for w in range(spec[b + N_WINDOWS]):
        at = target + spec[b + HEADS_AT] + w
        arena[at] = max(arena[at] - drop, 1)
    for i in range(spec[b + N_COUNTERS]):
        at = target + spec[b + COUNTERS_AT] + 3 * i
        arena[at] -= drop
        arena[at + 1] -= drop
    for i in range(spec[b + N_STACKS]):
        at = target + spec[b + STACKS_AT] + 2 * i + 1
        arena[at] = max(arena[at] - drop, 1)
    rebuild(spec, b, arena, target)


@njit(nogil=True, cache=True)
def reserve(spec, b, series, arena, farena, memory, offsets, slot, extra, clock):
    """Make room for ``extra`` more rows of an entity; its segment, or `FULL` with nothing changed.

    ``clock`` is the newest time folded for the entity, `NEVER` for a new one.
    """
    seg = offsets[series, slot]
    if seg == 0:
        size = class_of(extra + 1)
        seg = allocate(spec, b, series, arena, memory, size)
        if seg == FULL:
            return FULL
        initialise(spec, b, arena, farena, seg, SMALLEST << size)
        rebuild(spec, b, arena, seg)
        offsets[series, slot] = seg
        return seg
    capacity = arena[seg + H_CAPACITY]
    end = arena[seg + H_END]
    if end + extra <= capacity:
        return seg
    if spec[b + N_COUNTERS] > 0 and clock != NEVER:
        settle(spec, b, arena, seg, clock)
    first = first_needed(spec, b, arena, seg, clock)
    wanted = end - first + 1 + extra
    size = class_of(capacity)
    # In place while at least half is then free; smaller when seven eighths would be.
    new_size = class_of(2 * wanted)
    if new_size > size or new_size + 2 <= size:
        target = allocate(spec, b, series, arena, memory, new_size)
        if target == FULL:
            return FULL
        relocate(spec, b, arena, seg, target, SMALLEST << new_size, first)
        release(series, arena, memory, seg)
        offsets[series, slot] = target
        return target
    relocate(spec, b, arena, seg, seg, capacity, first)
    return seg


@njit(nogil=True, cache=True)
def gather_segments(spec, blocks, offsets, arena, target, top):
    """Copy all segments to ``target`` one behind the other from word ``top`` on; the first word after them."""
    for series in range(blocks.size):
        b = blocks[series]
        for slot in range(offsets.shape[1]):
            seg = offsets[series, slot]
            if seg != 0:
                words = segment_words(spec, b, arena[seg + H_CAPACITY])
                target[top : top + words] = arena[seg : seg + words]
                offsets[series, slot] = top
                top += words
    return top
