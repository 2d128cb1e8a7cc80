"""Evaluation on folds in time: what each candidate would have been worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sevenfold.learning.arrays import DAY_MS
from sevenfold.learning.candidate import Table
from sevenfold.learning.costs import Costs, costs_of
from sevenfold.learning.declaration import Progress, silent
from sevenfold.learning.examples import Examples
from sevenfold.learning.fitting import Fitted, check_table, fit_candidate
from sevenfold.learning.knowledge import NEVER, LabelInput, Labels, TimeInput
from sevenfold.learning.metrics import measure
from sevenfold.learning.results import CandidateResult, Evaluation, FoldResult
from sevenfold.learning.silent import Silent

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.learning.arrays import FloatVector, Mask
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.splits import Fold
    from sevenfold.learning.stakes import Stakes

__all__ = ["evaluate_examples", "evaluate_folds"]

_COST_ROWS = 2_000


def evaluate_folds(
    features: pl.DataFrame,
    times: TimeInput,
    labels: Labels | LabelInput,
    learning: Learning,
    *,
    entities: pl.DataFrame | None = None,
    as_of: int | None = None,
    stakes: Stakes | None = None,
    passed: FloatVector | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Train and test every candidate on every fold.

    Each fold trains when its test period starts, with the labels known at that moment, on events that had
    matured by then; it is tested against the labels known in the end.

    Parameters
    ----------
    features
        One column a feature, one row a decided event; numbers, booleans or categories, null for missing.
    times
        When each event happened: int64 epoch milliseconds, shape (events,).
    labels
        What was known when (see `Label.history`); or plain labels of 0, 1 and null, known as late as the
        folds' `delay` says.
    learning
        Candidates, folds and metrics.
    entities
        The columns that ``learning.entities`` names, row by row.
    as_of
        The moment from which the labels of the test are seen, epoch milliseconds; by default the newest
        moment in `times` and `labels`.
    stakes
        What mistakes cost, row by row: then the share of losses that is saved is measured, too.
    passed
        The chance with which each event was let through, 0 to 1, shape (events,); ``None`` where all were.
        Nothing is learned from an event that was blocked, and the others weigh one over their chance, in
        training and in the test. Where labels of blocked events are final all the same, as in a simulation,
        the test holds all events and none of them stands for others.
    progress
        Told about each fit.

    Returns
    -------
    Evaluation
        The same for the same input and seed, but for the seconds.

    Raises
    ------
    DataError
        The history is too short, a training period has no rows or one class, or features can't enter a model.
    UsageError
        The inputs differ in length, or an entity is missing.
    """
    return evaluate_examples(
        Examples.of(features, times, labels, learning, entities, as_of, stakes, passed),
        learning,
        progress=progress,
    )


