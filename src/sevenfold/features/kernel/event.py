"""Take one event whole: input words, folds, reads and features, in one call.

Everything that the call needs beside the state stands in two arrays, since each array argument of a compiled
function costs a tenth of a microsecond: ``codes``, which does not change, and ``scratch``, which does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled, inlined
from sevenfold.features.kernel.fold import empty_record, fold_key, read_key
from sevenfold.features.kernel.layout import (
    C_FLOAT,
    C_INPUT,
    C_KIND,
    C_LIMBS,
    C_LOW,
    COLUMN_WORDS,
    COLUMNS,
    K_N_SERIES,
    K_SERIES,
    KEY_WORDS,
    KEYS,
    LANE,
    N_COLUMNS,
    PRESENCE,
    SERIES,
    SOURCE,
    SQUARE,
    TOTAL,
)
from sevenfold.features.kernel.limbs import HEADROOM_BITS, mantissa
from sevenfold.features.kernel.segment import FULL, release, reserve
from sevenfold.features.kernel.stages import input_stage, output_stage
from sevenfold.features.kernel.widths import bit_length

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["CODE_TABLES", "FULL", "RUN_WORDS", "SCRATCH_PARTS", "TOO_WIDE", "take_event"]

TOO_WIDE = -2
"""A value does not fit the totals. As with `FULL` (-1), where the arena is too small, nothing has changed."""

CODE_TABLES = (
    "items", "input", "input_constants", "input_fields", "input_fixed", "input_stores",
    "output", "output_constants", "output_fields", "output_loads", "output_fixed", "output_stores", "lookups",
)  # fmt: skip
"""Tables in ``codes``: its first words are, for each, its number of rows and where it begins."""

SCRATCH_PARTS = (
    "raw", "words", "input_registers", "output_registers", "rec", "work", "run", "out", "nulls",
    "slots", "times", "floors", "events", "sources", "lookups", "bases", "widths", "inverse", "created",
)  # fmt: skip
"""Parts of ``scratch``: where each begins follows the tables in ``codes``, then where the last one ends."""

_ITEMS, _INPUT, _IN_CONSTANTS, _IN_FIELDS, _IN_FIXED, _IN_STORES = range(0, 12, 2)
_OUTPUT, _OUT_CONSTANTS, _OUT_FIELDS, _OUT_LOADS, _OUT_FIXED, _OUT_STORES, _LOOKUPS = range(12, 26, 2)
_PARTS = 26
RUN_WORDS = 7 * LANE


@inlined
def table(codes: Words, at: int, width: int) -> Words:
    """A table of ``codes`` as rows of ``width`` words."""
    return codes[codes[at + 1] : codes[at + 1] + codes[at] * width].reshape((codes[at], width))


@inlined
def part(codes: Words, scratch: Words, number: int) -> Words:
    """A part of ``scratch``."""
    return scratch[codes[_PARTS + number] : codes[_PARTS + number + 1]]


@compiled
def take_event(
    codes: Words, scratch: Words, spec: Words, arena: Words, memory: Words, offsets: Words, clocks: Words,
    time: int, floor: int, store: bool,
) -> int:  # fmt: skip
    """Fold an event and compute its features, or only compute them.

    Parameters
    ----------
    codes, scratch
        As described at the top; ``raw`` and ``slots`` of ``scratch`` are filled, ``out`` and ``nulls`` come
        back.
    time, floor
        Event time, and the earliest end of its windows.
    store
        Whether to fold it; otherwise the state stays as it was.

    Returns
    -------
    int
        How many features are null, or why nothing was done: `TOO_WIDE` or `FULL`.
    """
    farena = arena.view(np.float64)
    items = table(codes, _ITEMS, 3)
    words = part(codes, scratch, 1).reshape((-1, 1))
    if codes[_IN_STORES] > 0:
        input_stage(
            table(codes, _INPUT, 7), codes[codes[_IN_CONSTANTS + 1] :], table(codes, _IN_FIELDS, 2),
            table(codes, _IN_FIXED, 2), table(codes, _IN_STORES, 3),
            part(codes, scratch, 2).reshape((-1, LANE)), part(codes, scratch, 0).reshape((-1, 1)),
            words, 0, 0, 1,
        )  # fmt: skip
    fwords = words.view(np.float64)
    slots = part(codes, scratch, 9)
    created = part(codes, scratch, 18)
    if not fits(spec, items, slots, words, fwords):
        return TOO_WIDE
    count = make_room(spec, items, slots, words, arena, farena, memory, offsets, clocks, created)
    if count < 0:
        return FULL
    take_items(
        codes, scratch, spec, items, slots, words, fwords, arena, farena, offsets, clocks, time, floor, store
    )
    if not store:
        give_back(arena, memory, offsets, created, count)
    if codes[_OUT_STORES] == 0:
        return 0
    nulls = part(codes, scratch, 8)
    nulls[:] = 0
    output_stage(
        table(codes, _OUTPUT, 7), codes[codes[_OUT_CONSTANTS + 1] :], table(codes, _OUT_FIELDS, 2),
        table(codes, _OUT_LOADS, 3), table(codes, _OUT_FIXED, 2), table(codes, _OUT_STORES, 3),
        part(codes, scratch, 3).reshape((-1, LANE)), part(codes, scratch, 0).reshape((-1, 1)),
        part(codes, scratch, 4), part(codes, scratch, 15), part(codes, scratch, 16),
        part(codes, scratch, 17).view(np.int32).reshape((-1, 1)), part(codes, scratch, 7).reshape((-1, 1)),
        nulls, 0, 1,
    )  # fmt: skip
    missing: int = nulls.sum()
    return missing


@compiled
def fits(spec: Words, items: Words, slots: Words, words: Words, fwords: Floats) -> bool:
    """Whether the values of an event fit the totals that they would be added to."""
    for i in range(items.shape[0]):
        if items[i, 1] < 0 or slots[i] < 0:
            continue
        block = spec[KEYS] + items[i, 0] * KEY_WORDS
        for k in range(spec[block + K_N_SERIES]):
            b = spec[spec[SERIES] + spec[spec[block + K_SERIES] + k]]
            if spec[b + SOURCE] != items[i, 1] or not present(spec, b, words):
                continue
            for column in range(spec[b + N_COLUMNS]):
                c = b + spec[b + COLUMNS] + column * COLUMN_WORDS
                kind = spec[c + C_KIND]
                if (kind in (TOTAL, SQUARE)) and not fits_column(spec, c, words, fwords):
                    return False
    return True


@compiled
def fits_column(spec: Words, c: int, words: Words, fwords: Floats) -> bool:
    """Whether an event's value fits a column."""
    squares = 2 if spec[c + C_KIND] == SQUARE else 1
    bottom = spec[c + C_LOW]
    top = bottom + 64 * spec[c + C_LIMBS] - HEADROOM_BITS
    if spec[c + C_FLOAT] == 1:
        whole, low = mantissa(fwords[spec[c + C_INPUT], 0])
    else:
        whole, low = words[spec[c + C_INPUT], 0], 0
    if whole == 0:
        return True
    high = low + bit_length(np.uint64(abs(whole)))
    fitting: bool = squares * low >= bottom and squares * high <= top
    return fitting


