"""Candidates and groups of features on a simulated world, measured against its truth, pattern by pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold.design.feature_groups import backfill_ns, feature_groups
from sevenfold.design.stakes import stakes_of
from sevenfold.errors import DataError, Fault
from sevenfold.learning.declaration import Learning, silent
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.splits import Prequential
from sevenfold.learning.xgboost import XGBoost
from sevenfold.systems.fraud.corrections import Correction, correct
from sevenfold.systems.fraud.outcome import RATES, Outcome, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.arrays import IntVector
    from sevenfold.learning.candidate import Candidate
    from sevenfold.learning.declaration import Progress
    from sevenfold.learning.knowledge import Labels
    from sevenfold.learning.stakes import Stakes

__all__ = ["CANDIDATES", "QUICK", "RATES", "Comparison", "Group", "World", "compare", "read_truth"]

QUICK = LightGBM(trees=200, leaves=16, rate=0.05, rows=0.8, columns=0.5, early_stopping=None, name="LightGBM")
"""What the groups of features and the corrections are measured with: the quickest to train."""

CANDIDATES: tuple[Candidate, ...] = (
    LogisticRegression(),
    RandomForest(trees=100, depth=16, min_leaf=3),
    XGBoost(trees=200, depth=4, rows=0.8, columns=0.5, min_child_weight=3.0, early_stopping=None),
    QUICK,
)
"""What competes: settings for rare positives, none of them chosen on a world's truth."""


@dataclass(frozen=True, eq=False)
class World:
    """A world's events, features and truth, ready to be learned from.

    Parameters
    ----------
    tables
        Physical tables by event.
    features
        One column a feature, row by row of the payments.
    labels
        What chargebacks told, and when.
    truth
        Row by row of the payments: ``is_fraud``, ``pattern``, and ``attack`` where the world tells it.
    stakes
        What mistakes cost.
    """

    design: Design
    tables: Mapping[str, pl.DataFrame]
    features: pl.DataFrame
    labels: Labels
    truth: pl.DataFrame
    stakes: Stakes

    @property
    def payments(self) -> pl.DataFrame:
        """The decided events."""
        return self.tables[self.design.decides]

    @classmethod
    def of(cls, design: Design, tables: Mapping[str, pl.DataFrame], truth: pl.DataFrame) -> World:
        """Compute features and labels of a world, and put its truth beside its payments.

        Raises
        ------
        DataError
            The truth does not know a payment.
        """
        payments, label = tables[design.decides], design.label
        assert label is not None  # noqa: S101  (the shipped design has one)
        features = design.backfill(tables, physical=True).drop(label.on.__key__)
        labels, _ = label.history(payments, tables[label.event.__name__])
        known = payments.select(label.on.__key__).join(
            truth, on=label.on.__key__, how="left", maintain_order="left"
        )
        unknown = known.filter(pl.col("is_fraud").is_null())
        if unknown.height:
            fault = Fault(unknown.item(0, 0), "a row of truth.parquet", "none", "Are both of one world?")
            raise DataError(f"The truth does not know {unknown.height:,} of the payments.", [fault])
        stakes = stakes_of(design, payments, features)
        assert stakes is not None  # noqa: S101  (the shipped design states its problem)
        return cls(design, tables, features, labels, known, stakes)


@dataclass(frozen=True, eq=False)
class Group:
    """What one group of features is worth, and costs.

    Parameters
    ----------
    name, features
        The group.
    alone, without
        The outcome with these features alone, and with all others.
    ns
        Nanoseconds of processor time an event of a backfill, of these features alone.
    """

    name: str
    features: tuple[str, ...]
    alone: Outcome
    without: Outcome
    ns: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found out about a world.

    Parameters
    ----------
    candidates
        The outcome of each, with all features.
    groups
        What each group of features is worth.
    corrections
        What is made of late, missing and wrong labels, and of payments that were blocked.
    all_ns
        What all features together cost.
    tested
        The rows of the test, and the frauds among them.
    """

    candidates: tuple[Outcome, ...]
    groups: tuple[Group, ...]
    corrections: tuple[Correction, ...]
    all_ns: float
    tested: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Give everything as plain data."""
        return {
            "candidates": [found.to_json() for found in self.candidates],
            "groups": [
                {
                    "name": group.name,
                    "features": list(group.features),
                    "alone": group.alone.to_json(),
                    "without": group.without.to_json(),
                    "ns": group.ns,
                }
                for group in self.groups
            ],
            "corrections": [
                {"about": one.about, "bias": one.bias, **one.outcome.to_json()} for one in self.corrections
            ],
            "all_ns": self.all_ns,
            "tested": list(self.tested),
        }


