"""How good scores are, each figure with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sevenfold.errors import DataError, UsageError
from sevenfold.learning.entity_precision import entity_precision_at_k, rank_days
from sevenfold.learning.ranking import Groups, ranking_measures
from sevenfold.learning.stakes import MONEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevenfold.learning.arrays import FloatMatrix, FloatVector, Values
    from sevenfold.learning.stakes import Stakes

__all__ = ["Estimate", "Measured", "mean_of", "measure", "title"]

_PORTION = 8_000_000
"""Bootstrap weights held at once."""

_CALIBRATION_BINS = 15

_CERTAIN = np.finfo(np.float64).eps
"""What a score of exactly 0 or 1 counts as, so that being certain and wrong costs much and not infinity."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval; all three are NaN where it can't be measured.

    Parameters
    ----------
    value
        What the rows gave.
    low, high
        Percentile bootstrap interval, 95 % unless asked otherwise.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "not measurable"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def to_json(self) -> dict[str, float | None]:
        """Give the figures as plain data; what can't be measured is null."""
        figures = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if np.isnan(figure) else float(figure) for name, figure in figures.items()}


@dataclass(frozen=True, eq=False)
class Measured:
    """A figure with its bootstrap replicates.

    Parameters
    ----------
    value
        What the rows gave; NaN where they can't tell, as ROC AUC of one class.
    replicates
        float64, shape (replicates,).
    """

    value: float
    replicates: FloatVector

    def estimate(self, level: float = 0.95) -> Estimate:
        """Summarise the replicates as a percentile interval."""
        known = self.replicates[np.isfinite(self.replicates)]
        if np.isnan(self.value) or not len(known):
            return Estimate(self.value, np.nan, np.nan)
        low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
        return Estimate(self.value, float(low), float(high))


