"""The memory of one entity in one series: a segment of the arena.

A segment is a header, rows in order of event time, and beside them the stacks and hash tables of the
operations that need them. Rows hold running totals, so a window is the difference of two rows and expiring
costs nothing: a row is dropped when the segment is next moved. Segments grow and shrink by powers of two;
every move is paid for by the rows appended since the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import rebuild, settle
from sevenfold.features.kernel.layout import (
    C_AT,
    C_AUX,
    C_KIND,
    COLUMN_WORDS,
    COLUMNS,
    COUNTERS_AT,
    DECAYED,
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
    N_COLUMNS,
    N_COUNTERS,
    N_DELAYS,
    N_STACKS,
    N_WINDOWS,
    NEVER,
    NULL_INT,
    RETENTION,
    ROW,
    RUNNING_MAX,
    RUNNING_MIN,
    STACKS_AT,
    VALUE,
)
from sevenfold.features.kernel.rows import seek

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = [
    "CLASSES",
    "FREE",
    "FULL",
    "SMALLEST",
    "TOP",
    "WANTED",
    "allocate",
    "class_of",
    "first_needed",
    "gather_segments",
    "initialise",
    "release",
    "reserve",
    "segment_words",
]

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


@compiled
def class_of(rows: int) -> int:
    """The size class of a segment for ``rows`` rows: capacity ``4 << class``."""
    size = 0
    while (SMALLEST << size) < rows:
        size += 1
    return size


@compiled
def segment_words(spec: Words, b: int, capacity: int) -> int:
    """Words that a segment of ``capacity`` rows takes."""
    words: int = spec[b + HEADER] + capacity * (spec[b + ROW] + spec[b + EXTRA])
    return words


@compiled
def allocate(spec: Words, b: int, series: int, arena: Words, memory: Words, size: int) -> int:
    """A segment of size class ``size`` from the free list or the top of the arena; `FULL` if the arena is."""
    free = FREE + series * CLASSES + size
    seg: int = memory[free]
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


@compiled
def release(series: int, arena: Words, memory: Words, seg: int) -> None:
    """Give a segment back."""
    free = FREE + series * CLASSES + class_of(arena[seg + H_CAPACITY])
    arena[seg + 1] = memory[free]
    memory[free] = seg


@compiled
def initialise(spec: Words, b: int, arena: Words, farena: Floats, seg: int, capacity: int) -> None:
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
        if kind in (RUNNING_MIN, RUNNING_MAX, VALUE):
            arena[rows + spec[c + C_AT]] = NULL_INT
        elif kind == DECAYED:
            farena[rows + spec[c + C_AT]] = 0.0
        elif kind == FIRST_EVER:
            arena[seg + spec[c + C_AUX]] = NULL_INT
    reset_hints(spec, b, arena, seg)


@compiled
def reset_hints(spec: Words, b: int, arena: Words, seg: int) -> None:
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


@compiled
def first_needed(spec: Words, b: int, arena: Words, seg: int, clock: int) -> int:
    """The first row that a window ending at ``clock`` or later can see, or that lag(n) needs."""
    start = arena[seg + H_START]
    end = arena[seg + H_END]
    kept: int = max(start, end - spec[b + KEEP])
    if spec[b + RETENTION] < 0 or clock == NEVER:
        return kept
    rows = seg + spec[b + HEADER]
    first = seek(arena, rows, spec[b + ROW], start, start, end, clock - spec[b + RETENTION])
    return min(kept, first)


@compiled
def relocate(spec: Words, b: int, arena: Words, source: int, target: int, capacity: int, first: int) -> None:
    """Copy rows ``[first - 1, end)`` of a settled segment to ``target`` (or onto itself), base row first."""
    width = spec[b + ROW]
    header = spec[b + HEADER]
    end = arena[source + H_END]
    drop = first - 1
    old_capacity = arena[source + H_CAPACITY]
    old_stacks = source + header + old_capacity * width
    new_stacks = target + header + capacity * width
    # Stacks first: within one segment rows move down and would overwrite nothing of theirs, but a copy to a
    # larger one must read them before the old segment is released.
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


@compiled
def reserve(
    spec: Words, b: int, series: int, arena: Words, farena: Floats, memory: Words, offsets: Words,
    slot: int, extra: int, clock: int,
) -> int:  # fmt: skip
    """Make room for ``extra`` more rows of an entity; its segment, or `FULL` with nothing changed.

    ``clock`` is the newest time folded for the entity, `NEVER` for a new one.
    """
    seg: int = offsets[series, slot]
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


@compiled
def gather_segments(spec: Words, blocks: Words, offsets: Words, arena: Words, target: Words, top: int) -> int:
    """Copy all segments to ``target``, one behind the other from word ``top`` on; the word after them."""
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