def read_truth(path: Path) -> pl.DataFrame:
    """Read what really happened, whatever else a world writes down about it.

    Raises
    ------
    DataError
        The columns that are needed are not there.
    """
    found = pl.read_parquet(path)
    needed = ("payment_id", "is_fraud", "pattern")
    faults = [
        Fault(f"{path.name}: {name}", "a column", "none", f"There are: {', '.join(found.columns)}")
        for name in needed
        if name not in found.columns
    ]
    if faults:
        raise DataError("The truth can't be read.", faults)
    return found.select(*needed, *(name for name in ("attack",) if name in found.columns))


def compare(
    world: World,
    *,
    candidates: Sequence[Candidate] = CANDIDATES,
    test: str = "28d",
    seed: int = 7,
    threads: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """Train on the labels that chargebacks tell, and test against the truth.

    Parameters
    ----------
    world
        See `World.of`.
    candidates
        What competes.
    test
        Length of the test period, which ends with the newest final labels.
    seed, threads
        Of the training.
    progress
        Told about each fit.

    Raises
    ------
    DataError
        The world is too short, or has too little fraud.
    """
    learning = replace(
        world.design.learning,
        candidates=tuple(candidates),
        folds=Prequential(test=test),
        replicates=2,
        seed=seed,
        threads=threads,
    )
    groups = feature_groups(world.design)
    steps = len(candidates) + 2 * len(groups) + 1
    judge = _Judge(world, learning)
    progress(0, steps, "candidates")
    first = judge.outcomes(world.features)
    found = []
    quick = replace(judge, learning=replace(learning, candidates=(QUICK,)))
    for number, (name, columns) in enumerate(groups.items()):
        progress(len(candidates) + 2 * number, steps, f"features about {name}")
        (alone,) = quick.outcomes(world.features.select(columns))
        (without,) = quick.outcomes(world.features.drop(columns)) if len(groups) > 1 else (alone,)
        ns = backfill_ns(world.design, world.tables, columns)
        found.append(Group(name, tuple(columns), alone, without, ns))
    progress(steps - 1, steps, "corrections for late and missing labels")
    corrections = correct(world, quick.learning)
    progress(steps, steps, "compared")
    rows = judge.tested
    assert rows is not None  # noqa: S101  (the candidates were tested)
    return Comparison(
        candidates=first,
        groups=tuple(found),
        corrections=corrections,
        all_ns=backfill_ns(world.design, world.tables, world.features.columns),
        tested=(len(rows), int(world.truth["is_fraud"].gather(rows).sum())),
    )


@dataclass
class _Judge:
    """Trains candidates and holds their scores to the truth."""

    world: World
    learning: Learning
    tested: IntVector | None = None

    def outcomes(self, features: pl.DataFrame) -> tuple[Outcome, ...]:
        world, found = self.world, []
        times = world.payments[world.design.label.on.__time__].dt.epoch("ms")  # type: ignore[union-attr]
        evaluation = evaluate_folds(
            features,
            times,
            world.labels,
            self.learning,
            entities=world.payments.select(self.learning.entities),
            stakes=world.stakes,
        )
        for result in evaluation.results:
            (fold,) = result.folds
            self.tested = fold.rows
            found.append(outcome(result.candidate.name, world, fold.rows, fold.score, result.costs.row_us))
        return tuple(found)