def measure(
    y: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    false_positive_rates: Sequence[float] = (0.001, 0.01),
    entity: Sequence[Any] | npt.NDArray[Any] | pl.Series | None = None,
    day: npt.NDArray[np.int64] | None = None,
    k: int | None = None,
    stakes: Stakes | None = None,
    weight: FloatVector | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> dict[str, Measured]:
    """Measure scores against labels.

    Parameters
    ----------
    y, score
        Labels of 0 and 1 and predicted probabilities, shape (rows,).
    false_positive_rates
        At which recall is measured.
    entity, day, k
        For the precision among the k entities ranked first each day: whom each row is about, and the number
        of its day. The interval resamples entities; the other intervals resample rows.
    stakes
        What each row costs when it is judged wrongly, for the share of all losses that is saved.
    weight
        float64, shape (rows,), above 0: how many rows each stands for, such as one over the chance with which
        it was let through (Horvitz and Thompson, 1952); ``None``: itself. The precision among the k entities
        counts what was there to be ranked, unweighted.
    replicates
        How many bootstrap replicates; each row counts Poisson(1) times in each of them.
    seed
        Of the bootstrap.

    Returns
    -------
    dict of Measured
        ``roc_auc``, ``average_precision``, ``recall_at_fpr_…``, ``log_loss``, ``brier``,
        ``calibration_error``, and ``money_saved`` and ``entity_precision_at_…`` where asked for.

    Raises
    ------
    UsageError
        The shapes differ, or `k` comes without entities and days.
    DataError
        Labels are neither 0 nor 1, or scores lie outside 0 to 1.
    """
    labels, scores = _checked(y, score)
    rng = np.random.default_rng(seed)
    if weight is not None and (weight.shape != labels.shape or not (weight > 0).all()):
        raise UsageError(f"Weights {weight.shape} are above 0, one for each of {len(labels)} labels.")
    found = _ranking(labels, scores, weight, false_positive_rates, replicates, rng)
    found |= _losses(labels, scores, weight, replicates, rng)
    found["calibration_error"] = _calibration_error(labels, scores, weight, replicates, rng)
    if stakes is not None:
        found[MONEY] = _money(labels, scores, stakes, weight, replicates, rng)
    if k is not None:
        if entity is None or day is None:
            raise UsageError("Entity precision needs the entity and the day of each row.")
        found[f"entity_precision_at_{k}"] = _entity_precision(labels, scores, entity, day, k, replicates, rng)
    return found


def mean_of(measured: Iterable[Measured]) -> Measured:
    """Average a figure over folds, those apart where it can't be measured; replicates average likewise."""
    known = [m for m in measured if not np.isnan(m.value)]
    if not known:
        return Measured(np.nan, np.empty(0))
    return Measured(float(np.mean([m.value for m in known])), np.mean([m.replicates for m in known], axis=0))


def title(name: str, entity: str = "entity") -> str:
    """Name a metric as a person would.

    Examples
    --------
    >>> title("recall_at_fpr_0.001"), title("entity_precision_at_100", "card")
    ('recall at 0.1 % false positives', 'card precision@100')
    """
    if name.startswith("recall_at_fpr_"):
        return f"recall at {float(name.removeprefix('recall_at_fpr_')) * 100:g} % false positives"
    if name.startswith("entity_precision_at_"):
        return f"{entity} precision@{name.removeprefix('entity_precision_at_')}"
    known = {"roc_auc": "ROC AUC", "brier": "Brier score", MONEY: "share of losses saved"}
    return known.get(name, name.replace("_", " "))


def _checked(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Values, FloatVector]:
    labels, scores = np.asarray(y), np.asarray(score, dtype=np.float64)
    if labels.shape != scores.shape or labels.ndim != 1:
        raise UsageError(f"Labels {labels.shape} and scores {scores.shape} must be vectors of one length.")
    if not np.isin(labels, (0, 1)).all():
        raise DataError("Labels to measure against are 0 or 1; leave out rows whose label is not known.")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise DataError("Scores are probabilities, from 0 to 1, and never missing.")
    return labels.astype(np.int8), scores


def _ranking(
    y: Values,
    score: FloatVector,
    weight: FloatVector | None,
    rates: Sequence[float],
    replicates: int,
    rng: np.random.Generator,
) -> dict[str, Measured]:
    groups = Groups.of(y, score, weight)
    measures = ranking_measures(rates)
    if not groups.positives.shape[1]:
        return {name: Measured(np.nan, np.full(replicates, np.nan)) for name in measures}
    drawn: dict[str, list[FloatVector]] = {name: [] for name in measures}
    for portion in groups.replicates(replicates, rng):
        for name, of in measures.items():
            drawn[name].append(of(portion))
    return {
        name: Measured(float(of(groups)[0]), np.concatenate([*drawn[name], np.empty(0)]))
        for name, of in measures.items()
    }


def _losses(
    y: Values, score: FloatVector, weight: FloatVector | None, replicates: int, rng: np.random.Generator
) -> dict[str, Measured]:
    chance = np.clip(np.where(y == 1, score, 1.0 - score), _CERTAIN, None)
    losses = np.stack([-np.log(chance), np.square(score - y)], axis=1)
    if not len(y):
        means, drawn = np.full(2, np.nan), np.full((replicates, 2), np.nan)
    else:
        means = np.average(losses, axis=0, weights=weight)
        drawn = _resampled_means(losses, weight, replicates, rng)
    return {name: Measured(float(means[i]), drawn[:, i]) for i, name in enumerate(("log_loss", "brier"))}


def _resampled_means(
    values: FloatMatrix, weight: FloatVector | None, replicates: int, rng: np.random.Generator
) -> FloatMatrix:
    """Means of columns, shape (replicates, columns), with each row counting Poisson(1) times."""
    counts = _poisson_table()
    sums = np.zeros((replicates, values.shape[1] + 1))
    step = max(1, _PORTION // replicates)
    for start in range(0, len(values), step):
        part = np.c_[values[start : start + step], np.ones(len(values[start : start + step]))]
        if weight is not None:
            part *= weight[start : start + step, None]
        drawn = counts[rng.integers(0, len(counts), (replicates, len(part)), dtype=np.uint16)]
        sums += drawn @ part.astype(np.float32)
    means = np.full((replicates, values.shape[1]), np.nan)
    np.divide(sums[:, :-1], sums[:, -1:], out=means, where=sums[:, -1:] > 0)
    return means


def _poisson_table() -> npt.NDArray[np.float32]:
    """Poisson(1) as 65,536 equally likely counts: a lookup is ten times faster than a draw."""
    chances = np.exp(-1.0) / np.cumprod(np.r_[1.0, np.arange(1, 9)])
    return np.searchsorted(np.cumsum(chances)[:-1], (np.arange(65_536) + 0.5) / 65_536).astype(np.float32)


def _calibration_error(
    y: Values, score: FloatVector, weight: FloatVector | None, replicates: int, rng: np.random.Generator
) -> Measured:
    """Mean distance between predicted and observed share, over bins of equally many rows."""
    if not len(y):
        return Measured(np.nan, np.full(replicates, np.nan))
    bins = [b for b in np.array_split(np.argsort(score, kind="stable"), _CALIBRATION_BINS) if len(b)]
    size = np.ones(len(y)) if weight is None else weight
    rows = np.array([size[b].sum() for b in bins], dtype=np.float64)
    positives = np.array([(size[b] * y[b]).sum() for b in bins], dtype=np.float64)
    predicted = np.array([np.average(score[b], weights=size[b]) for b in bins])

    def error(hits: FloatMatrix, others: FloatMatrix) -> FloatVector:
        n = hits + others
        off = np.abs(hits - n * predicted).sum(axis=1)
        mean: FloatVector = off / np.maximum(n.sum(axis=1), 1.0)
        return mean

    shape = (replicates, len(bins))
    plain = [b[size[b] == 1.0] for b in bins]
    ones = np.array([y[b].sum() for b in plain], dtype=np.float64)
    hits = rng.poisson(ones, shape).astype(np.float64)
    others = rng.poisson(np.array([len(b) for b in plain]) - ones, shape).astype(np.float64)
    if weight is not None:
        for place, b in enumerate(bins):
            heavy = b[size[b] != 1.0]
            drawn = rng.poisson(1.0, (replicates, len(heavy))) * size[heavy]
            hits[:, place] += drawn @ y[heavy].astype(np.float64)
            others[:, place] += drawn @ (1.0 - y[heavy])
    value = error(positives[None, :], (rows - positives)[None, :])
    return Measured(float(value[0]), error(hits, others))


def _money(
    y: Values,
    score: FloatVector,
    stakes: Stakes,
    weight: FloatVector | None,
    replicates: int,
    rng: np.random.Generator,
) -> Measured:
    if len(stakes) != len(y):
        raise UsageError(f"There are {len(y)} labels and {len(stakes)} stakes; each row needs both.")
    mattering = stakes.mattering(y, score)
    rows = int(mattering.sum())
    size = np.ones(rows) if weight is None else weight[mattering]
    step = max(1, _PORTION // max(1, rows))
    drawn = [
        stakes.saved(y, score, rng.poisson(1.0, (min(step, replicates - i), rows)) * size)
        for i in range(0, replicates, step)
    ]
    value = stakes.saved(y, score, size[None, :])
    return Measured(float(value[0]), np.concatenate([*drawn, np.empty(0)]))


def _entity_precision(
    y: Values,
    score: FloatVector,
    entity: Sequence[Any] | npt.NDArray[Any] | pl.Series,
    day: npt.NDArray[np.int64],
    k: int,
    replicates: int,
    rng: np.random.Generator,
) -> Measured:
    ranks = pl.Series("entity", entity).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    named = ranks > 0  # a row without an entity can't be brought to anyone's attention
    codes = ranks[named] - 1
    days = rank_days(y[named], score[named], codes, day[named])
    value = float(entity_precision_at_k(days, k)[0])
    entities = int(codes.max(initial=-1)) + 1
    step = max(1, _PORTION // max(1, entities))
    drawn = [
        entity_precision_at_k(
            days, k, rng.poisson(1.0, (min(step, replicates - i), entities)).astype(np.float64)
        )
        for i in range(0, replicates, step)
    ]
    return Measured(value, np.concatenate([*drawn, np.empty(0)]))
