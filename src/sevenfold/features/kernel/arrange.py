"""Put the rows of a batch in order: dense codes, ties between tables, items by entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import slot_hash
from sevenfold.features.kernel.layout import NEVER

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Rows, Shorts, Words

__all__ = ["arrange_items", "break_ties", "dense_codes", "find_records", "running_newest"]


@compiled
def dense_codes(values: Words, codes: Words, firsts: Words) -> int:
    """Number the different ``values`` (negative: none, code -1) as they appear; how many there are.

    ``firsts`` gets the row at which each appeared; both outputs have the length of ``values``.
    """
    size = 1024
    while size < 2 * values.size:
        size *= 2
    table = np.full(size, -1, np.int64)
    mask = np.uint64(size - 1)
    count = 0
    for i in range(values.size):
        if values[i] < 0:
            codes[i] = -1
            continue
        place = slot_hash(values[i]) & mask
        while True:
            code = table[np.int64(place)]
            if code < 0:
                table[np.int64(place)] = count
                firsts[count] = i
                codes[i] = count
                count += 1
                break
            if values[firsts[code]] == values[i]:
                codes[i] = code
                break
            place = (place + np.uint64(1)) & mask
    return count


@compiled
def break_ties(order: Words, times: Words, tables: Words, positions: Words) -> None:
    """Within rows of equal time of several tables, order by position, then table; in place."""
    begin = 0
    while begin < order.size:
        end = begin + 1
        mixed = False
        while end < order.size and times[order[end]] == times[order[begin]]:
            mixed = mixed or tables[order[end]] != tables[order[begin]]
            end += 1
        if mixed:
            for i in range(begin + 1, end):
                row = order[i]
                j = i
                while j > begin and (
                    positions[order[j - 1]] > positions[row]
                    or (positions[order[j - 1]] == positions[row] and tables[order[j - 1]] > tables[row])
                ):
                    order[j] = order[j - 1]
                    j -= 1
                order[j] = row
        begin = end


@compiled
def running_newest(times: Words, newest: int, out: Words) -> bool:
    """``out[i] = max(newest, times[:i + 1])``; whether any time is before the newest one at its place."""
    late = False
    for i in range(times.size):
        if times[i] >= newest:
            newest = times[i]
        elif newest != NEVER:
            late = True
        out[i] = newest
    return late


@compiled
def arrange_items(slots: Words, times: Words, starts: Words, order: Rows, sorted_times: Words) -> int:
    """Stable counting sort of items by slot; negative slots are left out. How many items are listed.

    Parameters
    ----------
    slots, times
        (n,), int64.
    starts
        (slots + 1,): where each slot's items begin.
    order, sorted_times
        (n,): item at each place, int32, and its time.
    """
    starts[:] = 0
    for i in range(slots.size):
        if slots[i] >= 0:
            starts[slots[i] + 1] += 1
    for s in range(1, starts.size):
        starts[s] += starts[s - 1]
    kept: int = starts[-1]
    for i in range(slots.size):
        slot = slots[i]
        if slot >= 0:
            place = starts[slot]
            starts[slot] = place + 1
            order[place] = i
            sorted_times[place] = times[i]
    for s in range(starts.size - 1, 0, -1):
        starts[s] = starts[s - 1]
    starts[0] = 0
    return kept


@compiled
def find_records(lookups: Shorts, events: Rows, number: int, first: int, empty: int, places: Rows) -> None:
    """Which item answers lookup ``number`` for each asking row, ``empty`` where none does.

    ``lookups`` and ``events`` are those of the items; ``places`` (rows,), int32, is filled.
    """
    places[:] = empty
    for item in range(events.size):
        if lookups[item] == number:
            places[events[item] - first] = item
