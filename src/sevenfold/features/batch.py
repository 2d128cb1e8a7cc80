"""Fold many events at once: the same kernel functions as for one, over items sorted by entity.

Rows of all streams are put in one order. Under each key every row becomes an item; items are sorted by
entity, so that each entity's rows lie side by side and its state stays in the first-level cache while they
are taken. Threads share the entities of a key and never one entity.
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.arrange import arrange_items, find_records, running_newest
from sevenfold.features.kernel.fold import fold_runs, reserve_runs
from sevenfold.features.kernel.rowwise import BLOCK
from sevenfold.features.kernel.segment import WANTED
from sevenfold.features.kernel.stages import input_stage, output_stage
from sevenfold.features.widths import widen_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.features.entities import ItemSlots
    from sevenfold.features.plan import Asking, Item, Plan
    from sevenfold.features.state import FeatureState

__all__ = ["Batch", "fold_batch", "threads"]

T = TypeVar("T")

_NO_FLOOR = np.empty(0, np.int64)
_TASKS_A_THREAD = 4
_ROWS_A_TASK = 64 * BLOCK


def threads() -> int:
    """Threads that a batch uses: the processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@dataclass(frozen=True)
class Batch:
    """Rows of several streams in one order.

    Attributes
    ----------
    raw
        For each event, its words: (fields, rows).
    times
        For each event, (rows,) milliseconds.
    order
        The rows of all streams, numbered through in the order of `raw`, in log order; `None` where that is as
        they stand.
    slots
        The slots of all items, and for each key how many slots there are.
    lateness
        Milliseconds that an entity's clock may lag behind the newest event; `None` for any.
    """

    raw: Mapping[str, NDArray[np.int64]]
    times: Mapping[str, NDArray[np.int64]]
    order: NDArray[np.int64] | None
    slots: ItemSlots
    slot_counts: Sequence[int]
    lateness: int | None

    @property
    def starts(self) -> dict[str, int]:
        """The number of the first row of each stream."""
        starts, at = {}, 0
        for name, times in self.times.items():
            starts[name] = at
            at += times.size
        return starts

    @property
    def all_times(self) -> NDArray[np.int64]:
        """The times of all rows, stream by stream."""
        parts = list(self.times.values())
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @property
    def rows(self) -> int:
        """Rows of all streams."""
        return sum(times.size for times in self.times.values())


@dataclass
class _Items:
    """The items of one key, sorted by slot: what `kernel.fold.fold_key` takes."""

    key: int
    starts: NDArray[np.int64]
    times: NDArray[np.int64]
    floors: NDArray[np.int64]
    events: NDArray[np.int32]
    sources: NDArray[np.int16]
    lookups: NDArray[np.int16]
    base: int = 0
    width: int = 1


def fold_batch(
    state: FeatureState,
    batch: Batch,
    on: str | None,
    out: NDArray[np.int64] | None,
    nulls: NDArray[np.int64] | None,
) -> None:
    """Fold a batch into a state, and compute the features of one of its streams.

    Parameters
    ----------
    on
        The event whose rows are asked; `None` to fold only.
    out, nulls
        (features, rows of ``on``) and (features,): filled, and added to.
    """
    plan = state.plan
    asking = plan.asking[on] if on is not None else None
    with ThreadPoolExecutor(threads()) as pool:
        words = _inputs(plan, batch, pool)
        widen_for(state, batch, words)
        newest, floors = _floors(state, batch)
        ordered = list(pool.map(lambda key: _arrange(plan, batch, key.number, on, asking, floors), plan.keys))
        items = [one for one in ordered if one is not None]
        _reserve(state, batch, items, words)
        rec, positions = _records(plan, batch, items, asking, on, pool)
        _fold(state, items, words, rec, pool)
        if asking is not None and on is not None and out is not None and nulls is not None:
            _answer(asking, batch.raw[on], rec, positions, out, nulls, pool)
    state.newest = newest
    for name, times in batch.times.items():
        state.folded[name] += times.size


