"""Drawing a few of many so that each one's chance is known, and none has no chance at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, IntVector

__all__ = ["Drawn", "chances", "draw"]

_SHARPNESS = 8.0
"""The power of a value that a chance goes with: 1 follows the values, many nearly takes the largest."""


class Drawn(NamedTuple):
    """What was drawn.

    Attributes
    ----------
    rows
        int64 positions, in order.
    probability
        float64, shape of `rows`: the chance that each had of being drawn.
    """

    rows: IntVector
    probability: FloatVector


def chances(
    values: FloatVector, count: int, random_share: float, sharpness: float = _SHARPNESS
) -> FloatVector:
    """The chance of each row, so that they add up to the count.

    A share of the draws falls on all rows alike; the rest goes by a power of the values, no chance above 1
    (inclusion probabilities proportional to size; Särndal, Swensson and Wretman, 1992, section 3.6).

    Parameters
    ----------
    values
        What each row's label would teach, zero or more, shape (rows,).
    count
        How many to draw.
    random_share
        The share that is drawn whatever the values, above 0 and at most 1.
    sharpness
        The power.

    Raises
    ------
    UsageError
        With everything that can't be.

    Examples
    --------
    >>> chances(np.array([0.0, 0.0, 1.0, 1.0]), 2, 0.5).tolist()
    [0.25, 0.25, 0.75, 0.75]
    """
    faults = []
    if count < 0:
        faults.append(Fault("count", "zero or more", str(count)))
    if not 0.0 < random_share <= 1.0:
        faults.append(Fault("random_share", "above 0 and at most 1", str(random_share)))
    if not (np.isfinite(values).all() and (values >= 0).all()):
        faults.append(Fault("values", "numbers, zero or more", "others"))
    if faults:
        raise UsageError("Nothing can be drawn like this.", faults)
    rows = len(values)
    if count >= rows:
        return np.ones(rows)
    top = values.max(initial=0.0)
    size = (values / top) ** sharpness if top > 0 else np.ones(rows)
    chosen = _capped(size, count)
    return random_share * count / rows + (1.0 - random_share) * chosen


def draw(
    values: FloatVector,
    count: int,
    random_share: float,
    rng: np.random.Generator,
    sharpness: float = _SHARPNESS,
) -> Drawn:
    """Draw rows with the chances that `chances` gives, by systematic sampling (Madow, 1949).

    Exactly as many as asked are drawn, and each row with exactly its chance.

    Parameters
    ----------
    rng
        What draws.
    """
    probability = chances(values, count, random_share, sharpness)
    order = rng.permutation(len(values))
    reached = np.cumsum(probability[order])
    wanted = min(count, len(values))
    ticks = rng.random() + np.arange(wanted)
    places = (
        np.searchsorted(reached, np.minimum(ticks, np.nextafter(reached[-1], 0.0)), side="right")
        if wanted
        else []
    )
    rows = np.sort(order[np.unique(places)]) if wanted else np.empty(0, np.int64)
    return Drawn(rows, probability[rows])


def _capped(size: FloatVector, count: int) -> FloatVector:
    """Chances in proportion to the size that add up to the count, none above 1."""
    chance, sure = np.zeros(len(size)), np.zeros(len(size), dtype=np.bool_)
    while True:
        rest = count - int(sure.sum())
        total = size[~sure].sum()
        if rest <= 0 or total <= 0:
            break
        chance[~sure] = rest * size[~sure] / total
        above = ~sure & (chance > 1.0)
        if not above.any():
            break
        sure |= above
    chance[sure] = 1.0
    missing = count - chance.sum()
    free = ~sure
    if missing > 1e-9 and free.any():  # all sizes that are left are zero: what is left falls on them alike
        chance[free] += missing / free.sum()
    return np.minimum(chance, 1.0)
