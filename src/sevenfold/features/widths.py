"""Widen the totals of a state before values that do not fit are added.

A total of a column is a fixed-point number as wide as the values so far needed (`kernel.limbs`). Values that
reach higher or lower than ever before are rare after the first few; then every row of the series is written
anew in the new width. Nothing is rounded by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.limbs import HEADROOM_BITS
from sevenfold.features.kernel.widths import float_range, integer_range, rewrite_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sevenfold.features.batch import Batch
    from sevenfold.features.plan import Item
    from sevenfold.features.state import FeatureState

__all__ = ["widen", "widen_for"]


def widen_for(state: FeatureState, batch: Batch, words: NDArray[np.int64]) -> None:
    """Make every total wide enough for the values of a batch."""
    ranges: dict[tuple[str, int], tuple[int, int]] = {}
    sources = {item.source: name for name, stream in state.plan.streams.items() for item in stream.items}
    for series, block in enumerate(state.blocks()):
        name = sources[int(state.spec[block + w.SOURCE])]
        if name not in batch.times:
            continue
        first = batch.starts[name]
        rows = slice(first, first + batch.times[name].size)
        wanted = {}
        for number, record in _totals(state, block):
            source = int(state.spec[record + w.C_INPUT])
            if (name, source) not in ranges:
                is_float = state.spec[record + w.C_FLOAT] == 1
                values = words[source, rows]
                ranges[name, source] = (
                    float_range(values.view(np.float64)) if is_float else integer_range(values)
                )
            if not fits(state, record, *ranges[name, source]):
                wanted[number] = ranges[name, source]
        if wanted:
            widen(state, series, wanted)


def _totals(state: FeatureState, block: int) -> Iterator[tuple[int, int]]:
    for number, record in enumerate(state.columns(block)):
        if state.spec[record + w.C_KIND] in (w.TOTAL, w.SQUARE):
            yield number, record


def fits(state: FeatureState, record: int, low: int, high: int) -> bool:
    """Whether values whose bits weigh from ``2 ** low`` to below ``2 ** high`` fit a column's totals."""
    if high <= low:
        return True
    squares = 2 if state.spec[record + w.C_KIND] == w.SQUARE else 1
    bottom = int(state.spec[record + w.C_LOW])
    top = bottom + 64 * int(state.spec[record + w.C_LIMBS])
    return squares * low >= bottom and squares * high + HEADROOM_BITS <= top