def _inputs(plan: Plan, batch: Batch, pool: ThreadPoolExecutor) -> NDArray[np.int64]:
    """The input matrix: what series fold, (words, rows of all streams)."""
    width = max((plan.streams[name].words for name in batch.times), default=0)
    words = np.empty((max(width, 1), max(batch.rows, 1)), np.int64)

    def fill(name: str, begin: int, end: int) -> None:
        program = plan.streams[name].program
        registers = np.empty((program.registers, w.LANE), np.int64)
        input_stage(
            program.instructions, program.constants, program.fields, program.fixed, program.stores, registers,
            batch.raw[name], words, batch.starts[name], begin, end,
        )  # fmt: skip

    tasks = [
        (name, begin, min(begin + _ROWS_A_TASK, times.size))
        for name, times in batch.times.items()
        if plan.streams[name].words
        for begin in range(0, times.size, _ROWS_A_TASK)
    ]
    _run(pool, fill, tasks)
    return words


def _floors(state: FeatureState, batch: Batch) -> tuple[int, NDArray[np.int64]]:
    """The newest time after the batch, and by row the earliest end of its windows; empty if there is none."""
    if batch.rows == 0:
        return state.newest, _NO_FLOOR
    times = batch.all_times
    ordered = times if batch.order is None else times[batch.order]
    newest = np.empty_like(ordered)
    late = running_newest(ordered, state.newest, newest)
    last = int(newest[-1])
    if not late or batch.lateness is None:
        return last, _NO_FLOOR
    if batch.order is not None:
        by_row = np.empty_like(newest)
        by_row[batch.order] = newest
        newest = by_row
    return last, newest - batch.lateness


def _arrange(
    plan: Plan, batch: Batch, key: int, on: str | None, asking: Asking | None, floors: NDArray[np.int64]
) -> _Items | None:
    """The items of a key, sorted by entity and log order."""
    parts: list[tuple[Item, str]] = []
    for name in batch.times:
        own = asking.items if name == on and asking is not None else plan.streams[name].items
        parts += [(item, name) for item in own if item.key == key]
    if not parts:
        return None
    all_times = batch.all_times
    starts = batch.starts
    bounds = np.empty(batch.slot_counts[key] + 1, np.int64)
    if len(parts) == 1 and batch.order is None:
        item, name = parts[0]
        order = np.empty(batch.rows, np.int32)
        times = np.empty(batch.rows, np.int64)
        kept = arrange_items(batch.slots[name, key, item.fields], all_times, bounds, order, times)
        event, times = order[:kept], times[:kept]
        source = np.full(kept, item.source, np.int16)
        lookup = np.full(kept, item.lookup, np.int16)
    else:
        slots = [batch.slots[name, key, item.fields] for item, name in parts]
        sizes = [part.size for part in slots]
        rows = [
            np.arange(starts[name], starts[name] + size) for (_, name), size in zip(parts, sizes, strict=True)
        ]
        slot, event = np.concatenate(slots), np.concatenate(rows).astype(np.int32)
        source = np.repeat(np.array([item.source for item, _ in parts], np.int16), sizes)
        lookup = np.repeat(np.array([item.lookup for item, _ in parts], np.int16), sizes)
        # Stable: the items of one event keep their order, folds before reads.
        by_rank = np.argsort(event if batch.order is None else _inverse(batch.order)[event], kind="stable")
        event = event[by_rank]
        order = np.empty(slot.size, np.int32)
        times = np.empty(slot.size, np.int64)
        kept = arrange_items(slot[by_rank], all_times[event], bounds, order, times)
        order, times = order[:kept], times[:kept]
        event, source, lookup = event[order], source[by_rank][order], lookup[by_rank][order]
    return _Items(
        key=key,
        starts=bounds,
        times=times,
        floors=floors[event] if floors.size else floors,
        events=event,
        sources=source,
        lookups=lookup,
    )


def _inverse(order: NDArray[np.int64]) -> NDArray[np.int64]:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(order.size)
    return inverse


def _reserve(state: FeatureState, batch: Batch, items: Sequence[_Items], words: NDArray[np.int64]) -> None:
    """Make room for all rows, one thread: threads that fold never allocate."""
    state.grow_slots(max(batch.slot_counts, default=0))
    state.ensure(_needed(state, batch))
    for one in items:
        begin = 0
        while True:
            begin = reserve_runs(
                state.spec, one.key, begin, one.starts, state.clocks[one.key], one.events, one.sources, words,
                state.arena, state.farena, state.memory, state.offsets,
            )  # fmt: skip
            if begin == one.starts.size - 1:
                break
            state.grow_arena(int(state.memory[WANTED]))


def _needed(state: FeatureState, batch: Batch) -> int:
    """More arena words than a batch can need when all its entities are new."""
    words = 0
    for block in state.blocks():
        row = int(state.spec[block + w.ROW] + state.spec[block + w.EXTRA])
        entities = min(batch.slot_counts[int(state.spec[block + w.KEY])], batch.rows)
        words += 2 * row * (batch.rows + entities) + entities * (int(state.spec[block + w.HEADER]) + 4 * row)
    return words


