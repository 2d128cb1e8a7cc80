"""A linear model as flat arrays: one term a feature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.flat.kernel.linear import linear_terms

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector
    from sevenfold.learning.formula import Weights

__all__ = ["FlatWeights"]


@dataclass(frozen=True, eq=False)
class FlatWeights:
    """Weights ready to be added up; arrays as `formula.Weights` has them.

    Parameters
    ----------
    centre
        float64, shape (features,): each term's mean over the training set, from which contributions count.
    """

    mean: FloatVector
    scale: FloatVector
    weight: FloatVector
    missing: FloatVector
    slots: IntVector
    table: FloatVector
    centre: FloatVector
    base: float
    first: IntVector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", np.cumsum(self.slots) - self.slots)

    @classmethod
    def of(cls, weights: Weights, X: FloatMatrix) -> FlatWeights:
        """Lay weights out; the encoded rows `X` say what is usual."""
        w = weights
        flat = cls(w.mean, w.scale, w.weight, w.missing, w.slots, w.table, np.zeros(len(w.mean)), w.intercept)
        terms = np.empty_like(X)
        flat.terms(X, terms)
        flat.centre[:] = terms.mean(axis=0) if len(X) else 0.0
        return flat

    @property
    def columns(self) -> int:
        """How many columns an encoded row has."""
        return len(self.mean)

    def terms(self, X: FloatMatrix, out: FloatMatrix) -> None:
        """Fill `out`, shape (rows, columns), with each feature's term."""
        for x, row in zip(X, out, strict=True):
            linear_terms(
                x, row, self.mean, self.scale, self.weight, self.missing, self.slots, self.first, self.table
            )
