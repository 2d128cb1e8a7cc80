"""Run the kernel: one entity's items, all entities of a batch, or one event.

An *item* is one event seen from one key: at slot ``slot`` (the entity's number) it is folded into the series of its
stream, or read by a lookup, or both. Items of an entity are taken in log order; the folds of an event come before
the reads of it. Backfill and the online path differ only in how many items there are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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
from sevenfold.features.kernel.place import append, insert, link, note_first, unlink, write_row
from sevenfold.features.kernel.query import empty, query
from sevenfold.features.kernel.segment import FULL, reserve, segment_words

__all__ = ["fold_key", "fold_runs", "order_by_slot", "read_key", "reserve_runs"]

SCRATCH_SLOTS = 8
"""Slots of every key for entities that are asked about and not kept."""


@njit(nogil=True, cache=True)
def order_by_slot(slots, first_slot, last_slot, starts, order):
    """Stable counting sort: ``order`` lists the rows of each slot in turn, ``starts`` where each slot begins.

    ``slots`` is int64 of shape (n,); negative ones are left out. ``starts`` has ``last_slot - first_slot + 1`` entries.
    The number of rows listed is returned.
    """
    n = slots.size
    starts[:] = 0
    for i in range(n):
        if slots[i] >= first_slot:
            starts[slots[i] - first_slot + 1] += 1
    for s in range(1, starts.size):
        starts[s] += starts[s - 1]
    kept = starts[-1]
    for i in range(n):
        if slots[i] >= first_slot:
            s = slots[i] - first_slot
            order[starts[s]] = i
            starts[s] += 1
    for s in range(starts.size - 1, 0, -1):
        starts[s] = starts[s - 1]
    starts[0] = 0
    return kept


@njit(nogil=True, cache=True)
def belongs(spec, b, sources, words, item, event):
    """Whether an item is folded into the series of block ``b``."""
    if sources[item] != spec[b + SOURCE]:
        return False
    presence = spec[b + PRESENCE]
    return presence < 0 or words[presence, event] == 1


@njit(nogil=True, cache=True)
def fold_key(
    spec, key, slot, first, last, clock,
    times, floors, events, sources, lookups,
    arena, farena, offsets, words, fwords, rec, frec, base, width, work, run,
):  # fmt: skip
    """Fold and read items ``[first, last)`` of one entity in order; the entity's clock after them.

    Parameters
    ----------
    times, floors, events, sources, lookups
        Of each item: event time; the earliest end of its windows (one entry where there is no such floor); column of
        ``words``; what is folded (-1: nothing); the lookup that reads it (-1: none).
    rec, frec, base, width
        Item ``i`` writes its results to the words from ``base + i * width``.
    run
        Scratch of shape (7, CHUNK).
    """
    block = spec[KEYS] + key * KEY_WORDS
    i = first
    while i < last:
        late = False
        before = clock
        j = i
        while j < last:
            time = times[j]
            if j > i and events[j] != events[j - 1]:
                if late or j - i > CHUNK - MOST_ITEMS or (sources[j] >= 0 and time < clock):
                    break
            if sources[j] >= 0:
                if time < clock:
                    late = True
                else:
                    clock = time
            end = max(time, clock)
            run[0, j - i] = max(end, floors[j]) if floors.size > 1 else end
            j += 1
        for k in range(spec[block + K_N_SERIES]):
            series = spec[spec[block + K_SERIES] + k]
            b = spec[spec[SERIES] + series]
            seg = offsets[series, slot]
            if seg != 0:
                place(
                    spec,
                    b,
                    seg,
                    i,
                    j,
                    late,
                    before,
                    times,
                    events,
                    sources,
                    arena,
                    farena,
                    words,
                    fwords,
                    run,
                )
            answer(
                spec,
                block,
                series,
                b,
                seg,
                i,
                j,
                lookups,
                arena,
                farena,
                rec,
                frec,
                base,
                width,
                work,
                run,
                True,
            )
        i = j
    return clock


@njit(nogil=True, cache=True)
def place(spec, b, seg, i, j, late, clock, times, events, sources, arena, farena, words, fwords, run):
    """Fold the items of a chunk that belong to a series; for each, rows there after it and its event's own row."""
    newest = np.int64(-1)
    newest_row = np.int64(NO_ROW)
    for item in range(i, j):
        event = events[item]
        if belongs(spec, b, sources, words, item, event):
            if late:
                newest_row = insert(spec, b, arena, farena, seg, times[item], clock, words, fwords, event)
            else:
                newest_row = append(spec, b, arena, farena, seg, times[item], words, fwords, event)
            newest = event
        run[1, item - i] = arena[seg + H_END]
        run[2, item - i] = newest_row if newest == event else NO_ROW