def widen(state: FeatureState, series: int, wanted: dict[int, tuple[int, int]]) -> None:
    """Give columns of a series room for values from ``2 ** low`` to below ``2 ** high``, old totals kept."""
    block = state.blocks()[series]
    old = state.spec.copy()
    records = state.columns(block)
    for number, (low, high) in wanted.items():
        record = records[number]
        squares = 2 if old[record + w.C_KIND] == w.SQUARE else 1
        bottom = int(old[record + w.C_LOW])
        top = bottom + 64 * int(old[record + w.C_LIMBS]) - HEADROOM_BITS
        if old[record + w.C_FLOAT] == 1:
            # A total and its squares must meet at twice the exponent: both take an even multiple of 32.
            bottom = min(bottom, squares * (32 * (low // 32)))
        top = max(top, squares * high)
        state.spec[record + w.C_LOW] = bottom
        state.spec[record + w.C_LIMBS] = -(-(top + HEADROOM_BITS - bottom) // 64)
    _pair_squares(state, records)
    at = 1
    for record in records:
        kind = state.spec[record + w.C_KIND]
        state.spec[record + w.C_AT] = at
        at += int(state.spec[record + w.C_LIMBS]) if kind in (w.TOTAL, w.SQUARE) else 0
        at += {w.LINKS: 2, w.FIRST_EVER: 0, w.TOTAL: 0, w.SQUARE: 0}.get(int(kind), 1)
    state.spec[block + w.ROW] = at
    _move(state, series, block, old)


def _pair_squares(state: FeatureState, records: list[int]) -> None:
    """Keep the lowest bit of squares at twice the exponent of the total of the same values."""
    for record in records:
        if state.spec[record + w.C_KIND] != w.SQUARE:
            continue
        for other in records:
            same = state.spec[other + w.C_INPUT] == state.spec[record + w.C_INPUT]
            if state.spec[other + w.C_KIND] == w.TOTAL and same:
                low = min(2 * int(state.spec[other + w.C_LOW]), int(state.spec[record + w.C_LOW]))
                low -= low % 2
                for part, share in ((other, low // 2), (record, low)):
                    raised = int(state.spec[part + w.C_LOW]) - share
                    state.spec[part + w.C_LOW] = share
                    state.spec[part + w.C_LIMBS] += -(-raised // 64)


def _move(state: FeatureState, series: int, block: int, old: NDArray[np.int64]) -> None:
    """Write every segment of a series anew, and close the gaps that the old ones leave."""
    row, extra = int(state.spec[block + w.ROW]), int(state.spec[block + w.EXTRA])
    header = int(state.spec[block + w.HEADER])
    for slot in np.flatnonzero(state.offsets[series]):
        source = int(state.offsets[series, slot])
        capacity = int(state.arena[source + w.H_CAPACITY])
        state.ensure(header + capacity * (row + extra))
        target = state.take(header + capacity * (row + extra))
        rewrite_rows(old, state.spec, block, state.arena, source, target)
        state.offsets[series, slot] = target
    state.compact()
    state.work = state.scratch()


def widen_one(state: FeatureState, items: Sequence[Item], words: NDArray[np.int64]) -> None:
    """Make every total wide enough for one event, given its input words (words,)."""
    sources = {item.source for item in items if item.source >= 0}
    for series, block in enumerate(state.blocks()):
        if int(state.spec[block + w.SOURCE]) not in sources:
            continue
        presence = int(state.spec[block + w.PRESENCE])
        if presence >= 0 and words[presence] != 1:
            continue
        wanted = {}
        for number, record in _totals(state, block):
            value = words[int(state.spec[record + w.C_INPUT])][None]
            is_float = state.spec[record + w.C_FLOAT] == 1
            low, high = float_range(value.view(np.float64)) if is_float else integer_range(value)
            if not fits(state, record, low, high):
                wanted[number] = (low, high)
        if wanted:
            widen(state, series, wanted)


def merge_widths(
    state: FeatureState, series: int, widths: Sequence[tuple[int, int]], words: NDArray[np.int64], head: int
) -> NDArray[np.int64]:
    """Bring packed rows, whose totals have ``widths`` (low, limbs) by column, to those of a state.

    The state is widened where the packed totals are wider.
    """
    block = state.blocks()[series]
    wanted = {}
    for number, record in _totals(state, block):
        low, limbs = widths[number]
        squares = 2 if state.spec[record + w.C_KIND] == w.SQUARE else 1
        high = low + 64 * limbs - HEADROOM_BITS
        if state.spec[record + w.C_LOW] > low or high + HEADROOM_BITS > int(
            state.spec[record + w.C_LOW]
        ) + 64 * int(state.spec[record + w.C_LIMBS]):
            wanted[number] = (-(-low // squares), -(-high // squares))
    if wanted:
        widen(state, series, wanted)
    old = state.spec.copy()
    at = 1
    for number, record in enumerate(state.columns(block)):
        old[record + w.C_AT] = at
        kind = int(old[record + w.C_KIND])
        if kind in (w.TOTAL, w.SQUARE):
            old[record + w.C_LOW], old[record + w.C_LIMBS] = widths[number]
            at += widths[number][1]
        else:
            at += {w.LINKS: 2, w.FIRST_EVER: 0}.get(kind, 1)
    old[block + w.ROW] = at
    rows, begin = int(words[2]), head + int(words[3])
    width = int(state.spec[block + w.ROW])
    # A segment of its own for the moment: no extras, only rows, behind a header of zeros.
    header = int(old[block + w.HEADER])
    arena = np.zeros(2 * header + rows * (at + width), np.int64)
    arena[w.H_END], arena[header : header + rows * at] = rows, words[begin : begin + rows * at]
    target = header + rows * at
    spec, old_spec = state.spec.copy(), old
    spec[block + w.EXTRA] = old_spec[block + w.EXTRA] = 0
    rewrite_rows(old_spec, spec, block, arena, 0, target)
    return np.concatenate([words[:begin], arena[target + header :]])
