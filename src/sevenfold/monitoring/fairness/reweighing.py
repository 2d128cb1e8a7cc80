"""Reweighing: training as if group and label had nothing to do with each other, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.fitting import fit_candidate
from sevenfold.learning.metrics import measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.learning.candidate import Table
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.examples import Examples
    from sevenfold.learning.metrics import Measured

__all__ = ["Reweighed", "Trained", "compare_reweighing", "reweighing"]


@dataclass(frozen=True, eq=False)
class Trained:
    """How one model does on the newest fold.

    Parameters
    ----------
    metrics
        As `sevenfold.learning.metrics.measure` gives them.
    false_positives, true_positives, selection
        By group, of the events that are better stopped by their score and what is at stake.
    """

    metrics: Mapping[str, Measured]
    false_positives: Mapping[str, float]
    true_positives: Mapping[str, float]
    selection: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Reweighed:
    """A model trained as usual, and one trained with weights; the rows tested on."""

    before: Trained
    after: Trained
    rows: int


def reweighing(
    group: Sequence[str | None], y: NDArray[np.int8], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights that make group and label independent (Kamiran and Calders, 2012, section 4.3).

    Each row of group g and label c weighs P(g) P(c) / P(g, c) times what it weighed; rows without a group
    keep their weight.

    Examples
    --------
    >>> reweighing(["a", "a", "b", "b"], np.array([1, 0, 0, 0], np.int8), np.ones(4)).round(2)
    array([0.5 , 1.5 , 0.75, 0.75])
    """
    names = np.array(["" if name is None else name for name in group])
    found = weight.astype(np.float64).copy()
    known = names != ""
    total = weight[known].sum()
    for name in np.unique(names[known]):
        for label in (0, 1):
            cell = known & (names == name) & (y == label)
            both = weight[cell].sum()
            if both > 0:
                chance = weight[known & (names == name)].sum() * weight[known & (y == label)].sum()
                found[cell] *= chance / (total * both)
    return found


def compare_reweighing(examples: Examples, group: Sequence[str | None], learning: Learning) -> Reweighed:
    """Train the first candidate on the newest fold twice, and test both on the same events.

    Parameters
    ----------
    examples
        Features, labels, stakes and chances of passing.
    group
        Of each event; ``None`` where it is not known.
    learning
        Candidates and folds.
    """
    fold = examples.folds(learning)[-1]
    names = np.array(["" if name is None else name for name in group])
    train = examples.known(examples.within(fold.train_start, fold.train_end), fold.test_start)
    train = examples.drawn(examples.let_through(train), fold.test_start, learning)
    table = examples.table(train, fold.test_start, learning)
    plain = np.ones(len(table)) if table.weight is None else table.weight
    weights = reweighing(names[train].tolist(), table.y, plain)
    test = examples.known(examples.within(fold.test_start, fold.test_end), examples.as_of)

    def trained(training: Table) -> Trained:
        times = examples.labels.times[train]
        fitted = fit_candidate(learning.candidates[0], training, times, learning, str(fold), None)
        score = fitted.model.predict(table.encoding.encode(examples.features.filter(test)))
        return _measured(examples, np.flatnonzero(test), score, names[test], learning)

    return Reweighed(trained(table), trained(replace(table, weight=weights)), int(test.sum()))


def _measured(
    examples: Examples,
    rows: NDArray[np.int64],
    score: NDArray[np.float64],
    names: NDArray[np.str_],
    learning: Learning,
) -> Trained:
    y = examples.labels.at(examples.as_of)[rows]
    stakes = None if examples.stakes is None else examples.stakes.take(rows)
    weight = examples.standing_for(rows)
    metrics = measure(
        y, score, stakes=stakes, weight=weight, replicates=learning.replicates, seed=learning.seed
    )
    stopped = score >= 0.5 if stakes is None else stakes.stopped(score)
    each = np.ones(len(y)) if weight is None else weight
    groups = [str(name) for name in np.unique(names) if name]

    def rates(inside: NDArray[np.bool_]) -> dict[str, float]:
        found = {}
        for name in groups:
            mine = inside & (names == name)
            found[name] = float(np.average(stopped[mine], weights=each[mine])) if mine.any() else np.nan
        return found

    return Trained(metrics, rates(y == 0), rates(y == 1), rates(np.ones(len(y), dtype=bool)))
