"""Count the different values of a window without looking at its rows.

Each row is linked to the rows before and after it that hold the same value; a hash table beside the rows
finds the newest row of a value. A counter remembers the window it stands at and moves with it: a row adds one
where the previous row of its value lies before the window, and takes one away where the next one lies after
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled, inlined
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
    DELAYS,
    H_CAPACITY,
    H_END,
    H_START,
    HEADER,
    LINKS,
    N_COLUMNS,
    N_COUNTERS,
    N_STACKS,
    NO_ROW,
    O_AUX,
    O_SLOT,
    ROW,
    WINDOW_WORDS,
    WINDOWS,
)
from sevenfold.features.kernel.rows import seek

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Words

__all__ = ["distinct", "follow", "link", "rebuild", "relink", "settle", "slot_hash", "unlink"]


@inlined
def slot_hash(value: int) -> np.uint64:
    """Mix the bits of a value (the finaliser of MurmurHash3)."""
    h = np.uint64(value)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h


@compiled
def table_of(spec: Words, b: int, arena: Words, seg: int, table: int) -> int:
    """Where hash table number ``table`` begins; it has two places for each row of capacity."""
    capacity = arena[seg + H_CAPACITY]
    stacks = seg + spec[b + HEADER] + capacity * spec[b + ROW]
    at: int = stacks + capacity * (spec[b + N_STACKS] + 2 * table)
    return at


@compiled
def find(arena: Words, rows: int, width: int, value_at: int, table: int, capacity: int, value: int) -> int:
    """Where ``value`` stands in a hash table, or the empty place where it would."""
    mask = np.uint64(2 * capacity - 1)
    place = slot_hash(value) & mask
    while True:
        at = table + int(place)
        row = arena[at]
        if row == NO_ROW or arena[rows + row * width + value_at] == value:
            return at
        place = (place + np.uint64(1)) & mask


@compiled
def rebuild(spec: Words, b: int, arena: Words, seg: int) -> None:
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


@compiled
def link(spec: Words, b: int, arena: Words, seg: int, row: int, remember: bool) -> None:
    """Tie the newest row to the previous one of the same value; in the table too where it is to last."""
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


@compiled
def unlink(spec: Words, b: int, arena: Words, seg: int, row: int) -> None:
    """Undo `link` of a row that was not to be remembered."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] == LINKS:
            before = arena[rows + row * width + spec[c + C_AT]]
            if before > 0:
                arena[rows + before * width + spec[c + C_AT] + 1] = NO_ROW


@compiled
def move_counter(
    arena: Words, links: int, width: int, head: int, upto: int, distinct: int, new_head: int, new_upto: int
) -> int:
    """Count the distinct values of rows ``[new_head, new_upto)`` from those of ``[head, upto)``.

    A row's value is new to a window when its previous occurrence lies before it, and gone when the row leaves
    and its next occurrence does not lie inside.
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


@compiled
def settle(spec: Words, b: int, arena: Words, seg: int, clock: int) -> None:
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


@compiled
def distinct(
    spec: Words, b: int, arena: Words, seg: int, rows: int, op: int, heads_at: int, tails_at: int, n: int,
    rec: Words, places: Words, work: Words, store: bool,
) -> None:  # fmt: skip
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


@compiled
def follow(spec: Words, b: int, arena: Words, seg: int, old: int, first: int) -> None:
    """Renumber what points at row ``old``, which has moved up by one as all later rows have.

    Rows from ``first`` on move, the last one first. What is left at ``old`` is still what moved, so that the
    hash table, whose entries name rows, can be searched in between.
    """
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] != LINKS:
            continue
        at = rows + spec[c + C_AT]
        here = at + (old + 1) * width
        before = arena[here]
        if before >= first:
            arena[here] = before + 1
        elif before > 0:
            arena[at + before * width + 1] = old + 1
        if arena[here + 1] != NO_ROW:
            arena[here + 1] += 1
            continue
        value_at = spec[b + spec[b + COLUMNS] + spec[c + C_AUX] * COLUMN_WORDS + C_AT]
        table = table_of(spec, b, arena, seg, spec[c + C_TABLE])
        value = arena[rows + old * width + value_at]
        arena[find(arena, rows, width, value_at, table, arena[seg + H_CAPACITY], value)] = old + 1


@compiled
def relink(spec: Words, b: int, arena: Words, seg: int, row: int, clock: int) -> None:
    """Tie a late row in, once those after it have moved up, and count it where windows see it."""
    width = spec[b + ROW]
    rows = seg + spec[b + HEADER]
    for i in range(spec[b + N_COLUMNS]):
        c = b + spec[b + COLUMNS] + i * COLUMN_WORDS
        if spec[c + C_KIND] != LINKS:
            continue
        at = rows + spec[c + C_AT]
        value_at = spec[b + spec[b + COLUMNS] + spec[c + C_AUX] * COLUMN_WORDS + C_AT]
        table = table_of(spec, b, arena, seg, spec[c + C_TABLE])
        capacity = arena[seg + H_CAPACITY]
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


@compiled
def recount(
    spec: Words, b: int, arena: Words, seg: int, column: int, row: int, before: int, after: int, clock: int
) -> None:
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