@inlined
def present(spec: Words, b: int, words: Words) -> bool:
    """Whether an event belongs to a series of its source."""
    inside: bool = spec[b + PRESENCE] < 0 or words[spec[b + PRESENCE], 0] == 1
    return inside


@compiled
def give_back(arena: Words, memory: Words, offsets: Words, created: Words, count: int) -> None:
    """Release segments that were made for one event; the last may not have come about."""
    for i in range(count):
        series, slot = created[2 * i], created[2 * i + 1]
        if offsets[series, slot] != 0:
            release(series, arena, memory, offsets[series, slot])
            offsets[series, slot] = 0


@compiled
def make_room(
    spec: Words, items: Words, slots: Words, words: Words, arena: Words, farena: Floats, memory: Words,
    offsets: Words, clocks: Words, created: Words,
) -> int:  # fmt: skip
    """Reserve a row in every series that an event is folded into; how many segments are new, or `FULL`."""
    count = 0
    for i in range(items.shape[0]):
        key, slot = items[i, 0], slots[i]
        if items[i, 1] < 0 or slot < 0:
            continue
        block = spec[KEYS] + key * KEY_WORDS
        for k in range(spec[block + K_N_SERIES]):
            series = spec[spec[block + K_SERIES] + k]
            b = spec[spec[SERIES] + series]
            if spec[b + SOURCE] != items[i, 1] or not present(spec, b, words):
                continue
            if offsets[series, slot] == 0:
                created[2 * count] = series
                created[2 * count + 1] = slot
                count += 1
            if reserve(spec, b, series, arena, farena, memory, offsets, slot, 1, clocks[key, slot]) == FULL:
                # The call comes again with a larger arena.
                give_back(arena, memory, offsets, created, count)
                return FULL
    return count


@compiled
def take_items(
    codes: Words, scratch: Words, spec: Words, items: Words, slots: Words, words: Words, fwords: Floats,
    arena: Words, farena: Floats, offsets: Words, clocks: Words, time: int, floor: int, store: bool,
) -> None:  # fmt: skip
    """Fold and read an event's items, entity by entity."""
    times, floors = part(codes, scratch, 10), part(codes, scratch, 11)
    events = part(codes, scratch, 12).view(np.int32)
    sources = part(codes, scratch, 13).view(np.int16)
    lookups = part(codes, scratch, 14).view(np.int16)
    rec = part(codes, scratch, 4)
    frec = rec.view(np.float64)
    work = part(codes, scratch, 5)
    run = part(codes, scratch, 6).reshape((7, LANE))
    bases = part(codes, scratch, 15)
    tops = table(codes, _LOOKUPS, 3)
    width = rec.size // max(codes[_ITEMS], 1)
    done = 0
    for i in range(items.shape[0]):
        key, slot = items[i, 0], slots[i]
        if slot < 0:
            if items[i, 2] >= 0:
                bases[lookup_of(tops, key, items[i, 2])] = done * width
                empty_record(spec, key, items[i, 2], rec, frec, done * width)
                done += 1
            continue
        first = done
        seen = False
        for j in range(items.shape[0]):
            if items[j, 0] != key or slots[j] != slot:
                continue
            if j < i:
                seen = True
                break
            times[done], floors[done], events[done] = time, floor, 0
            sources[done], lookups[done] = items[j, 1], items[j, 2]
            if items[j, 2] >= 0:
                bases[lookup_of(tops, key, items[j, 2])] = done * width
            done += 1
        if seen:
            continue
        if store:
            clocks[key, slot] = fold_key(
                spec, key, slot, first, done, clocks[key, slot],
                times, floors, events, sources, lookups,
                arena, farena, offsets, words, fwords, rec, frec, 0, width, work, run,
            )  # fmt: skip
        else:
            read_key(
                spec, key, slot, first, done, clocks[key, slot],
                times, floors, events, sources, lookups,
                arena, farena, offsets, words, fwords, rec, frec, 0, width, work, run,
            )  # fmt: skip


@inlined
def lookup_of(tops: Words, key: int, number: int) -> int:
    """The position, among the asking event's lookups, of a key's lookup."""
    for i in range(tops.shape[0]):
        if tops[i, 0] == key and tops[i, 1] == number:
            return i
    return 0