@njit(nogil=True, cache=True)
def answer(
    spec, block, series, b, seg, i, j, lookups, arena, farena, rec, frec, base, width, work, run, store
):  # fmt: skip
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
                    spec,
                    b,
                    reader,
                    arena,
                    farena,
                    seg,
                    run[4],
                    run[5],
                    run[6],
                    run[3],
                    n,
                    rec,
                    frec,
                    work,
                    store,
                )


@njit(nogil=True, cache=True)
def read_key(
    spec, key, slot, first, last, clock,
    times, floors, events, sources, lookups,
    arena, farena, offsets, words, fwords, rec, frec, base, width, work, run,
):  # fmt: skip
    """Answer the items of one event as `fold_key` would, and leave the state as it was."""
    block = spec[KEYS] + key * KEY_WORDS
    folds = False
    for item in range(first, last):
        folds = folds or sources[item] >= 0
        end = max(times[item], clock)
        run[0, item - first] = max(end, floors[item]) if floors.size > 1 else end
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
                    spec, b, seg, late, clock, times[item], events[item], arena, farena, words, fwords
                )
        for item in range(first, last):
            run[1, item - first] = arena[seg + H_END] if seg != 0 else 0
            run[2, item - first] = row
        answer(
            spec,
            block,
            series,
            b,
            seg,
            first,
            last,
            lookups,
            arena,
            farena,
            rec,
            frec,
            base,
            width,
            work,
            run,
            False,
        )
        if row != NO_ROW:
            if not late:
                unlink(spec, b, arena, seg, row)
            arena[seg : seg + saved.size] = saved


@njit(nogil=True, cache=True)
def suppose(spec, b, seg, late, clock, time, event, arena, farena, words, fwords):
    """Place an event's row for the time of a question; what it changed in the header must be put back."""
    if late:
        return insert(spec, b, arena, farena, seg, time, clock, words, fwords, event)
    row = arena[seg + H_END]
    write_row(spec, b, arena, farena, seg, row, time, words, fwords, event)
    note_first(spec, b, arena, seg, time, words, event)
    link(spec, b, arena, seg, row, False)
    arena[seg + H_END] = row + 1
    return row


@njit(nogil=True, cache=True)
def fold_runs(
    spec, key, first_slot, begin, end, starts, clocks,
    times, floors, events, sources, lookups,
    arena, farena, offsets, words, fwords, rec, frec, base, width, work,
):  # fmt: skip
    """Fold and read all items of the slots ``first_slot + [begin, end)``, entity by entity."""
    run = np.empty((7, CHUNK), np.int64)
    for s in range(begin, end):
        if starts[s + 1] > starts[s]:
            slot = first_slot + s
            clocks[slot] = fold_key(
                spec, key, slot, starts[s], starts[s + 1], clocks[slot],
                times, floors, events, sources, lookups,
                arena, farena, offsets, words, fwords, rec, frec, base, width, work, run,
            )  # fmt: skip


@njit(nogil=True, cache=True)
def reserve_runs(
    spec, key, first_slot, begin, starts, clocks, events, sources, words, arena, farena, memory, offsets
):  # fmt: skip
    """Make room for all items of a batch from slot ``first_slot + begin`` on; where the arena was found full."""
    block = spec[KEYS] + key * KEY_WORDS
    for s in range(begin, starts.size - 1):
        if starts[s + 1] == starts[s]:
            continue
        slot = first_slot + s
        for k in range(spec[block + K_N_SERIES]):
            series = spec[spec[block + K_SERIES] + k]
            b = spec[spec[SERIES] + series]
            extra = 0
            for item in range(starts[s], starts[s + 1]):
                if belongs(spec, b, sources, words, item, events[item]):
                    extra += 1
            if extra > 0 and FULL == reserve(
                spec, b, series, arena, farena, memory, offsets, slot, extra, clocks[slot]
            ):
                return s
    return starts.size - 1
