"""Run the kernel: one entity's items, all entities of a batch, or one event.

An *item* is one event seen from one key: at slot ``slot`` (the entity's number) it is folded into the series
of its stream, or read by a lookup, or both. Items of an entity are taken in log order; the folds of an event
come before the reads of it. Backfill and the online path differ only in how many items there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.distinct import link, unlink
from sevenfold.features.kernel.layout import (
    CHUNK,
    H_CAPACITY,
    H_END,
    K_LOOKUPS,
    K_N_LOOKUPS,
    K_N_SERIES,
    K_SERIES,
    KEY_WORDS,
    KEYS,
    L_N_READERS,
    L_READERS,
    LANE,
    LOOKUP_WORDS,
    MOST_ITEMS,
    NO_ROW,
    PRESENCE,
    R_SERIES,
    READER_WORDS,
    SERIES,
    SOURCE,
    STACKS_AT,
)
from sevenfold.features.kernel.place import append, insert, note_first, write_rows
from sevenfold.features.kernel.query import empty, query
from sevenfold.features.kernel.segment import FULL, reserve, segment_words

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Rows, Shorts, Words

__all__ = ["SCRATCH_SLOTS", "empty_record", "fold_key", "fold_runs", "read_key", "reserve_runs"]

SCRATCH_SLOTS = MOST_ITEMS
"""Slots of every key for entities that are asked about and not kept."""


@compiled
def belongs(spec: Words, b: int, sources: Shorts, words: Words, item: int, event: int) -> bool:
    """Whether an item is folded into the series of block ``b``."""
    if sources[item] != spec[b + SOURCE]:
        return False
    presence = spec[b + PRESENCE]
    inside: bool = presence < 0 or words[presence, event] == 1
    return inside


@compiled
def empty_record(spec: Words, key: int, number: int, rec: Words, frec: Floats, at: int) -> None:
    """Write what a lookup gives for a missing entity."""
    lookup = spec[spec[KEYS] + key * KEY_WORDS + K_LOOKUPS] + number * LOOKUP_WORDS
    for r in range(spec[lookup + L_N_READERS]):
        reader = spec[lookup + L_READERS] + r * READER_WORDS
        b = spec[spec[SERIES] + spec[reader + R_SERIES]]
        empty(spec, b, reader, rec, frec, at)


@compiled
def fold_key(
    spec: Words, key: int, slot: int, first: int, last: int, clock: int, times: Words, floors: Words,
    events: Rows, sources: Shorts, lookups: Shorts, arena: Words, farena: Floats, offsets: Words,
    words: Words, fwords: Floats, rec: Words, frec: Floats, base: int, width: int, work: Words, run: Words,
) -> int:  # fmt: skip
    """Fold and read items ``[first, last)`` of one entity in order; the entity's clock after them.

    Parameters
    ----------
    times, floors, events, sources, lookups
        Of each item: event time; the earliest end of its windows (empty where there is no such floor); column
        of ``words``; what is folded (-1: nothing); the lookup that reads it (-1: none).
    rec, frec, base, width
        Item ``i`` writes its results to the words from ``base + i * width``.
    run
        Scratch of shape (7, LANE).
    """
    block = spec[KEYS] + key * KEY_WORDS
    i = first
    while i < last:
        before = clock
        j, late, clock = next_chunk(i, last, clock, times, floors, events, sources, run)
        for k in range(spec[block + K_N_SERIES]):
            series = spec[spec[block + K_SERIES] + k]
            b = spec[spec[SERIES] + series]
            seg = offsets[series, slot]
            if seg != 0:
                place(
                    spec, b, seg, i, j, late, before, times, events, sources,
                    arena, farena, words, fwords, run,
                )  # fmt: skip
            answer(
                spec, block, series, b, seg, i, j, lookups,
                arena, farena, rec, frec, base, width, work, run, True,
            )  # fmt: skip
        i = j
    return clock


@compiled
def next_chunk(
    first: int, last: int, clock: int, times: Words, floors: Words, events: Rows, sources: Shorts, run: Words
) -> tuple[int, bool, int]:
    """Find the items from ``first`` on that can be taken together, and where their windows end (``run[0]``).

    Returns
    -------
    int, bool, int
        The first item after them; whether they are those of one late event; the clock after them.
    """
    late = False
    j = first
    while j < last:
        time = times[j]
        begins = j > first and events[j] != events[j - 1]
        if begins and (late or j - first > CHUNK - MOST_ITEMS or (sources[j] >= 0 and time < clock)):
            break
        if sources[j] >= 0:
            if time < clock:
                late = True
            else:
                clock = time
        end = max(time, clock)
        run[0, j - first] = max(end, floors[j]) if floors.size > 0 else end
        j += 1
    return j, late, clock


@compiled
def place(
    spec: Words, b: int, seg: int, i: int, j: int, late: bool, clock: int, times: Words, events: Rows,
    sources: Shorts, arena: Words, farena: Floats, words: Words, fwords: Floats, run: Words,
) -> None:  # fmt: skip
    """Fold the items of a chunk that belong to a series; note the rows after each, and its event's own."""
    end = arena[seg + H_END]
    source, presence = spec[b + SOURCE], spec[b + PRESENCE]
    newest = np.int64(-1)
    own = np.int64(NO_ROW)
    n = 0
    for item in range(i, j):
        event = events[item]
        if sources[item] == source and (presence < 0 or words[presence, event] == 1):
            run[3, n] = times[item]
            run[4, n] = event
            newest, own = event, end + n
            n += 1
        run[1, item - i] = end + n
        run[2, item - i] = own if newest == event else NO_ROW
    if n == 0:
        return
    if not late:
        append(spec, b, arena, farena, seg, run[3], run[4], n, words, fwords)
        return
    # A late chunk holds the items of one event, of which one at most is folded into a series.
    row = insert(spec, b, arena, farena, seg, run[3], run[4], clock, words, fwords)
    for item in range(i, j):
        if run[2, item - i] != NO_ROW:
            run[2, item - i] = row


