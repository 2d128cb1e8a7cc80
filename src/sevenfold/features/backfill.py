"""The features of whole tables: what the engine would have said at each row, had it been there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.features.batch import Batch, fold_batch
from sevenfold.features.entities import number_entities
from sevenfold.features.kernel.arrange import break_ties
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.state import FeatureState
from sevenfold.features.texts import texts_of_tables
from sevenfold.features.words import event_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.plan import Asking, Item, Plan

__all__ = ["BATCH_ROWS", "OFFSET", "backfill", "merged_order"]

OFFSET = "_offset"
"""Column of a physical table that gives an event's place in the log; with it a backfill takes log order."""

BATCH_ROWS = 1_000_000
"""Rows folded together: what bounds the memory beside the tables themselves."""


def backfill(
    plan: Plan,
    events: Mapping[str, EventType],
    frames: Mapping[str, pl.DataFrame],
    on: str,
    *,
    lateness: int | None = None,
    batch_rows: int = BATCH_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Compute the features of every row of a table.

    Parameters
    ----------
    frames
        Physical tables by event. They are merged in the order (time, position), or in log order where all of
        them have the column `OFFSET`.
    on
        The event whose rows are asked.
    lateness
        As `batch.Batch.lateness`.
    progress
        Called with rows done and rows in all.

    Returns
    -------
    pl.DataFrame
        The key of ``on``, then a column a feature, in the order of the rows of ``on``: counts Int64, texts
        String, all else Float64; null where there is no value.
    """
    if on not in frames:
        raise UsageError(
            f"backfill(on={on!r}) needs a table of {on}; it was given {', '.join(frames) or 'none'}"
        )
    asking = plan.asking[on]
    sorted_frames, permutation, order = merged_order(events, frames, on)
    rows = sorted_frames[on].height
    out = np.empty((len(asking.names), rows), np.int64)
    nulls = np.zeros(len(asking.names), np.int64)
    state = FeatureState(plan)
    state.texts |= texts_of_tables(plan.text_fields, sorted_frames)
    # Numbered once for all batches: a backfill forgets its entities, so none of them needs its name.
    items = _items(plan, sorted_frames, on)
    slots, counts = number_entities(plan, events, sorted_frames, items, None)
    done = 0
    taken = dict.fromkeys(sorted_frames, 0)
    for part, part_order, first, last in _slices(sorted_frames, order, batch_rows, on):
        here = {
            place: column[taken[place[0]] : taken[place[0]] + part[place[0]].height]
            for place, column in slots.items()
            if place[0] in part
        }
        for name, frame in part.items():
            taken[name] += frame.height
        raw, times = _raw(plan, events, part, on)
        batch = Batch(raw, times, part_order, here, counts, lateness)
        fold_batch(state, batch, on, out[:, first:last], nulls)
        done += batch.rows
        if progress is not None:
            progress(done, sum(frame.height for frame in sorted_frames.values()))
    frame = as_frame(events[on], asking, sorted_frames[on], out, nulls, state.texts)
    if permutation is None:
        return frame
    back = np.empty_like(permutation)
    back[permutation] = np.arange(permutation.size)
    return frame[back]


def make_batch(
    plan: Plan,
    events: Mapping[str, EventType],
    frames: Mapping[str, pl.DataFrame],
    on: str | None,
    order: NDArray[np.int64] | None,
    lateness: int | None,
    state: FeatureState | None,
) -> Batch:
    """Turn physical tables into a batch; with a state, entities get the slots that it knows them by."""
    raw, times = _raw(plan, events, frames, on)
    items = _items(plan, frames, on)
    slots, counts = number_entities(plan, events, frames, items, state)
    if state is not None:
        state.texts |= texts_of_tables(plan.text_fields, frames)
    return Batch(raw, times, order, slots, counts, lateness)


def _items(plan: Plan, names: Iterable[str], on: str | None) -> dict[str, tuple[Item, ...]]:
    return {name: plan.asking[name].items if name == on else plan.streams[name].items for name in names}


def _raw(
    plan: Plan, events: Mapping[str, EventType], frames: Mapping[str, pl.DataFrame], on: str | None
) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
    """The words and the times of the rows of each table."""
    raw = {}
    for name, frame in frames.items():
        needed = set(plan.streams[name].program.fields[:, 0].tolist())
        if name == on:
            needed |= set(plan.asking[name].program.fields[:, 0].tolist())
        fields = list(events[name].__fields__)
        raw[name] = event_words(events[name], frame, [fields[position] for position in needed])
    times = {name: frame[events[name].__time__].to_physical().to_numpy() for name, frame in frames.items()}
    return raw, times


def merged_order(
    events: Mapping[str, EventType], frames: Mapping[str, pl.DataFrame], on: str
) -> tuple[dict[str, pl.DataFrame], NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Sort tables, each for itself, and say how they merge.

    Returns
    -------
    frames, permutation, order
        The tables in order; where the rows of ``on`` were before, `None` if in place; the rows of all tables,
        numbered through, in merged order, `None` if that is as they stand.
    """
    by_offset = [OFFSET in frame.columns for frame in frames.values()]
    if any(by_offset) and not all(by_offset):
        missing = [name for name, frame in frames.items() if OFFSET not in frame.columns]
        raise DataError(
            "Tables can be merged in log order or by time, not both",
            [Fault(name, f"a column {OFFSET}, as the other tables have", "none") for name in missing],
        )
    ranks: dict[str, NDArray[np.int64]] = {}
    ordered: dict[str, pl.DataFrame] = {}
    positions: dict[str, NDArray[np.int64]] = {}
    permutation = None
    for name in sorted(frames, key=list(events).index):
        frame = frames[name]
        rank = (
            (frame[OFFSET] if all(by_offset) else frame[events[name].__time__].to_physical())
            .cast(pl.Int64)
            .to_numpy()
        )
        position = np.arange(rank.size)
        if rank.size > 1 and bool(np.any(rank[1:] < rank[:-1])):
            position = np.argsort(rank, kind="stable")
            rank, frame = rank[position], frame[position]
            permutation = position if name == on else permutation
        ranks[name], ordered[name], positions[name] = rank, frame, position
    if len(ranks) == 1:
        return ordered, permutation, None
    times = np.concatenate(list(ranks.values()))
    order = np.argsort(times, kind="stable")
    tables = np.repeat(np.arange(len(ranks)), [rank.size for rank in ranks.values()])
    break_ties(order, times, tables, np.concatenate(list(positions.values())))
    return ordered, permutation, order


def _slices(
    frames: Mapping[str, pl.DataFrame], order: NDArray[np.int64] | None, size: int, on: str
) -> Iterator[tuple[dict[str, pl.DataFrame], NDArray[np.int64] | None, int, int]]:
    """Cut merged tables into batches: the tables' parts, their order, and which rows of ``on`` they hold."""
    total = sum(frame.height for frame in frames.values())
    starts, at = {}, 0
    for name, frame in frames.items():
        starts[name] = at
        at += frame.height
    done = dict.fromkeys(frames, 0)
    for begin in range(0, max(total, 1), size):
        end = min(begin + size, total)
        if order is None:
            yield {on: frames[on][begin:end]}, None, begin, end
            continue
        part = order[begin:end]
        parts, number = {}, np.empty(part.size, np.int64)
        first, at = done[on], 0
        for name, frame in frames.items():
            mine = (part >= starts[name]) & (part < starts[name] + frame.height)
            count = int(mine.sum())
            number[mine] = part[mine] - starts[name] - done[name] + at
            parts[name] = frame[done[name] : done[name] + count]
            done[name] += count
            at += count
        yield parts, number, first, done[on]


def as_frame(
    event: EventType,
    asking: Asking,
    rows: pl.DataFrame,
    out: NDArray[np.int64],
    nulls: NDArray[np.int64],
    texts: Mapping[int, str],
) -> pl.DataFrame:
    """The result as a table: the key, then a column a feature; ``texts`` are those of the state, by hash."""
    columns = [rows[event.__key__]]
    for position, name in enumerate(asking.names):
        if name in asking.counts:
            column = pl.Series(name, out[position])
            if nulls[position]:
                column = column.set(column == NULL_INT, None)
        elif name in asking.texts:
            codes = pl.Series(name, out[position])
            column = codes.replace_strict(
                list(texts), list(texts.values()), default=None, return_dtype=pl.String
            )
        else:
            column = pl.Series(name, out[position].view(np.float64))
            if nulls[position]:
                column = column.fill_nan(None)
        columns.append(column)
    return pl.DataFrame(columns)
