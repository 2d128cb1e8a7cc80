"""The review queue of a design: over its log, weighed by what its problem says that mistakes cost."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.body import read_table
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.home import Home
from sevenfold.design.policing import problem_of, sheet_of
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.feedback.review.parts import ReviewParts, Worth, now_ms
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.rules.row import wide_table
from sevenfold.serving.thresholds import review_gains

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.feedback.review.parts import Decided
    from sevenfold.feedback.review.queue import ReviewQueue

__all__ = ["DATABASE", "open_queue", "review_parts"]

DATABASE = "SEVENFOLD_REVIEW_DATABASE"
"""The variable of the environment that names the database of cases; SQLite beside the log without it."""

_EVEN = 0.5
"""The probability of a positive where no model said one: a rule asked, and nothing else is known."""


def open_queue(
    design: Design, root: Path, url: str | None = None, clock_ms: Callable[[], int] | None = None
) -> ReviewQueue:
    """Open the review queue of a design.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    url
        Of the database of cases; by default what the environment's `DATABASE` says, or SQLite.
    clock_ms
        What tells the time.

    Raises
    ------
    StateError
        The database cannot be opened.
    """
    from sevenfold.feedback.review.queue import ReviewQueue  # which loads sqlalchemy

    return ReviewQueue(review_parts(design, root, url, clock_ms))


def review_parts(
    design: Design, root: Path, url: str | None = None, clock_ms: Callable[[], int] | None = None
) -> ReviewParts:
    """Put together what a review queue is made of; arguments as for `open_queue`."""
    home = Home(root, design.name)
    home.folder.mkdir(parents=True, exist_ok=True)
    clock = now_ms if clock_ms is None else clock_ms
    return ReviewParts(
        design=design.name,
        event=design.events[design.decides],
        review=design.feedback.review,
        active=design.feedback.active,
        open_log=partial(SqliteEventLog, home.log, design.serving.durability, clock_ms=clock),
        url=url or os.environ.get(DATABASE) or f"sqlite:///{home.reviews}",
        weigh=_Weighing(design),
        clock_ms=clock,
    )


class _Weighing:
    """What reviews are worth by the costs of a design."""

    def __init__(self, design: Design) -> None:
        self._sheet, self._problem = sheet_of(design), problem_of(design)
        self._event, self._policy = design.events[design.decides], design.serving.policy
        self._asked = design.plan.asking[design.decides]
        self._costs: EventCosts | None = None

    def __call__(self, decided: Sequence[Decided]) -> Worth:
        """What each decision's review is worth."""
        if self._costs is None:  # which compiles the declared expressions
            self._costs = EventCosts(self._sheet, self._problem, self._policy.amount)
        score = np.array([_EVEN if one.record.score is None else one.record.score for one in decided])
        events = read_table(self._event, [one.body for one in decided])
        table = self._costs.table(
            wide_table(self._sheet, self._costs.used, events, self._features(decided), score, None)
        )
        gain = review_gains(
            score, table.missed, table.false_alarm, np.zeros(len(score)), self._policy.review_catches
        )
        return Worth(table.amount, gain)

    def _features(self, decided: Sequence[Decided]) -> pl.DataFrame:
        """Recorded feature values as a table of raw columns, of those that costs read."""
        if self._costs is None:
            return pl.DataFrame()
        first = len(self._event.__fields__)
        used = [
            (place, name) for place, name in enumerate(self._sheet.names) if place + first in self._costs.used
        ]
        if not used:
            return pl.DataFrame()
        words = np.stack([np.frombuffer(one.record.features, "<i8") for one in decided])
        columns: dict[str, pl.Series] = {}
        for place, name in used:
            column = pl.Series(words[:, place])
            if name in self._asked.texts:
                columns[name] = pl.Series([None] * len(decided), dtype=pl.String)
            elif name in self._asked.counts:
                columns[name] = column.set(column == NULL_INT, None)
            else:
                columns[name] = pl.Series(words[:, place].view(np.float64))
        return pl.DataFrame(columns)
