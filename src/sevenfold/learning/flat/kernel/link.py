"""From a sum to a probability: the logistic function, the correction of odds, and calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sevenfold.learning.flat.kernel.compiled import compiled

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector

__all__ = [
    "CALIBRATION",
    "CLASS_WEIGHT",
    "EDGE",
    "ISOTONIC",
    "LINK",
    "LINK_WORDS",
    "LOG_ODDS",
    "NONE",
    "OFFSET",
    "PLATT",
    "PROBABILITY",
    "SLOPE",
    "margin_of",
    "probability_of",
]

# The words of a link: float64, shape (LINK_WORDS,).
LINK, CLASS_WEIGHT, CALIBRATION, SLOPE, OFFSET = range(5)
LINK_WORDS = 5
# What the sum is.
LOG_ODDS, PROBABILITY = 0.0, 1.0
# What is applied to the model's probability.
NONE, PLATT, ISOTONIC = 0.0, 1.0, 2.0

EDGE = 1e-9
"""Probabilities are kept this far from 0 and 1 before their log odds are taken, as `calibration` does."""


@compiled
def _sigmoid(margin: float) -> float:
    small = math.exp(-abs(margin))
    return (1.0 if margin >= 0.0 else small) / (1.0 + small)


@compiled
def _log_odds(probability: float) -> float:
    kept = min(max(probability, EDGE), 1.0 - EDGE)
    return math.log(kept / (1.0 - kept))


@compiled
def _interpolated(x: float, points: FloatVector, values: FloatVector) -> float:
    """Read a function that is linear between its points and level beyond them."""
    last = len(points) - 1
    if x <= points[0]:
        return float(values[0])
    if x >= points[last]:
        return float(values[last])
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if x < points[middle]:
            high = middle
        else:
            low = middle
    slope = (values[high] - values[low]) / (points[high] - points[low])
    risen: float = slope * (x - points[low]) + values[low]
    return risen


@compiled
def margin_of(total: float, link: FloatVector) -> float:
    """Give the log odds of the model before calibration."""
    if link[LINK] == PROBABILITY:
        return _log_odds(total) - math.log(link[CLASS_WEIGHT])
    return total


@compiled
def probability_of(total: float, link: FloatVector, points: FloatVector, values: FloatVector) -> float:
    """Give the calibrated probability."""
    if link[LINK] == PROBABILITY:
        p = min(max(total, 0.0), 1.0)
        p = p / (p + link[CLASS_WEIGHT] * (1.0 - p))
    else:
        p = _sigmoid(total)
    if link[CALIBRATION] == PLATT:
        return _sigmoid(link[SLOPE] * _log_odds(p) + link[OFFSET])
    if link[CALIBRATION] == ISOTONIC:
        return _interpolated(p, points, values)
    return p
