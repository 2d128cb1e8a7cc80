"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from sevenfold.errors import DataError, Fault
from sevenfold.learning.metrics import Measured, mean_of
from sevenfold.learning.money import MoneyCurve, money_by_threshold

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, IntVector, Values
    from sevenfold.learning.candidate import Candidate
    from sevenfold.learning.costs import Costs
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.splits import Fold
    from sevenfold.learning.stakes import Stakes

__all__ = ["CandidateResult", "Evaluation", "FoldResult"]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One candidate on one fold.

    Parameters
    ----------
    fold
        Its periods.
    train_rows, train_positives
        What was learned from.
    rows, y, score
        The test rows: int64 positions in the input, int8 labels, float64 probabilities.
    left_out
        Test rows of entities that were already known as positive.
    unknown
        Test rows whose label is not final yet.
    metrics
        What was measured, by name.
    day
        int64: the number of each test row's day within the test period.
    stakes
        What mistakes about the test rows cost, where that is known.
    """

    fold: Fold
    train_rows: int
    train_positives: int
    rows: npt.NDArray[np.int64] = field(repr=False)
    y: Values = field(repr=False)
    score: FloatVector = field(repr=False)
    left_out: int
    unknown: int
    metrics: dict[str, Measured] = field(repr=False)
    day: IntVector = field(repr=False)
    stakes: Stakes | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class CandidateResult:
    """One candidate on all folds.

    Parameters
    ----------
    candidate
        Its declaration.
    folds
        One result a fold.
    costs, importance
        Of the last fold's model: what it costs, and each feature's share of what it relies on.
    """

    candidate: Candidate
    folds: tuple[FoldResult, ...]
    costs: Costs
    importance: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def mean(self) -> dict[str, Measured]:
        """Each metric averaged over the folds in which it can be measured."""
        return {name: mean_of([f.metrics[name] for f in self.folds]) for name in self.folds[0].metrics}

    @property
    def spread(self) -> dict[str, float]:
        """Each metric's standard deviation over the folds (dividing by n), NaN where it can't be measured."""
        values = {name: [f.metrics[name].value for f in self.folds] for name in self.folds[0].metrics}
        known = {name: [v for v in found if not np.isnan(v)] for name, found in values.items()}
        return {name: float(np.std(found)) if found else np.nan for name, found in known.items()}

    @property
    def y(self) -> Values:
        """Labels of all test rows, fold after fold."""
        return np.concatenate([f.y for f in self.folds])

    @property
    def score(self) -> FloatVector:
        """Scores of all test rows, fold after fold."""
        return np.concatenate([f.score for f in self.folds])

    @property
    def money(self) -> MoneyCurve | None:
        """Money saved by threshold over the test rows of all folds; ``None`` where nothing is at stake."""
        stakes = [f.stakes for f in self.folds if f.stakes is not None]
        if len(stakes) < len(self.folds) or not len(self.y):
            return None
        loss, alarm = (np.concatenate([getattr(s, name) for s in stakes]) for name in ("loss", "alarm"))
        return money_by_threshold(self.y, self.score, loss, alarm)

    @property
    def unit(self) -> str:
        """How the money at stake is written."""
        return next((f.stakes.unit for f in self.folds if f.stakes is not None), "")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All candidates on all folds.

    Parameters
    ----------
    learning
        What was declared.
    results
        One a candidate, in the order of their declaration.
    notes
        What a reader should know, in sentences: folds without positives, and the like.
    """

    learning: Learning
    results: tuple[CandidateResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> CandidateResult:
        """The candidate with the best mean of the metric that decides; the first of equals.

        Raises
        ------
        DataError
            The metric could not be measured in any fold.
        """
        by, sign = self.learning.choose_by, -1.0 if self.learning.lower_is_better else 1.0
        values = [sign * result.mean[by].value for result in self.results]
        if np.isnan(values).all():
            raise DataError(
                "No candidate can be chosen.",
                [Fault(by, "a fold in which it can be measured", "no test period with both classes")],
            )
        return self.results[int(np.nanargmax(values))]

    def table(self) -> pl.DataFrame:
        """Tabulate: one row a candidate and metric, with mean, low, high and the spread over the folds."""
        rows = [
            (r.candidate.name, name, e.value, e.low, e.high, spread)
            for r in self.results
            for (name, measured), spread in zip(r.mean.items(), r.spread.values(), strict=True)
            for e in [measured.estimate()]
        ]
        columns = ["candidate", "metric", "mean", "low", "high", "spread"]
        return pl.DataFrame(rows, schema=columns, orient="row")
