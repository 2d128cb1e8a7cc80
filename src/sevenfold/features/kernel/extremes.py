"""Minimum and maximum: of a window by a monotone stack, of all time by a running column.

A row is on the stack as long as no later row is at least as extreme, so the extreme of a window is the first
row of the stack that lies in it. One stack serves every window of a lookup that ends at the same delay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.kernel.compiled import compiled, inlined
from sevenfold.features.kernel.layout import (
    C_AT,
    C_FLOAT,
    C_KIND,
    COLUMN_WORDS,
    COLUMNS,
    EXTREME,
    H_CAPACITY,
    H_START,
    HEADER,
    LANE,
    N_DELAYS,
    N_STACKS,
    NAN_BITS,
    NO_ROW,
    NULL_INT,
    O_AUX,
    O_CODE,
    O_DELAY,
    O_SLOT,
    O_WINDOW,
    OP_WORDS,
    R_N_OPS,
    R_OPS,
    ROW,
    RUNNING_MIN,
    STACK_WORDS,
    STACKS,
    STACKS_AT,
)

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Rows, Words

__all__ = ["better", "extreme", "extremes_of_stack", "insert_in_stacks", "write_running"]


@inlined
def better(x: int, y: int, is_float: bool, fx: float, fy: float, sign: int) -> bool:
    """Whether ``x`` replaces ``y`` as the minimum (``sign`` 1) or maximum (-1); equal values do."""
    if is_float:
        return fx <= fy if sign > 0 else fx >= fy
    return x <= y if sign > 0 else x >= y


@compiled
def write_running(
    spec: Words, c: int, arena: Words, farena: Floats, at: int, width: int, events: Words | Rows, n: int,
    words: Words, fwords: Floats,
) -> None:  # fmt: skip
    """Extremes of all values up to each row."""
    sign = 1 if spec[c + C_KIND] == RUNNING_MIN else -1
    is_float = spec[c + C_FLOAT] == 1
    for k in range(n):
        x = words[events[k]]
        before = at + (k - 1) * width
        y = arena[before]
        takes = y == NULL_INT or better(x, y, is_float, fwords[events[k]], farena[before], sign)
        arena[at + k * width] = x if takes else y


@compiled
def push(
    arena: Words,
    farena: Floats,
    stack: int,
    length: int,
    value_at: int,
    width: int,
    row: int,
    is_float: bool,
    sign: int,
) -> int:
    """Put a row on a monotone stack: rows that it dominates go; the new length."""
    x = value_at + row * width
    while length > 0:
        y = value_at + arena[stack + length - 1] * width
        if not better(arena[x], arena[y], is_float, farena[x], farena[y], sign):
            break
        length -= 1
    arena[stack + length] = row
    return length + 1


@compiled
def advance(
    arena: Words, farena: Floats, stack: int, state: int, value_at: int, width: int, tail: int,
    is_float: bool, sign: int, start: int,
) -> int:  # fmt: skip
    """Push rows up to ``tail``; where more were pushed already, start over. The length of the stack."""
    length: int = arena[state]
    pushed = arena[state + 1]
    if pushed > tail:
        length, pushed = 0, start
    while pushed < tail:
        length = push(arena, farena, stack, length, value_at, width, pushed, is_float, sign)
        pushed += 1
    arena[state] = length
    arena[state + 1] = pushed
    return length


@compiled
def first_from(arena: Words, stack: int, length: int, head: int) -> int:
    """The first row of a stack that is not before ``head``, or `NO_ROW`."""
    low, high = 0, length
    while low < high:
        middle = (low + high) >> 1
        if arena[stack + middle] < head:
            low = middle + 1
        else:
            high = middle
    row: int = arena[stack + low] if low < length else NO_ROW
    return row


@compiled
def extremes_of_stack(spec: Words, reader: int, first: int) -> int:
    """How many operations from ``first`` on read one stack; 0 where the one before reads it, too."""
    ops = spec[reader + R_OPS]
    op = ops + first * OP_WORDS
    if (
        first > 0
        and spec[op - OP_WORDS + O_CODE] == EXTREME
        and spec[op - OP_WORDS + O_AUX] == spec[op + O_AUX]
    ):
        return 0
    last = first
    while (
        last < spec[reader + R_N_OPS]
        and spec[ops + last * OP_WORDS + O_CODE] == EXTREME
        and spec[ops + last * OP_WORDS + O_AUX] == spec[op + O_AUX]
    ):
        last += 1
    return last - first


@compiled
def extreme(
    spec: Words, b: int, arena: Words, farena: Floats, seg: int, op: int, count: int, owns: Words, n: int,
    rec: Words, places: Words, work: Words, store: bool,
) -> None:  # fmt: skip
    """Minimum or maximum of windows: the first row of the monotone stack that lies in each.

    The ``count`` operations from ``op`` on read the same stack, which moves forward once for all of them.
    """
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
    tails_at = spec[op + O_DELAY] * LANE
    for q in range(n):
        tail = work[tails_at + q]
        own = NO_ROW
        if not store and owns[q] >= 0 and owns[q] == tail - 1:
            # A question that is not to be remembered: its own row stays off the stack.
            own = owns[q]
            tail -= 1
        length = advance(
            arena, farena, stack, state, value_at, width, tail, is_float, sign, arena[seg + H_START]
        )
        for k in range(count):
            each = op + k * OP_WORDS
            head = work[(spec[b + N_DELAYS] + spec[each + O_WINDOW]) * LANE + q]
            found = first_from(arena, stack, length, head)
            if own >= 0 and own >= head:
                x = value_at + own * width
                y = value_at + found * width
                if found == NO_ROW or better(arena[x], arena[y], is_float, farena[x], farena[y], sign):
                    found = own
            word = NAN_BITS if is_float else NULL_INT
            if found != NO_ROW:
                word = arena[value_at + found * width]
            rec[places[q] + spec[each + O_SLOT]] = word


@compiled
def insert_in_stacks(spec: Words, b: int, arena: Words, farena: Floats, seg: int, row: int) -> None:
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
