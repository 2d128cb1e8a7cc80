"""The published table of the Handbook's data, with our rows beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.table import normalise
from sevenfold.learning.arrays import DAY_MS
from sevenfold.learning.declaration import Learning, silent
from sevenfold.learning.examples import Examples
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.repeat import Repeated, repeat
from sevenfold.systems.handbook import adapter
from sevenfold.systems.handbook.candidates import ALL_HISTORY, CHOICE, OWN, TRIED, WEEK
from sevenfold.systems.handbook.design import design as book
from sevenfold.systems.handbook.own import design as own

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.candidate import Candidate
    from sevenfold.learning.declaration import Progress
    from sevenfold.learning.splits import Prequential

__all__ = ["COLUMNS", "PUBLISHED", "Block", "Comparison", "best_published", "compare"]

COLUMNS = ("roc_auc", "average_precision", "entity_precision_at_100")

PUBLISHED: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("logistic regression", (0.868, 0.623, 0.297)),
    ("random forest", (0.870, 0.678, 0.299)),
    ("XGBoost, chosen on validation", (0.869, 0.687, 0.303)),
    ("XGBoost, best on test", (0.872, 0.694, 0.304)),
    ("balanced bagging", (0.879, 0.680, 0.305)),
    ("feed-forward net", (0.876, 0.675, 0.303)),
    ("LSTM", (0.876, 0.665, 0.297)),
    ("LSTM with attention", (0.874, 0.667, 0.295)),
)
"""Means over the four folds, as the book and its notebooks give them, in the order of `COLUMNS`."""

_NEGATIVES = 0.1
"""Of all history, every tenth negative: there are a million."""

_RUN_MS = 28 * DAY_MS
"""How long a terminal stays stolen in the simulator."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of the table that were learned and tested alike.

    Parameters
    ----------
    title
        What they have in common.
    rows
        One a candidate.
    """

    title: str
    rows: tuple[Repeated, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The whole table.

    Parameters
    ----------
    blocks
        Ours, in the order in which they are told; the last one is trained with the simulator's truth.
    perfect
        What a judge who knows every label would reach, in the order of `COLUMNS`.
    folds, seeds
        On how many the figures rest.
    """

    blocks: tuple[Block, ...]
    perfect: tuple[float, float, float]
    folds: int
    seeds: int

    def to_json(self) -> dict[str, Any]:
        """Give the table as plain data."""
        return {
            "published": [{"name": name, **dict(zip(COLUMNS, row, strict=True))} for name, row in PUBLISHED],
            "blocks": [
                {"title": block.title, "rows": {row.name: row.to_json() for row in block.rows}}
                for block in self.blocks
            ],
            "perfect": dict(zip(COLUMNS, self.perfect, strict=True)),
            "folds": self.folds,
            "seeds": self.seeds,
        }


def best_published() -> tuple[float, ...]:
    """Give the best published figure of each column.

    >>> best_published()
    (0.879, 0.694, 0.305)
    """
    return tuple(max(row[i] for _, row in PUBLISHED) for i in range(len(COLUMNS)))