def _records(
    plan: Plan,
    batch: Batch,
    items: Sequence[_Items],
    asking: Asking | None,
    on: str | None,
    pool: ThreadPoolExecutor,
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]]:
    """Room for the records of all items, and for each lookup where those of each asking row lie."""
    nothing = np.zeros(1, np.int64)
    if asking is None or on is None:
        return np.zeros(1, np.int64), (nothing, nothing, np.zeros((1, 1), np.int32))
    at = 0
    for one in items:
        own = [lookup.slots for lookup in asking.lookups if lookup.key == one.key]
        one.base, one.width = at, max(own, default=0)
        # One record more for each lookup: what a missing entity gives.
        at += one.width * (one.events.size + len(own))
    rec = np.empty(max(at, 1), np.int64)
    by_key = {one.key: one for one in items}
    first = batch.starts[on]
    n = batch.times[on].size
    inverse = np.empty((len(asking.lookups), n), np.int32)
    bases = np.empty(len(asking.lookups), np.int64)
    widths = np.empty(len(asking.lookups), np.int64)
    used: dict[int, int] = {}
    searches: list[tuple[object, ...]] = []
    for number, lookup in enumerate(asking.lookups):
        one = by_key[lookup.key]
        empty = one.events.size + used.get(lookup.key, 0)
        used[lookup.key] = used.get(lookup.key, 0) + 1
        _empty_record(plan, lookup.key, lookup.number, rec, one.base + empty * one.width)
        searches.append((one.lookups, one.events, lookup.number, first, empty, inverse[number]))
        bases[number], widths[number] = one.base, one.width
    _run(pool, find_records, searches)
    return rec, (bases, widths, inverse)


def _empty_record(plan: Plan, key: int, lookup: int, rec: NDArray[np.int64], at: int) -> None:
    from sevenfold.features.kernel.fold import empty_record

    empty_record(plan.specification, key, lookup, rec, rec.view(np.float64), at)


def _fold(
    state: FeatureState,
    items: Sequence[_Items],
    words: NDArray[np.int64],
    rec: NDArray[np.int64],
    pool: ThreadPoolExecutor,
) -> None:
    fwords, frec = words.view(np.float64), rec.view(np.float64)

    def fold(one: _Items, begin: int, end: int) -> None:
        fold_runs(
            state.spec, one.key, begin, end, one.starts, state.clocks[one.key],
            one.times, one.floors, one.events, one.sources, one.lookups,
            state.arena, state.farena, state.offsets, words, fwords, rec, frec, one.base, one.width,
            state.scratch(),
        )  # fmt: skip

    tasks = []
    for one in items:
        parts = threads() * _TASKS_A_THREAD
        # Cut where rows, not slots, are even: a few entities may hold most of them.
        marks = np.searchsorted(one.starts, np.linspace(0, one.starts[-1], parts + 1)[1:-1])
        bounds = [0, *sorted(set(marks.tolist()) - {0, one.starts.size - 1}), one.starts.size - 1]
        tasks += [(one, begin, end) for begin, end in itertools.pairwise(bounds)]
    _run(pool, fold, tasks)


def _answer(
    asking: Asking,
    raw: NDArray[np.int64],
    rec: NDArray[np.int64],
    positions: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]],
    out: NDArray[np.int64],
    nulls: NDArray[np.int64],
    pool: ThreadPoolExecutor,
) -> None:
    program = asking.program

    def answer(begin: int, end: int) -> NDArray[np.int64]:
        registers = np.empty((program.registers, w.LANE), np.int64)
        found = np.zeros_like(nulls)
        output_stage(
            program.instructions, program.constants, program.fields, program.loads, program.fixed,
            program.stores, registers, raw, rec, *positions, out, found, begin, end,
        )  # fmt: skip
        return found

    rows = out.shape[1]
    tasks = [(begin, min(begin + _ROWS_A_TASK, rows)) for begin in range(0, rows, _ROWS_A_TASK)]
    for found in _run(pool, answer, tasks):
        nulls += found


def _run(pool: ThreadPoolExecutor, call: Callable[..., T], tasks: Sequence[tuple[object, ...]]) -> list[T]:
    return list(pool.map(lambda task: call(*task), tasks))