@compiled
def answer(
    spec: Words, block: int, series: int, b: int, seg: int, i: int, j: int, lookups: Shorts, arena: Words,
    farena: Floats, rec: Words, frec: Floats, base: int, width: int, work: Words, run: Words, store: bool,
) -> None:  # fmt: skip
    """Read a series for the items of a chunk, lookup by lookup."""
    for number in range(spec[block + K_N_LOOKUPS]):
        n = 0
        for item in range(i, j):
            if lookups[item] == number:
                run[3, n] = base + item * width
                run[4, n] = run[0, item - i]
                run[5, n] = run[1, item - i]
                run[6, n] = run[2, item - i]
                n += 1
        if n == 0:
            continue
        lookup = spec[block + K_LOOKUPS] + number * LOOKUP_WORDS
        for r in range(spec[lookup + L_N_READERS]):
            reader = spec[lookup + L_READERS] + r * READER_WORDS
            if spec[reader + R_SERIES] != series:
                continue
            if seg == 0:
                for q in range(n):
                    empty(spec, b, reader, rec, frec, run[3, q])
            else:
                query(
                    spec, b, reader, arena, farena, seg, run[4], run[5], run[6], run[3], n,
                    rec, frec, work, store,
                )  # fmt: skip


@compiled
def read_key(
    spec: Words, key: int, slot: int, first: int, last: int, clock: int, times: Words, floors: Words,
    events: Rows, sources: Shorts, lookups: Shorts, arena: Words, farena: Floats, offsets: Words,
    words: Words, fwords: Floats, rec: Words, frec: Floats, base: int, width: int, work: Words, run: Words,
) -> None:  # fmt: skip
    """Answer the items of one event as `fold_key` would, and leave the state as it was."""
    block = spec[KEYS] + key * KEY_WORDS
    folds = False
    for item in range(first, last):
        folds = folds or sources[item] >= 0
        end = max(times[item], clock)
        run[0, item - first] = max(end, floors[item]) if floors.size > 0 else end
    late = folds and times[first] < clock
    for k in range(spec[block + K_N_SERIES]):
        series = spec[spec[block + K_SERIES] + k]
        b = spec[spec[SERIES] + series]
        seg = offsets[series, slot]
        saved = np.empty(0, np.int64)
        row = NO_ROW
        for item in range(first, last):
            if seg != 0 and belongs(spec, b, sources, words, item, events[item]):
                size = segment_words(spec, b, arena[seg + H_CAPACITY]) if late else spec[b + STACKS_AT]
                saved = arena[seg : seg + size].copy()
                row = suppose(
                    spec, b, seg, late, clock, times[item:], events[item:], arena, farena, words, fwords
                )
        for item in range(first, last):
            run[1, item - first] = arena[seg + H_END] if seg != 0 else 0
            run[2, item - first] = row
        answer(
            spec, block, series, b, seg, first, last, lookups,
            arena, farena, rec, frec, base, width, work, run, False,
        )  # fmt: skip
        if row != NO_ROW:
            if not late:
                unlink(spec, b, arena, seg, row)
            arena[seg : seg + saved.size] = saved