def evaluate_examples(
    examples: Examples, learning: Learning, *, progress: Progress = silent, further_steps: int = 0
) -> Evaluation:
    """Train and test every candidate on every fold of examples that were checked.

    Parameters
    ----------
    examples, learning, progress
        As for `evaluate_folds`.
    further_steps
        How many steps the caller will take afterwards, so that one bar shows them all.
    """
    folds = examples.folds(learning)
    steps, done = len(folds) * len(learning.candidates) + further_steps, 0
    results: list[list[FoldResult]] = [[] for _ in learning.candidates]
    costs: list[Costs] = []
    shares: list[dict[str, float]] = []
    notes: list[str] = []
    for fold in folds:
        part = _Part.of(examples, fold, learning)
        notes += part.notes
        for found, candidate in zip(results, learning.candidates, strict=True):
            progress(done, steps, f"{candidate.name}, fold {fold.number} of {len(folds)}")
            fitted = fit_candidate(candidate, part.training, part.times, learning, str(fold), part.silent)
            found.append(part.measure(fitted, learning))
            if fold is folds[-1]:
                costs.append(part.costs(fitted))
                shares.append(fitted.model.importance())
            done += 1
    if not further_steps:
        progress(done, steps, "evaluated")
    parts = zip(learning.candidates, results, costs, shares, strict=True)
    return Evaluation(
        learning,
        tuple(CandidateResult(c, tuple(found), cost, share) for c, found, cost, share in parts),
        tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """The rows of one fold, encoded once for all candidates."""

    examples: Examples
    fold: Fold
    training: Table
    times: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    testing: Table
    silent: Silent | None
    left_out: int
    unknown: int

    @classmethod
    def of(cls, examples: Examples, fold: Fold, learning: Learning) -> _Part:
        train = examples.known(examples.within(fold.train_start, fold.train_end), fold.test_start)
        train = examples.drawn(examples.let_through(train), fold.test_start, learning)
        training = examples.table(train, fold.test_start, learning)
        check_table(training, str(fold))
        period = examples.within(fold.test_start, fold.test_end)
        final = examples.known(period, examples.as_of)
        test = final & ~_known_entities(examples, fold, learning)
        encoding = training.encoding
        testing = Table(
            encoding.encode(examples.features.filter(test)),
            examples.labels.certain.at(examples.as_of)[test],
            encoding,
        )
        return cls(
            examples=examples,
            fold=fold,
            training=training,
            times=examples.labels.times[train],
            rows=np.flatnonzero(test),
            testing=testing,
            silent=Silent.of(examples, fold.train_start, fold.test_start, learning, encoding),
            left_out=int(final.sum() - test.sum()),
            unknown=int(period.sum() - final.sum()),
        )

    @property
    def notes(self) -> list[str]:
        n, positives = len(self.testing), int(self.testing.y.sum())
        said = []
        if n == 0:
            said.append(f"{self.fold} has no test rows, so nothing is measured in it.")
        elif positives in (0, n):
            which = "no positive" if positives == 0 else "only positives"
            said.append(f"{self.fold} has {which} among {n:,} test rows, so ranking is not measured in it.")
        if self.unknown:
            said.append(f"{self.fold} leaves out {self.unknown:,} test rows whose labels are not final yet.")
        return said

    def costs(self, fitted: Fitted) -> Costs:
        """Export a model, check the export and time it, on some of the training rows."""
        sample = self.training.X[:: max(1, len(self.training) // _COST_ROWS)]
        return costs_of(fitted, self.training.encoding, sample)

    def measure(self, fitted: Fitted, learning: Learning) -> FoldResult:
        """Score the test rows and measure the scores."""
        score = fitted.model.predict(self.testing.X) if len(self.testing) else np.empty(0)
        entity = None if learning.entity is None else self.examples.entities[learning.entity][self.rows]
        stakes = None if self.examples.stakes is None else self.examples.stakes.take(self.rows)
        day = (self.examples.labels.times[self.rows] - self.fold.test_start) // DAY_MS
        metrics = measure(
            self.testing.y,
            score,
            false_positive_rates=learning.false_positive_rates,
            entity=entity,
            day=day,
            k=learning.k,
            stakes=stakes,
            weight=self.examples.standing_for(self.rows),
            replicates=learning.replicates,
            seed=learning.seed + self.fold.number,
        )
        return FoldResult(
            fold=self.fold,
            train_rows=len(self.training),
            train_positives=int(self.training.y.sum()),
            rows=self.rows,
            y=self.testing.y,
            score=score,
            left_out=self.left_out,
            unknown=self.unknown,
            metrics=metrics,
            day=day,
            stakes=stakes,
        )


def _known_entities(examples: Examples, fold: Fold, learning: Learning) -> Mask:
    """Find the rows whose entity was known as positive before their test day began."""
    labels, name = examples.labels, learning.folds.leave_out_known
    found = np.zeros(len(labels), dtype=bool)
    if name is None:
        return found
    period = examples.within(learning.folds.known_from(fold), fold.test_end)
    ranks = np.zeros(len(labels), dtype=np.int64)  # 0, and a missing entity, is nobody
    ranks[period] = examples.entities[name].filter(period).rank("dense").fill_null(0).to_numpy()
    counted = (labels.value == 1) & (ranks[labels.row] > 0)
    known_since = np.full(ranks.max(initial=0) + 1, NEVER)
    np.minimum.at(known_since, ranks[labels.row[counted]], labels.known_at[counted])
    day_start = fold.test_start + (labels.times - fold.test_start) // DAY_MS * DAY_MS
    found[period] = (known_since[ranks] < day_start)[period]
    return found
