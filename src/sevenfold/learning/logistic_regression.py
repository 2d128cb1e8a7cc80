"""Logistic regression: the baseline that every other method has to beat, and the easiest one to read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sevenfold.learning.candidate import ClassWeight, Table, positive_weight
from sevenfold.learning.extra import require
from sevenfold.learning.formula import Formula, Weights
from sevenfold.learning.odds import sigmoid

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["LogisticModel", "LogisticRegression"]


@dataclass(frozen=True, kw_only=True)
class LogisticRegression:
    """Logistic regression on standardised features.

    A missing number counts as the mean, and its absence is a feature of its own wherever the training set
    knows it; each category has a weight, as have its rare, its unseen and its missing values.

    Parameters
    ----------
    strength
        Inverse of the penalty on squared weights: smaller values hold the weights closer to zero.
    class_weight
        How many times a positive row counts; the probabilities are corrected for it.
    steps
        Steps of the search for the weights (L-BFGS), at most.
    tolerance
        The slope at which the search ends.
    name
        What tables and plots call it.
    because
        Why the design chose it.
    """

    strength: float = 1.0
    class_weight: ClassWeight = None
    steps: int = 1000
    tolerance: float = 1e-4
    name: str = "logistic regression"
    because: str = ""

    @property
    def wants_validation(self) -> bool:
        """Never: nothing is chosen while it learns."""
        return False

    def fit(
        self, training: Table, validation: Table | None = None, *, seed: int = 0, threads: int = 0
    ) -> LogisticModel:
        """Find the weights; seed, threads and a validation period make no difference.

        Raises
        ------
        MissingExtraError
            The extra [learn] is not installed.
        """
        del validation, seed, threads
        linear = require("sklearn.linear_model", "training logistic regression")
        layout = _Layout.learn(training)
        weight = positive_weight(training, self.class_weight)
        row_weight = np.where(training.y == 1, weight, 1.0)
        solver = linear.LogisticRegression(
            C=self.strength, solver="lbfgs", max_iter=self.steps, tol=self.tolerance
        )
        solver.fit(
            layout.design(training.X),
            training.y,
            row_weight if training.weight is None else row_weight * training.weight,
        )
        intercept = float(solver.intercept_[0]) - math.log(weight)
        return LogisticModel(layout, solver.coef_[0].astype(np.float64), intercept)

    def settled(self, model: Any) -> LogisticRegression:
        """Give the candidate as it is."""
        del model
        return self


@dataclass(frozen=True, eq=False)
class _Layout:
    """The columns of the design matrix: numbers, then marks of missing numbers, then categories one-hot."""

    encoding: Encoding
    numbers: npt.NDArray[np.int64]
    mean: FloatVector
    scale: FloatVector
    marked: npt.NDArray[np.int64]
    categories: npt.NDArray[np.int64]

    @classmethod
    def learn(cls, table: Table) -> _Layout:
        is_number = np.array([c.categories is None for c in table.encoding.columns])
        numbers = np.flatnonzero(is_number)
        X = table.X[:, numbers]
        missing = np.isnan(X)
        present = np.maximum((~missing).sum(axis=0), 1)
        filled = np.where(missing, 0.0, X)
        mean = filled.sum(axis=0) / present
        scale = np.sqrt(np.square(np.where(missing, 0.0, X - mean)).sum(axis=0) / present)
        # A constant has a scale of zero up to rounding; it is left unscaled and gets no weight to speak of.
        constant = scale <= 1e-12 * np.maximum(1.0, np.abs(mean))
        return cls(
            encoding=table.encoding,
            numbers=numbers,
            mean=mean,
            scale=np.where(constant, 1.0, scale),
            marked=numbers[missing.any(axis=0) & ~missing.all(axis=0)],
            categories=np.flatnonzero(~is_number),
        )

    def design(self, X: FloatMatrix) -> FloatMatrix:
        parts = [self.standardised(X), np.isnan(X[:, self.marked]).astype(np.float64)]
        for i in self.categories:
            slots = np.arange(self.slots(i))
            parts.append((self.slot(X[:, i], i)[:, None] == slots).astype(np.float64))
        return np.concatenate(parts, axis=1)

    def standardised(self, X: FloatMatrix) -> FloatMatrix:
        z = (X[:, self.numbers] - self.mean) / self.scale
        return np.where(np.isnan(z), 0.0, z)

    def slots(self, column: int) -> int:
        """Weights of a category: one a code, and one for a missing value."""
        return self.encoding.columns[column].levels + 1

    def slot(self, codes: FloatVector, column: int) -> FloatVector:
        return np.where(np.isnan(codes), self.slots(column) - 1, codes)


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """Weights of the standardised features, and where they belong.

    Parameters
    ----------
    layout
        How encoded rows become the design matrix.
    weights
        float64, one a column of the design matrix.
    intercept
        Log odds of a row at the mean of everything.
    """

    layout: _Layout
    weights: FloatVector
    intercept: float

    @property
    def parameters(self) -> int:
        """Weights, with the intercept."""
        return len(self.weights) + 1

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Probability of the positive class, float64, shape (rows,)."""
        margin = self.layout.design(X) @ self.weights + self.intercept
        return sigmoid(margin)

    def add_to(self, graph: Graph, features: str) -> str:
        """Add standardisation, imputation, the weights and the logistic function to a graph."""
        margin = graph.constant([self.intercept])
        layout, (numbers, marks, categories) = self.layout, self._split()
        if len(numbers):
            X = graph.columns(features, layout.numbers.tolist())
            z = graph.node(
                "Div", graph.node("Sub", X, graph.constant(layout.mean)), graph.constant(layout.scale)
            )
            missing = graph.node("IsNaN", z)
            z = graph.node("Where", missing, graph.constant(0.0), z)
            margin = graph.node("Add", margin, _times(graph, z, numbers))
            if len(marks):
                mark = np.zeros(len(numbers))
                mark[np.searchsorted(layout.numbers, layout.marked)] = marks
                margin = graph.node("Add", margin, _times(graph, graph.cast(missing, "double"), mark))
        if len(categories):
            margin = graph.node("Add", margin, self._lookup(graph, features, categories))
        return graph.node("Sigmoid", margin)

    def formula(self) -> Formula:
        """Give the weights as plain data, feature by feature."""
        layout, (numbers, marks, categories) = self.layout, self._split()
        width = len(layout.encoding)
        mean, scale, weight, missing = np.zeros(width), np.ones(width), np.zeros(width), np.zeros(width)
        at = layout.numbers
        mean[at], scale[at], weight[at] = layout.mean, layout.scale, numbers
        missing[layout.marked] = marks
        slots = np.zeros(width, dtype=np.int64)
        slots[layout.categories] = [layout.slots(i) for i in layout.categories]
        return Formula(Weights(self.intercept, mean, scale, weight, missing, slots, categories))

    def importance(self) -> dict[str, float]:
        """Each feature's share of the weights' sizes; a category counts with the range of its weights."""
        layout, (numbers, marks, categories) = self.layout, self._split()
        total = np.zeros(len(layout.encoding))
        total[layout.numbers] += np.abs(numbers)
        total[layout.marked] += np.abs(marks)
        offset = 0
        for i in layout.categories:
            span = categories[offset : offset + layout.slots(i)]
            total[i] += np.ptp(span)
            offset += layout.slots(i)
        whole = total.sum() or 1.0
        return {name: float(t / whole) for name, t in zip(layout.encoding.names, total, strict=True)}

    def _split(self) -> tuple[FloatVector, FloatVector, FloatVector]:
        a, b = len(self.layout.numbers), len(self.layout.marked)
        return self.weights[:a], self.weights[a : a + b], self.weights[a + b :]

    def _lookup(self, graph: Graph, features: str, weights: FloatVector) -> str:
        """Weights of the categories: one table, each feature's part at its offset."""
        layout = self.layout
        slots = np.array([layout.slots(i) for i in layout.categories])
        codes = graph.columns(features, layout.categories.tolist())
        codes = graph.node("Where", graph.node("IsNaN", codes), graph.constant(slots - 1.0), codes)
        places = graph.node("Add", codes, graph.constant(np.cumsum(slots) - slots))
        found = graph.node("Gather", graph.constant(weights), graph.cast(places, "int64"), axis=0)
        return graph.node("ReduceSum", found, graph.constant([1], np.int64), keepdims=0)


def _times(graph: Graph, matrix: str, weights: FloatVector) -> str:
    return graph.flat(graph.node("MatMul", matrix, graph.constant(weights[:, None])))
