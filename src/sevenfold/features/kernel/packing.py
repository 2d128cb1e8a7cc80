"""Take one segment out of the arena, or put one in, in a form that depends on nothing around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import rebuild
from sevenfold.features.kernel.layout import (
    C_AUX,
    C_KIND,
    COLUMN_WORDS,
    COLUMNS,
    FIRST_EVER,
    H_CAPACITY,
    H_DROPPED,
    H_END,
    H_FIRST_TIME,
    H_START,
    HEADER,
    N_COLUMNS,
    ROW,
)
from sevenfold.features.kernel.segment import first_needed, initialise

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["PACKED_HEAD", "pack_segment", "packed_words", "unpack_segment"]

PACKED_HEAD = 4
"""Words before the rows: events dropped, first time, rows, words of first values."""


@compiled
def first_values(spec: Words, b: int) -> int:
    """How many columns keep the entity's first value in the header."""
    count = 0
    for i in range(spec[b + N_COLUMNS]):
        if spec[b + spec[b + COLUMNS] + i * COLUMN_WORDS + C_KIND] == FIRST_EVER:
            count += 1
    return count


@compiled
def packed_words(spec: Words, b: int, arena: Words, seg: int, clock: int) -> int:
    """Words that `pack_segment` writes."""
    rows = arena[seg + H_END] - first_needed(spec, b, arena, seg, clock) + 1
    words: int = PACKED_HEAD + first_values(spec, b) + rows * spec[b + ROW]
    return words


@compiled
def pack_segment(spec: Words, b: int, arena: Words, seg: int, clock: int, out: Words) -> None:
    """Write what later windows can see of a segment: no hints, no stacks, no expired rows."""
    first = first_needed(spec, b, arena, seg, clock)
    rows = arena[seg + H_END] - first + 1
    out[0] = arena[seg + H_DROPPED] + first - 1
    out[1] = arena[seg + H_FIRST_TIME]
    out[2] = rows
    out[3] = first_values(spec, b)
    at = PACKED_HEAD
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == FIRST_EVER:
            out[at] = arena[seg + spec[c + C_AUX]]
            at += 1
    start = seg + spec[b + HEADER] + (first - 1) * spec[b + ROW]
    for i in range(rows * spec[b + ROW]):
        out[at + i] = arena[start + i]


@compiled
def unpack_segment(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, capacity: int, packed: Words
) -> None:
    """Fill a new segment from what `pack_segment` wrote."""
    initialise(spec, b, arena, farena, seg, capacity)
    arena[seg + H_CAPACITY] = capacity
    arena[seg + H_DROPPED] = packed[0]
    arena[seg + H_FIRST_TIME] = packed[1]
    arena[seg + H_END] = packed[2]
    arena[seg + H_START] = 1
    at = PACKED_HEAD
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == FIRST_EVER:
            arena[seg + spec[c + C_AUX]] = packed[at]
            at += 1
    start = seg + spec[b + HEADER]
    for i in range(packed[2] * spec[b + ROW]):
        arena[start + i] = packed[at + i]
    rebuild(spec, b, arena, seg)
