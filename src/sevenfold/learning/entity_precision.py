"""Precision among the k entities that a day's review can take, the measure closest to a reviewer's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, Mask, Values

__all__ = ["DayRanking", "entity_precision_at_k", "rank_days"]


@dataclass(frozen=True, eq=False)
class DayRanking:
    """The entities of one day, the most suspicious first.

    Parameters
    ----------
    entity
        int64, shape (entities that day,): the entity's code.
    positive
        bool, the same shape: whether it had a positive that day.
    """

    entity: npt.NDArray[np.int64]
    positive: Mask


def rank_days(
    y: Values, score: FloatVector, entity: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> list[DayRanking]:
    """Rank each day's entities by their highest score of that day.

    Parameters
    ----------
    y, score, entity, day
        One element a row: label, score, code of the entity (from 0 on), number of the day.

    Returns
    -------
    list of DayRanking
        In the order of the days. Equal scores keep the order of the codes, so that labels have no say.
    """
    order = np.lexsort((entity, day))
    y, score, entity, day = y[order], score[order], entity[order], day[order]
    if not len(y):
        return []
    starts = np.flatnonzero(np.r_[True, (np.diff(day) != 0) | (np.diff(entity) != 0)])
    best, positive = np.maximum.reduceat(score, starts), np.maximum.reduceat(y, starts) > 0
    entity, day = entity[starts], day[starts]
    ranked = np.lexsort((entity, -best, day))
    cuts = np.flatnonzero(np.diff(day[ranked])) + 1
    return [DayRanking(entity[rows], positive[rows]) for rows in np.split(ranked, cuts)]


def entity_precision_at_k(days: list[DayRanking], k: int, weight: FloatMatrix | None = None) -> FloatVector:
    """Mean over the days of the share of positives among the k entities ranked first.

    An entity found with a positive is dealt with and left out of the later days. A day with fewer than k
    entities is measured on those it has. With cards as entities this is the Fraud Detection Handbook's Card
    Precision@k (chapter 4.4).

    Parameters
    ----------
    days
        As `rank_days` gives them.
    k
        How many entities can be looked at in a day.
    weight
        float64, shape (replicates, entities): how many times each entity counts; ``None`` for once.

    Returns
    -------
    FloatVector
        Shape (replicates,); NaN where no day has an entity.
    """
    entities = max((int(d.entity.max()) for d in days), default=-1) + 1
    left = np.ones((1, entities)) if weight is None else weight.copy()
    found = np.full((len(days), len(left)), np.nan)
    # Beyond this rank nobody gets a place, however many were caught before and however often others count.
    reach = 2 * k * (len(days) + 1) + 200
    for i, day in enumerate(days):
        entity, positive = day.entity[:reach], day.positive[:reach]
        copies = left[:, entity]
        upto = np.cumsum(copies, axis=1)
        taken = np.clip(k - (upto - copies), 0.0, copies)
        places = np.minimum(k, upto[:, -1])
        np.divide((taken * positive).sum(axis=1), places, out=found[i], where=places > 0)
        left[:, entity] = np.where(positive & (taken > 0), 0.0, copies)
    measured = np.isfinite(found)
    mean = np.full(found.shape[1], np.nan)
    total = np.where(measured, found, 0.0).sum(axis=0)
    np.divide(total, measured.sum(axis=0), out=mean, where=measured.any(axis=0))
    return mean
