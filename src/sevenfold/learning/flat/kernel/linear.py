"""Adding up weights: one term a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.flat.kernel.compiled import compiled
from sevenfold.learning.flat.kernel.link import margin_of, probability_of

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector

__all__ = ["linear_margins", "linear_scores", "linear_terms"]


@compiled
def linear_terms(
    x: FloatVector,
    out: FloatVector,
    mean: FloatVector,
    scale: FloatVector,
    weight: FloatVector,
    missing: FloatVector,
    slots: IntVector,
    first: IntVector,
    table: FloatVector,
) -> float:
    """Fill `out`, shape (features,), with the terms of a row, and give their sum.

    Parameters
    ----------
    first
        int64, shape (features,): where a category's weights begin in `table`; else as in `formula.Weights`.
    """
    total = 0.0
    for i in range(len(x)):
        if slots[i] > 0:
            last = slots[i] - 1
            slot = last if np.isnan(x[i]) else np.int64(x[i])
            # Only an encoding makes codes; another number counts as a value that was not seen.
            slot = slot if 0 <= slot <= last else 0
            term = table[first[i] + slot]
        elif np.isnan(x[i]):
            term = missing[i]
        else:
            term = (x[i] - mean[i]) / scale[i] * weight[i]
        out[i] = term
        total += term
    return total


@compiled
def linear_margins(
    X: FloatMatrix,
    out: FloatVector,
    mean: FloatVector,
    scale: FloatVector,
    weight: FloatVector,
    missing: FloatVector,
    slots: IntVector,
    first: IntVector,
    table: FloatVector,
    base: float,
    link: FloatVector,
) -> None:
    """Fill `out`, shape (rows,), with log odds before calibration."""
    terms = np.empty(X.shape[1])
    for r in range(len(out)):
        total = base + linear_terms(X[r], terms, mean, scale, weight, missing, slots, first, table)
        out[r] = margin_of(total, link)


@compiled
def linear_scores(
    X: FloatMatrix,
    out: FloatVector,
    mean: FloatVector,
    scale: FloatVector,
    weight: FloatVector,
    missing: FloatVector,
    slots: IntVector,
    first: IntVector,
    table: FloatVector,
    base: float,
    link: FloatVector,
    points: FloatVector,
    values: FloatVector,
) -> None:
    """Fill `out`, shape (rows,), with calibrated probabilities."""
    terms = np.empty(X.shape[1])
    for r in range(len(out)):
        total = base + linear_terms(X[r], terms, mean, scale, weight, missing, slots, first, table)
        out[r] = probability_of(total, link, points, values)
