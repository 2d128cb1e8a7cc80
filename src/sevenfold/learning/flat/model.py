"""The served model: scores in microseconds, and how each feature moved them."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import Fault, UsageError
from sevenfold.learning.flat.attribution import Attribution
from sevenfold.learning.flat.kernel import link as w
from sevenfold.learning.flat.kernel.forest import forest_margins, forest_scores
from sevenfold.learning.flat.kernel.linear import linear_margins, linear_scores
from sevenfold.learning.flat.layout import FlatTrees
from sevenfold.learning.odds import log_odds
from sevenfold.learning.scorer import RowScorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.flat.weights import FlatWeights

__all__ = ["Explained", "FlatModel"]

_SHARED = 2048
"""Rows from which on a table is shared out among the cores: starting a thread costs as much as 50 rows."""

_EXPLAINED_SHARED = 64
"""The same for contributions, which cost some fifty times as much."""

_SAME = 1e-12
"""Probabilities closer than this have one slope of the log odds between them, that of the curve itself."""


@dataclass(frozen=True, eq=False)
class Explained:
    """Scores taken apart, in log odds of the model before calibration.

    Parameters
    ----------
    base
        The log odds of nobody in particular: what the model gives on average over its training set.
    contributions
        float64, shape (rows, features): how far each feature moved the log odds from there.
    """

    base: float
    contributions: FloatMatrix

    @property
    def margins(self) -> FloatVector:
        """The log odds that base and contributions add up to, shape (rows,)."""
        total: FloatVector = self.base + self.contributions.sum(axis=1)
        return total


class FlatModel(RowScorer):
    """A model in its flat form.

    Parameters
    ----------
    encoding
        What its input columns mean.
    core
        What is added up.
    link
        float64, shape (LINK_WORDS,): what the sum is and what is done with it; see `kernel.link`.
    points, values
        float64, shape (points,): an isotonic calibration; empty without one.
    threads
        Threads for a table; 0 takes every core. One row is always scored on the caller's.

    Raises
    ------
    UsageError
        The model has another number of columns than the encoding.
    """

    def __init__(
        self,
        encoding: Encoding,
        core: FlatTrees | FlatWeights,
        link: FloatVector,
        points: FloatVector,
        values: FloatVector,
        threads: int = 0,
    ) -> None:
        super().__init__(encoding)
        if core.columns != len(encoding):
            fault = Fault("model", f"{len(encoding)} columns, as its encoding has", str(core.columns))
            raise UsageError("The model does not fit its encoding.", [fault])
        self.core, self.link, self.points, self.values = core, link, points, values
        self._threads = threads or _cores()
        self._score: Callable[..., None]
        self._margins: Callable[..., None]
        self._arrays: tuple[Any, ...]
        if isinstance(core, FlatTrees):
            self._score, self._margins = forest_scores, forest_margins
            self._arrays = (core.nodes, core.leaf, core.root, core.depth, core.code_column, core.code)
            self._arrays += (core.code_missing, core.base, link)
        else:
            self._score, self._margins = linear_scores, linear_margins
            self._arrays = (core.mean, core.scale, core.weight, core.missing, core.slots, core.first)
            self._arrays += (core.table, core.base, link)
        self._scoring = (*self._arrays, points, values)

    def score(self, X: FloatMatrix) -> FloatVector:
        """Score encoded rows; the same bits for a row whether it comes alone or in a table."""
        X, out = self._readable(X), np.empty(len(X))
        if len(X) < _SHARED:
            self._score(X, out, *self._scoring)
        else:
            self._share(lambda part: self._score(X[part], out[part], *self._scoring), len(X))
        return out

    def margins(self, X: FloatMatrix) -> FloatVector:
        """Give the log odds before calibration: float64, shape (rows,)."""
        X, out = self._readable(X), np.empty(len(X))
        self._margins(X, out, *self._arrays)
        return out

    def explain(self, X: FloatMatrix) -> Explained:
        """Take the log odds before calibration apart.

        Of trees that add up log odds these are exact, path-dependent Shapley values; of weights, each term
        less its mean over the training set. A forest adds up probabilities, whose Shapley values are scaled
        to log odds row by row, by the slope from the base to the row: signs, order and sum are kept. A
        category is one feature, however many questions are asked about it.
        """
        X = self._readable(X)
        values = self.shapley(X)
        if self.link[w.LINK] != w.PROBABILITY:
            return Explained(self.base, values)
        p0, p = self.base, self.base + values.sum(axis=1)
        start = float(log_odds(np.array([p0]), w.EDGE)[0])
        near, odds = np.abs(p - p0) < _SAME, math.log(self.link[w.CLASS_WEIGHT])
        rise, run = log_odds(p, w.EDGE) - start, np.where(near, 1.0, p - p0)
        slope = np.where(near, 1.0 / max(p0 * (1.0 - p0), w.EDGE), rise / run)
        return Explained(start - odds, values * slope[:, None])

    def shapley(self, X: FloatMatrix) -> FloatMatrix:
        """Give contributions in the scale that the model adds up in, from `base`; shape (rows, features)."""
        X = self._readable(X)
        out = np.empty(X.shape)
        if not isinstance(self.core, FlatTrees):
            self.core.terms(X, out)
            return out - self.core.centre
        attribution = self._attribution
        if len(X) < _EXPLAINED_SHARED:
            attribution.values(X, out)
        else:
            self._share(lambda part: attribution.values(X[part], out[part]), len(X))
        return out

    @property
    def base(self) -> float:
        """What the model gives on average over the training set, in the scale that it adds up in."""
        if isinstance(self.core, FlatTrees):
            return self._attribution.base
        return self.core.base + float(self.core.centre.sum())

    @cached_property
    def _attribution(self) -> Attribution:
        assert isinstance(self.core, FlatTrees)  # noqa: S101  (for the type checker: its callers have looked)
        return Attribution.of(self.core)

    def _readable(self, X: FloatMatrix) -> FloatMatrix:
        """Give the rows as compiled code takes them.

        Raises
        ------
        UsageError
            They have another number of columns: compiled code would read past their end.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != self.core.columns:
            fault = Fault("X", f"shape (rows, {self.core.columns})", str(X.shape))
            raise UsageError("These rows are not the model's.", [fault])
        # To numba, what cannot be written to is another type, for which it would compile anew.
        return X if X.flags.writeable else X.copy()

    def _share(self, work: Callable[[slice], None], rows: int) -> None:
        """Do the rows part by part, on all threads; no pool outlives the call, so a fork finds none."""
        size = -(-rows // self._threads)
        parts = [slice(i, min(i + size, rows)) for i in range(0, rows, size)]
        with ThreadPoolExecutor(self._threads) as pool:
            for _ in pool.map(work, parts):
                pass


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
