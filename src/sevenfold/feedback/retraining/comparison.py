"""A challenger against the champion on the same events, with a paired bootstrap of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector, Values
    from sevenfold.learning.stakes import Stakes

__all__ = ["Comparison", "Difference", "compare"]

_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both.

    Parameters
    ----------
    challenger, champion
        The figures.
    low, high
        Bounds of the challenger's lead, of 95 %.
    """

    challenger: float
    champion: float
    low: float
    high: float

    @property
    def lead(self) -> float:
        """The challenger's figure less the champion's."""
        return self.challenger - self.champion


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it.

    Parameters
    ----------
    rows, positives
        The events that both were asked about.
    differences
        By metric: ``average_precision``, and ``money_saved`` where it is known what mistakes cost.
    """

    rows: int
    positives: int
    differences: dict[str, Difference]

    @property
    def metric(self) -> str:
        """What decides: money, where it is known."""
        return "money_saved" if "money_saved" in self.differences else "average_precision"

    def holds(self, margin: float = 0.0) -> bool:
        """Whether the challenger is no worse than the champion by more than a margin, as far as can be told.

        It is given up where the champion is better beyond doubt: where the whole interval of its lead lies
        below minus the margin.
        """
        decisive = self.differences[self.metric]
        return not decisive.high < -margin

    def to_json(self) -> dict[str, float | int | str | None]:
        """Give it as flat plain data."""
        found: dict[str, float | int | str | None] = {"rows": self.rows, "positives": self.positives}
        for name, one in self.differences.items():
            found |= {
                f"{name}_challenger": one.challenger, f"{name}_champion": one.champion,
                f"{name}_lead_low": one.low, f"{name}_lead_high": one.high,
            }  # fmt: skip
        return found


def compare(
    y: Values,
    challenger: FloatVector,
    champion: FloatVector,
    group: IntVector,
    stakes: Stakes | None = None,
    *,
    replicates: int = 200,
    seed: int = 0,
) -> Comparison:
    """Compare the scores of two models.

    Parameters
    ----------
    y, challenger, champion
        Labels of 0 and 1, and the probabilities of both, shape (rows,): neither has learned from them.
    group
        int64, shape (rows,): rows of one group, such as those of a card, are drawn together.
    stakes
        What mistakes cost.
    replicates, seed
        Of the bootstrap, in which each group counts Poisson(1) times, for both models alike: the difference
        of the two is what varies, and not the luck of the draw (Efron and Tibshirani, 1993, "An introduction
        to the bootstrap", chapter 8).
    """
    rng = np.random.default_rng(seed)
    _, groups = np.unique(group, return_inverse=True)
    number = int(groups.max()) + 1 if len(groups) else 0
    weights = [np.ones((1, len(y)))]
    for first in range(0, replicates, _AT_ONCE):
        drawn = rng.poisson(1.0, (min(_AT_ONCE, replicates - first), number))
        weights.append(drawn[:, groups].astype(np.float64))
    metrics: dict[str, Callable[[FloatVector, FloatMatrix], FloatVector]]
    metrics = {"average_precision": partial(_average_precision, y)}
    if stakes is not None:
        metrics["money_saved"] = partial(_saved, stakes, y)
    found = {}
    for name, metric in metrics.items():
        mine = np.concatenate([metric(challenger, weight) for weight in weights])
        theirs = np.concatenate([metric(champion, weight) for weight in weights])
        leads = (mine - theirs)[1:]
        leads = leads[~np.isnan(leads)]
        low, high = np.quantile(leads, (0.025, 0.975)) if len(leads) else (np.nan, np.nan)
        found[name] = Difference(float(mine[0]), float(theirs[0]), float(low), float(high))
    return Comparison(len(y), int((y == 1).sum()), found)


def _average_precision(y: Values, score: FloatVector, weight: FloatMatrix) -> FloatVector:
    """Average precision for each row of weights, (replicates,); ties count together at their end."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
    sorted_weight = weight[:, order]
    hits = np.cumsum(sorted_weight * (y[order] == 1), axis=1)[:, ends]
    all_ = np.cumsum(sorted_weight, axis=1)[:, ends]
    precision = np.divide(hits, all_, out=np.zeros_like(hits), where=all_ > 0)
    gained = np.diff(hits, axis=1, prepend=0.0)
    total = hits[:, -1]
    found: FloatVector = np.full(len(weight), np.nan)
    np.divide((precision * gained).sum(axis=1), total, out=found, where=total > 0)
    return found


def _saved(stakes: Stakes, y: Values, score: FloatVector, weight: FloatMatrix) -> FloatVector:
    return stakes.saved(y, score, weight[:, stakes.mattering(y, score)])
