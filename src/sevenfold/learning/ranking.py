"""Measures of how well scores rank, and their bootstrap, over runs of equal rank instead of rows.

Between two positives, the order of the negatives makes no difference to any of these measures. Rows are
therefore gathered into groups: the rows of one score, and adjacent groups without a positive as one. In a
Poisson bootstrap each row counts Poisson(1) times, so a group of m rows counts Poisson(m) times: the
replicates are exactly those of a bootstrap over rows, for a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sevenfold.learning.arrays import FloatMatrix, FloatVector, Values

__all__ = ["Groups", "ranking_measures"]

_DRAWS = 4_000_000
"""Poisson numbers drawn at once: 32 MB."""


@dataclass(frozen=True, eq=False)
class Heavy:
    """Rows that stand for more than themselves, or for less.

    Parameters
    ----------
    group
        int64, shape (rows,): to which group each belongs.
    positive
        bool, shape (rows,).
    weight
        float64, shape (rows,).
    """

    group: npt.NDArray[np.int64]
    positive: npt.NDArray[np.bool_]
    weight: FloatVector

    def sums(self, *, positive: bool, groups: int) -> FloatVector:
        """Add up the weights of one class, by group."""
        mine = self.positive == positive
        found: FloatVector = np.bincount(self.group[mine], self.weight[mine], groups).astype(np.float64)
        return found

    def draw(self, part: Groups, rng: np.random.Generator) -> None:
        """Add these rows to replicates, each Poisson(1) times its weight."""
        drawn = rng.poisson(1.0, (len(part.positives), len(self.group))) * self.weight
        for row, (group, positive) in enumerate(zip(self.group, self.positive, strict=True)):
            (part.positives if positive else part.negatives)[:, group] += drawn[:, row]


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows gathered by rank, the highest score first.

    Parameters
    ----------
    positives, negatives
        float64, shape (replicates, groups): how many rows of each class a group holds, weights included.
    heavy
        Rows that weigh other than 1, which a bootstrap has to draw one by one.
    """

    positives: FloatMatrix
    negatives: FloatMatrix
    heavy: Heavy | None = None

    @classmethod
    def of(cls, y: Values, score: FloatVector, weight: FloatVector | None = None) -> Groups:
        """Gather rows; the result has one replicate, the rows as they are.

        Parameters
        ----------
        y, score
            Labels of 0 and 1, and scores, shape (rows,).
        weight
            float64, shape (rows,), above 0: how many rows each stands for; ``None``: itself.
        """
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        size_of = np.ones(len(order)) if weight is None else weight[order]
        positive = y[order] * size_of
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.empty(0, int)
        size = np.add.reduceat(size_of, starts) if len(starts) else np.empty(0)
        positives = np.add.reduceat(positive, starts) if len(starts) else np.empty(0)
        has = positives > 0
        merged = np.flatnonzero(has | np.r_[True, has[:-1]]) if len(starts) else starts
        if not len(merged):
            return cls(np.zeros((1, 0)), np.zeros((1, 0)))
        negatives = np.add.reduceat(size - positives, merged)
        heavy = None
        if weight is not None:
            rows = np.flatnonzero(size_of != 1.0)
            group = np.searchsorted(starts[merged], rows, side="right") - 1
            heavy = Heavy(group, y[order][rows] == 1, size_of[rows])
        return cls(np.add.reduceat(positives, merged)[None, :], negatives[None, :], heavy)

    def replicates(self, count: int, rng: np.random.Generator) -> Iterator[Groups]:
        """Draw Poisson replicates, in portions that fit in memory."""
        width = self.positives.shape[1]
        positives, negatives = self.positives, self.negatives
        if self.heavy is not None:
            positives = np.maximum(positives - self.heavy.sums(positive=True, groups=width), 0.0)
            negatives = np.maximum(negatives - self.heavy.sums(positive=False, groups=width), 0.0)
        portion = max(1, _DRAWS // max(1, width))
        for start in range(0, count, portion):
            shape = (min(portion, count - start), width)
            part = Groups(
                rng.poisson(positives, shape).astype(np.float64),
                rng.poisson(negatives, shape).astype(np.float64),
            )
            if self.heavy is not None:
                self.heavy.draw(part, rng)
            yield part

    def roc_auc(self) -> FloatVector:
        """Chance that a positive scores above a negative, ties counting half; shape (replicates,)."""
        above = np.cumsum(self.negatives, axis=1)
        negatives = above[:, -1:]
        won = (self.positives * (negatives - above + self.negatives / 2)).sum(axis=1)
        return _ratio(won, self.positives.sum(axis=1) * negatives[:, 0])

    def average_precision(self) -> FloatVector:
        """Precision averaged over the positives, each at its own threshold; shape (replicates,)."""
        caught = np.cumsum(self.positives, axis=1)
        precision = _ratio(caught, caught + np.cumsum(self.negatives, axis=1))
        weighted = np.where(self.positives > 0, self.positives * precision, 0.0).sum(axis=1)
        return _ratio(weighted, caught[:, -1])

    def recall_at(self, false_positive_rate: float) -> FloatVector:
        """Share of positives above the lowest threshold that keeps within a false-positive rate."""
        above = np.cumsum(self.negatives, axis=1)
        within = above <= false_positive_rate * above[:, -1:]
        caught = np.where(within, self.positives, 0.0).sum(axis=1)
        return np.where(above[:, -1] > 0, _ratio(caught, self.positives.sum(axis=1)), np.nan)


Measure = Callable[[Groups], FloatVector]


def ranking_measures(false_positive_rates: Sequence[float]) -> dict[str, Measure]:
    """Name the measures: ROC AUC, average precision, and recall at each false-positive rate."""
    recalls: dict[str, Measure] = {
        f"recall_at_fpr_{rate:g}": lambda groups, rate=rate: groups.recall_at(rate)  # type: ignore[misc]
        for rate in false_positive_rates
    }
    return {"roc_auc": Groups.roc_auc, "average_precision": Groups.average_precision} | recalls


def _ratio(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Divide; what can't be measured, because there is nothing to divide by, is NaN."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
