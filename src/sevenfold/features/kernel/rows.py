"""Find a row of a segment by its time: rows stand in order of event time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.kernel.compiled import compiled

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Words

__all__ = ["seek"]


@compiled
def seek(arena: Words, rows: int, width: int, hint: int, start: int, end: int, cutoff: int) -> int:
    """The first row of ``[start, end)`` whose time is after ``cutoff``, or ``end``; fast near ``hint``."""
    low = max(start, min(hint, end))
    if low < end and arena[rows + low * width] <= cutoff:
        step = 1
        high = low + 1
        while high < end and arena[rows + high * width] <= cutoff:
            low = high
            step += step
            high = low + step
        high = min(high, end)
        low += 1
    elif low > start and arena[rows + (low - 1) * width] > cutoff:
        step = 1
        high = low - 1
        low = high - 1
        while low >= start and arena[rows + low * width] > cutoff:
            high = low
            step += step
            low = high - step
        low = max(low, start)
        if arena[rows + low * width] <= cutoff:
            low += 1
    else:
        return low
    while low < high:
        middle = (low + high) >> 1
        if arena[rows + middle * width] <= cutoff:
            low = middle + 1
        else:
            high = middle
    return low
