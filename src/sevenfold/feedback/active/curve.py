"""Label-efficiency curves: how good a model gets with how many labels, by which were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.feedback.active.committee import Committee
from sevenfold.feedback.active.draw import draw
from sevenfold.feedback.active.informative import density, disagreement, uncertainty
from sevenfold.learning.ranking import Groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.feedback.active.declaration import StrategyName
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector, Values

__all__ = ["Budget", "Curve", "Pool", "label_curve", "labels_needed"]


@dataclass(frozen=True, eq=False)
class Pool:
    """Events whose labels may be asked for, and later ones to test on.

    Parameters
    ----------
    name
        Of the data.
    X, y
        float64 (rows, features) and 0 or 1; what a reviewer would find.
    X_test, y_test
        Of a later period.
    """

    name: str
    X: FloatMatrix
    y: Values
    X_test: FloatMatrix
    y_test: Values


@dataclass(frozen=True)
class Budget:
    """How many labels are asked for: a first few at random, then batch by batch up to the most."""

    first: int = 500
    batch: int = 250
    most: int = 6_000
    random_share: float = 0.2


@dataclass(frozen=True, eq=False)
class Curve:
    """One run.

    Parameters
    ----------
    strategy, seed
        Of which.
    labels
        How many labels, round by round.
    positives
        How many of them were positive.
    average_precision
        Of the test period, round by round.
    """

    strategy: StrategyName
    seed: int
    labels: IntVector
    positives: IntVector
    average_precision: FloatVector


def label_curve(
    pool: Pool,
    strategy: StrategyName,
    seed: int,
    budget: Budget,
    *,
    threads: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Curve:
    """Ask for labels round by round, and measure after each.

    Every strategy begins with the same random labels, and every model is the mean of the same five, trained
    on all labels so far: unweighted, since weights of one over the chance make a small training set unsteady.

    Parameters
    ----------
    pool
        The data.
    strategy, seed, budget
        What is asked, how often.
    threads
        Of the training; 0 takes every core.
    tell
        Told about each round.
    """
    rng = np.random.default_rng(seed)
    asked = np.zeros(len(pool.y), dtype=np.bool_)
    asked[rng.choice(len(pool.y), budget.first, replace=False)] = True
    while not 0 < pool.y[asked].sum() < asked.sum():  # a model needs both classes
        asked[rng.choice(np.flatnonzero(~asked), budget.batch, replace=False)] = True
    labels, positives, quality = [], [], []
    while True:
        model = Committee.fit(pool.X[asked], pool.y[asked], trees=_TREES, seed=seed, threads=threads)
        score = model.scores(pool.X_test).mean(axis=0)
        labels.append(int(asked.sum()))
        positives.append(int(pool.y[asked].sum()))
        quality.append(float(Groups.of(pool.y_test, score).average_precision()[0]))
        tell(f"{pool.name}, {strategy}, seed {seed}: {labels[-1]:,} labels, {quality[-1]:.3f}")
        if labels[-1] >= budget.most:
            break
        rest = np.flatnonzero(~asked)
        values = _values(pool, strategy, rest, model)
        share = 1.0 if strategy == "random" else budget.random_share
        drawn = draw(values, min(budget.batch, budget.most - labels[-1]), share, rng, sharpness=_TOP)
        asked[rest[drawn.rows]] = True
    return Curve(strategy, seed, np.array(labels), np.array(positives), np.array(quality))


def labels_needed(curve: Curve, quality: float) -> int | None:
    """The first number of labels with which a quality is reached, and held from then on; nothing if never."""
    below = np.flatnonzero(curve.average_precision < quality)
    place = 0 if not len(below) else int(below[-1]) + 1
    return None if place == len(curve.labels) else int(curve.labels[place])


_TREES = 40
"""Of each of the five models whose mean is measured."""

_TOP = 32.0
"""The power of values in a round: nearly the largest alone, since the random share keeps the rest open."""


def _values(pool: Pool, strategy: StrategyName, rest: IntVector, model: Committee) -> FloatVector:
    """What each label would teach, by the strategy."""
    if strategy == "random":
        return np.ones(len(rest))
    X = pool.X[rest]
    scores = model.scores(X)
    if strategy == "committee":
        return disagreement(scores)
    values = uncertainty(scores.mean(axis=0))
    return density(values, X) if strategy == "density" else values