def compare(
    path: Path | str | None = None,
    *,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    choose: bool = False,
    folds: int = 4,
    threads: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """Train and test on the Handbook's table, by its protocol.

    Parameters
    ----------
    path
        The table; without it, the environment variable ``SEVENFOLD_HANDBOOK`` names it.
    seeds
        Of everything random; each row is trained with all of them.
    choose
        Try the settings on the periods before the first test instead.
    folds
        How many of the folds, from the first on.
    threads
        For training; 0 takes every core.
    progress
        Told about each fit.

    Raises
    ------
    UsageError, DataError
        There is no such table, or it is another one.
    """
    history = _History.read(path, progress)
    blocks = []
    for title, features, laid, candidates, negatives in history.plan(choose=choose):
        learning = Learning(
            candidates=candidates,
            folds=replace(laid, folds=laid.folds if choose else folds),
            entity="customer",
            review_per_day=100,
            negatives=negatives,
            threads=threads,
        )
        examples = history.examples(features, learning)
        blocks.append(Block(title, repeat(examples, learning, seeds, _named(progress, title))))
    measured = learning.folds.folds
    return Comparison(tuple(blocks), _perfect(blocks[0].rows[0], history.customers), measured, len(seeds))


_Part = tuple[str, pl.DataFrame, "Prequential", "tuple[Candidate, ...]", float]


@dataclass(frozen=True, eq=False)
class _History:
    """The table with both sets of features, and its truth."""

    times: np.ndarray[Any, np.dtype[np.int64]]
    customers: pl.Series
    truth: pl.DataFrame
    terminals: pl.Series
    of_book: pl.DataFrame
    of_own: pl.DataFrame

    @classmethod
    def read(cls, path: Path | str | None, progress: Progress) -> _History:
        progress(0, 1, "reading the table")
        frames, real = adapter.read(path), adapter.truth(path)
        decided = frames["Transaction"]
        return cls(
            times=decided["occurred_at"].dt.epoch("ms").to_numpy(),
            customers=decided["customer"],
            truth=real,
            terminals=decided["terminal"],
            of_book=_features(book, frames),
            of_own=_features(own, frames),
        )

    def plan(self, *, choose: bool) -> list[_Part]:
        """What is learned from which features, on which folds, by whom."""
        if choose:
            return [("settings tried before the first test", self.of_own, CHOICE, TRIED, 1.0)]
        told = self.of_own.with_columns(**self._truth())
        boosted = next(candidate for candidate in OWN if candidate.name == "XGBoost")
        quick = tuple(candidate for candidate in OWN if not isinstance(candidate, RandomForest))
        return [
            ("the book's features, 7 days", self.of_book, WEEK, book.learning.candidates, 1.0),
            ("our features, 7 days", self.of_own, WEEK, OWN, 1.0),
            ("our features, all history", self.of_own, ALL_HISTORY, quick, _NEGATIVES),
            (
                "the simulator's truth, as far as reports could tell",
                told.drop("terminal_stolen", "card_stolen"),
                WEEK,
                (boosted,),
                1.0,
            ),
            ("the simulator's truth", told.drop("terminal_known_stolen"), WEEK, (boosted,), 1.0),
        ]

    def examples(self, features: pl.DataFrame, learning: Learning) -> Examples:
        """Leave out what comes after the last test, and before the first training where that is limited."""
        last = learning.folds.over(0, np.iinfo(np.int64).max // 2)[-1].test_end
        rows = self.times < last
        labels = Labels.of(self.times[rows], self.truth["is_fraud"].filter(rows).cast(pl.Int8), "7d")
        entities = pl.DataFrame({"customer": self.customers.filter(rows)})
        return Examples.of(features.filter(rows), self.times[rows], labels, learning, entities)

    def _truth(self) -> dict[str, pl.Series]:
        """What the simulator knows: which terminals and cards are in thieves' hands at each transaction.

        A terminal's transactions are all fraud while it is stolen, so its own transactions tell; a card is
        taken as stolen from the first to the last of its frauds that lie within two weeks.
        """
        scenario = self.truth["scenario"].to_numpy()
        at_terminal = scenario == 2
        reported = _follows(self.terminals, self.times, at_terminal, 7 * DAY_MS, _RUN_MS)
        before = _follows(self.customers, self.times, scenario == 3, 0, 14 * DAY_MS)
        after = _follows(self.customers, -self.times, scenario == 3, 0, 14 * DAY_MS)
        return {
            "terminal_stolen": pl.Series(at_terminal),
            "terminal_known_stolen": pl.Series(at_terminal & reported),
            "card_stolen": pl.Series(before & after),
        }


def _follows(
    entity: pl.Series,
    times: np.ndarray[Any, np.dtype[np.int64]],
    marked: np.ndarray[Any, np.dtype[np.bool_]],
    least: int,
    most: int,
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Find the rows that a marked row of their entity precedes by `least` to `most` milliseconds."""
    rows = pl.DataFrame({"entity": entity, "at": times - least, "row": np.arange(len(times))})
    marks = pl.DataFrame({"entity": entity, "at": times, "marked_at": times}).filter(pl.Series(marked))
    found = rows.sort("at").join_asof(marks.sort("at"), on="at", by="entity", check_sortedness=False)
    near = found["at"] - found["marked_at"] <= most - least
    order = found["row"].to_numpy()
    result = np.zeros(len(times), dtype=np.bool_)
    result[order] = near.fill_null(value=False).to_numpy()
    return result


def _features(design: Design, frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    tables = {name: normalise(design.events[name], frame) for name, frame in frames.items()}
    return design.backfill(tables, physical=True).drop("transaction_id")


def _perfect(row: Repeated, customers: pl.Series) -> tuple[float, float, float]:
    """Measure a judge who knows every label: what the review of a hundred cards a day can reach at most."""
    from sevenfold.learning.entity_precision import entity_precision_at_k, rank_days

    found = []
    for fold in row.results[0].folds:
        cards = customers.gather(fold.rows).cast(pl.Int64).to_numpy()
        ranked = rank_days(fold.y, fold.y.astype(np.float64), cards, fold.day)
        found.append(float(entity_precision_at_k(ranked, 100)[0]))
    return 1.0, 1.0, float(np.mean(found))


def _named(progress: Progress, title: str) -> Progress:
    def told(done: float, total: float, what: str) -> None:
        progress(done, total, f"{title}: {what}")

    return told
