"""Labels that look flipped: by source, against the source's own past and against the other sources.

A label is surprising where a model that did not learn from it is sure of the contrary: a positive among
the events that look most ordinary, a negative among those that look like most positives. Some always are. A
source that flips a share of its labels has more of them than before and than others, since flips fall
anywhere, while a new kind of fraud is learned by the very model that is asked: it is cross-fitted on the
labels under test.

References
----------
Northcutt, Jiang, Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70,
section 3: labels are doubted by out-of-sample probabilities and thresholds of their class. Here the doubted
ones are counted by source, and tested against a period and sources that are trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector, Mask, Values

__all__ = ["Doubt", "cross_fitted", "doubts"]

_ORDINARY = 0.7
"""The share of all events that counts as most ordinary."""

_CERTAIN = 0.001
"""How unlikely the surplus must be by chance."""

_LEAST = 50
"""Labels of a source in a period, for anything to be said."""

_PARTS = 5


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was found about one source and one value.

    Parameters
    ----------
    source, value
        The source's place, and 0 or 1.
    labels, surprising
        In the newest period: how many there are, and how many of them surprise.
    usual
        The share of surprising labels that is usual.
    flipped
        The share of its labels that must be flipped for this many surprises.
    chance
        How likely so many would be without any flip.
    """

    source: int
    value: int
    labels: int
    surprising: int
    usual: float
    flipped: float
    chance: float

    @property
    def certain(self) -> bool:
        """Whether it is no accident."""
        return self.chance < _CERTAIN


def doubts(
    source: IntVector,
    value: Values,
    score: FloatVector,
    recent: Mask,
    population: FloatVector,
) -> list[Doubt]:
    """Find the sources whose newest labels surprise more than usual.

    Parameters
    ----------
    source, value, score, recent
        One element a label, shape (labels,): the place of its source; 0 or 1; the probability of a model that
        did not learn from it; whether it is of the period that is tested, the rest is the past.
    population
        float64, shape (events,): such probabilities of all events, labelled or not.

    Returns
    -------
    list of Doubt
        One for each source and value with labels enough, the most doubtful first.
    """
    found = []
    for sign in (1, 0):
        mine = value == sign
        limit, reach = _limit(sign, value, score, population)
        surprising = (score <= limit) if sign else (score >= limit)
        for one in np.unique(source[mine]).tolist():
            newest = mine & (source == one) & recent
            before = mine & ~newest & ((source == one) | recent)
            if newest.sum() < _LEAST or before.sum() < _LEAST:
                continue
            found.append(_doubt(one, sign, surprising[newest], surprising[before], reach))
    return sorted(found, key=lambda doubt: doubt.chance)


def _limit(sign: int, value: Values, score: FloatVector, population: FloatVector) -> tuple[float, float]:
    """Where a label begins to surprise, and which share of flips would."""
    if sign:
        return float(np.quantile(population, _ORDINARY)), _ORDINARY
    positives = score[value == 1]
    if not len(positives):
        return np.inf, 1.0
    return float(np.median(positives)), 0.5


def _doubt(
    source: int, value: int, newest: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], reach: float
) -> Doubt:
    n, k = len(newest), int(newest.sum())
    usual = (float(before.sum()) + 0.5) / (len(before) + 1.0)
    pooled = (k + before.sum() + 0.5) / (n + len(before) + 1.0)
    spread = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / len(before)))
    z = (k / n - usual) / spread if spread else 0.0
    flipped = max((k / n - usual) / max(reach - usual, 1e-9), 0.0)
    return Doubt(source, value, n, k, usual, min(flipped, 1.0), 0.5 * math.erfc(z / math.sqrt(2.0)))


def cross_fitted(X: FloatMatrix, y: Values, group: IntVector, seed: int) -> FloatVector:
    """Probabilities of events by models that learned from other groups' events.

    Parameters
    ----------
    X, y
        Encoded rows, float64 (rows, features), NaN for missing; labels of 0 and 1, shape (rows,).
    group
        int64, shape (rows,): rows of one group are never on both sides.
    seed
        Of the split and the models.

    Returns
    -------
    FloatVector
        Shape (rows,).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import GroupKFold

    found = np.empty(len(y))
    parts = GroupKFold(_PARTS, shuffle=True, random_state=seed)
    for learned, asked in parts.split(X, y, group):
        model = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=20, random_state=seed
        )
        model.fit(X[learned], y[learned])
        found[asked] = model.predict_proba(X[asked])[:, 1]
    return found
