"""Which decisions that nobody asked about are sent to review, so that the model learns from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.home import Home
from sevenfold.design.workspace import Workspace
from sevenfold.errors import Fault, UsageError
from sevenfold.feedback.active.committee import Committee
from sevenfold.feedback.active.draw import draw
from sevenfold.feedback.active.informative import density, disagreement, uncertainty
from sevenfold.feedback.review.change import SELECTION, Selection
from sevenfold.feedback.review.parts import now_ms
from sevenfold.learning.encoding import Encoding
from sevenfold.monitoring.page import Reading, pages
from sevenfold.serving.names import DECISION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.monitoring.page import Page

__all__ = ["select_decisions"]

_DAY_MS = 86_400_000
_MOST = 50_000
"""Decisions from which it is drawn, about; of more, some are left out by lot."""

_FEATURE = "features."

_LEARNED = 200_000
"""Labelled events that a committee learns from, at most."""


def select_decisions(
    design: Design, root: Path, *, clock_ms: Callable[[], int] = now_ms, seed: int | None = None
) -> list[Selection]:
    """Draw as many of the last day's approvals as are declared, and note each with its chance in the log.

    What was drawn within the last day counts, so that calling it more often draws no more.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    clock_ms
        What tells the time.
    seed
        For a draw that can be repeated; by default nobody can foresee it.

    Raises
    ------
    UsageError
        The design sends nothing to review to learn from.
    DataError
        A committee has nothing to learn from.
    """
    active, now = design.feedback.active, clock_ms()
    if not active.per_day:
        hint = "Declare it: feedback=sf.Feedback(active=sf.Active(per_day=20))."
        fault = Fault("feedback.active.per_day", "one or more", "0", hint)
        raise UsageError(f"The design {design.name} draws nothing to learn from.", [fault])
    rng = np.random.default_rng(seed)
    with SqliteEventLog(Home(root, design.name).log, design.serving.durability, clock_ms=clock_ms) as log:
        day = _Day(design.feedback.active.strategy != "uncertainty", rng)
        reading = Reading(design.events[design.decides])
        for page in pages(log, reading, _since(log, now - _DAY_MS)):
            day.add(page, now - _DAY_MS)
        count = active.per_day - len(day.drawn)
        keys, scores = day.open()
        if count <= 0 or not keys:
            return []
        values = _values(design, root, scores, day)
        share = 1.0 if active.strategy == "random" else active.random_share
        found = draw(values, count, share, rng)
        selected = [
            Selection(keys[row], now, active.strategy, float(chance * day.rate), day.seen)
            for row, chance in zip(found.rows, found.probability, strict=True)
        ]
        log.append([one.entry() for one in selected], on_conflict="report")
    return selected


@dataclass
class _Day:
    """The approvals of a day, thinned by lot where there are many.

    Attributes
    ----------
    rate
        The share that was kept.
    seen
        How many there were.
    drawn
        Keys of those that were drawn before.
    """

    with_features: bool
    rng: np.random.Generator
    rate: float = 1.0
    seen: int = 0
    drawn: set[str] = field(default_factory=set)
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    def add(self, page: Page, since_ms: int) -> None:
        """Take the approvals of a page."""
        self.drawn |= {
            entry.key for entry in page.entries if entry.event == SELECTION and entry.time_ms >= since_ms
        }
        decisions = page.decisions
        wanted = (decisions.actions == "approve") & (decisions.decided_ms >= since_ms)
        if not wanted.any():
            return
        self.seen += int(wanted.sum())
        columns = {"_key": pl.Series(decisions.keys), "_score": pl.Series(decisions.scores)}
        columns["_lot"] = pl.Series(self.rng.random(len(decisions)))
        frame = pl.DataFrame(columns)
        if self.with_features:
            table = decisions.frame()
            named = {name: name.removeprefix(_FEATURE) for name in table.columns if name.startswith(_FEATURE)}
            frame = frame.hstack(table.select(*named).rename(named))
        frame = frame.filter(pl.Series(wanted) & (frame["_lot"] < self.rate))
        self.rows = pl.concat([self.rows, frame], how="diagonal_relaxed")
        while self.rows.height > 2 * _MOST:
            self.rate /= 2
            self.rows = self.rows.filter(pl.col("_lot") < self.rate)

    def open(self) -> tuple[list[str], FloatVector]:
        """Keys and scores of those that were not drawn before."""
        if self.rows.is_empty():
            return [], np.empty(0)
        self.rows = self.rows.filter(~pl.col("_key").is_in(list(self.drawn)))
        return self.rows["_key"].to_list(), self.rows["_score"].to_numpy()

    @property
    def features(self) -> pl.DataFrame:
        """One column a feature."""
        return self.rows.drop("_key", "_score", "_lot")


def _values(design: Design, root: Path, scores: FloatVector, day: _Day) -> FloatVector:
    """What each label would teach, by the declared strategy."""
    strategy = design.feedback.active.strategy
    if strategy == "random":
        return np.ones(len(scores))
    if strategy == "committee":
        return _disagreement(design, root, day.features)
    values = uncertainty(scores)
    return density(values, _encoded(day.features)) if strategy == "density" else values


def _disagreement(design: Design, root: Path, features: pl.DataFrame) -> FloatVector:
    """How far a committee differs that learned from the labels that are final."""
    workspace = Workspace(design, root)
    table = workspace.training_table(workspace.history())
    known = np.flatnonzero(table.labels.matured(table.labels.newest))[-_LEARNED:]
    frame = table.features[known]
    encoding = Encoding.learn(frame, max_categories=50, min_category_rows=20)
    y = table.labels.at(table.labels.newest)[known]
    committee = Committee.fit(encoding.encode(frame), np.maximum(y, 0))
    return disagreement(committee.scores(encoding.encode(features)))


def _encoded(features: pl.DataFrame) -> FloatMatrix:
    return Encoding.learn(features, max_categories=50, min_category_rows=1).encode(features)


def _since(log: SqliteEventLog, moment_ms: int) -> int:
    """The first offset whose entry arrived at a moment or later; never between an event and its decision."""
    low, high = 0, log.end()
    while low < high:
        middle = (low + high) // 2
        if next(iter(log.read(middle, 1))).arrived_ms < moment_ms:
            low = middle + 1
        else:
            high = middle
    if 0 < low < log.end() and next(iter(log.read(low, 1))).event == DECISION:
        return low - 1
    return low