@compiled
def suppose(
    spec: Words, b: int, seg: int, late: bool, clock: int, times: Words, events: Rows, arena: Words,
    farena: Floats, words: Words, fwords: Floats,
) -> int:  # fmt: skip
    """Place the first event's row for the time of a question; what changed in the header must be put back."""
    if late:
        return insert(spec, b, arena, farena, seg, times, events, clock, words, fwords)
    row: int = arena[seg + H_END]
    write_rows(spec, b, arena, farena, seg, row, times, events, 1, words, fwords)
    note_first(spec, b, arena, seg, times[0], words, events[0])
    link(spec, b, arena, seg, row, False)
    arena[seg + H_END] = row + 1
    return row


@compiled
def fold_runs(
    spec: Words, key: int, begin: int, end: int, starts: Words, clocks: Words, times: Words, floors: Words,
    events: Rows, sources: Shorts, lookups: Shorts, arena: Words, farena: Floats, offsets: Words,
    words: Words, fwords: Floats, rec: Words, frec: Floats, base: int, width: int, work: Words,
) -> None:  # fmt: skip
    """Fold and read all items of the slots ``[begin, end)``, entity by entity."""
    run = np.empty((7, LANE), np.int64)
    for slot in range(begin, end):
        if starts[slot + 1] > starts[slot]:
            clocks[slot] = fold_key(
                spec, key, slot, starts[slot], starts[slot + 1], clocks[slot],
                times, floors, events, sources, lookups,
                arena, farena, offsets, words, fwords, rec, frec, base, width, work, run,
            )  # fmt: skip


@compiled
def reserve_runs(
    spec: Words, key: int, begin: int, starts: Words, clocks: Words, events: Rows, sources: Shorts,
    words: Words, arena: Words, farena: Floats, memory: Words, offsets: Words,
) -> int:  # fmt: skip
    """Make room for all items of a batch from slot ``begin`` on; the slot at which the arena was full."""
    block = spec[KEYS] + key * KEY_WORDS
    for slot in range(begin, starts.size - 1):
        if starts[slot + 1] == starts[slot]:
            continue
        for k in range(spec[block + K_N_SERIES]):
            series = spec[spec[block + K_SERIES] + k]
            b = spec[spec[SERIES] + series]
            extra = 0
            for item in range(starts[slot], starts[slot + 1]):
                if belongs(spec, b, sources, words, item, events[item]):
                    extra += 1
            if (
                extra > 0
                and reserve(spec, b, series, arena, farena, memory, offsets, slot, extra, clocks[slot])
                == FULL
            ):
                return slot
    return starts.size - 1
