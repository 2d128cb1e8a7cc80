"""Labelled events: features, labels and entities that belong together, and rows picked from them by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.knowledge import LabelInput, Labels, TimeInput
from sevenfold.learning.stakes import MONEY

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, IntVector, Mask
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.splits import Fold
    from sevenfold.learning.stakes import Stakes

__all__ = ["Examples"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Features, labels and entities of the decided events, row by row.

    Parameters
    ----------
    features
        One column a feature: numbers, booleans or categories, null for missing.
    labels
        What was known of each event, and since when.
    entities
        The columns that the declaration names.
    as_of
        The moment whose knowledge counts as final, epoch milliseconds.
    stakes
        What mistakes cost, where that is known.
    passed
        float64, shape (events,): the chance with which each event was let through, so that a label could
        come of it; 0 where it was blocked. ``None`` where all were.
    """

    features: pl.DataFrame
    labels: Labels
    entities: pl.DataFrame
    as_of: int
    stakes: Stakes | None = None
    passed: FloatVector | None = None

    @classmethod
    def of(
        cls,
        features: pl.DataFrame,
        times: TimeInput,
        labels: Labels | LabelInput,
        learning: Learning,
        entities: pl.DataFrame | None = None,
        as_of: int | None = None,
        stakes: Stakes | None = None,
        passed: FloatVector | None = None,
    ) -> Examples:
        """Check that the parts belong together, and that something has matured.

        Raises
        ------
        UsageError
            Lengths differ, or an entity is missing, or the stakes that a candidate is chosen by.
        DataError
            No event is old enough for its label to be final.
        """
        if not isinstance(labels, Labels):
            labels = Labels.of(times, labels, learning.folds.delay)
        columns = pl.DataFrame() if entities is None else entities
        lengths = {"features": features.height, "times": len(np.asarray(times)), "labels": len(labels)}
        if learning.entities:
            lengths["entities"] = columns.height
        if stakes is not None:
            lengths["stakes"] = len(stakes)
        if passed is not None:
            lengths["passed"] = len(passed)
        faults = [
            Fault(n, f"{features.height:,} rows", f"{h:,}")
            for n, h in lengths.items()
            if h != features.height
        ]
        faults += [
            Fault("entities", f"a column {name!r}", ", ".join(columns.columns) or "none")
            for name in learning.entities
            if name not in columns.columns
        ]
        if stakes is None and learning.choose_by == MONEY:
            hint = "Declare what mistakes cost: problem=sf.Problem(missed=…, false_alarm=…)."
            faults.append(Fault("choose_by", "what mistakes cost", "nothing", hint))
        if passed is not None and not ((passed >= 0) & (passed <= 1)).all():
            faults.append(Fault("passed", "chances from 0 to 1", "others"))
        if not faults and not np.array_equal(np.asarray(times), labels.times):
            faults.append(Fault("times", "the times that the labels were made for", "others"))
        if faults:
            raise UsageError("Features, times, labels and entities don't belong together.", faults)
        as_of = labels.newest if as_of is None else as_of
        if not labels.matured(as_of).any():
            got = f"{len(labels):,} events, none of them that old" if len(labels) else "no events"
            raise DataError(
                "There is nothing to learn from.",
                [Fault("labels", "events old enough for a final label", got)],
            )
        return cls(features, labels, columns, as_of, stakes, passed)

    @property
    def span(self) -> tuple[int, int]:
        """The oldest moment, and the first one from which on labels are not final."""
        times = self.labels.times[self.labels.matured(self.as_of)]
        return int(times.min()), int(times.max()) + 1

    def folds(self, learning: Learning) -> tuple[Fold, ...]:
        """Lay the declared folds over the events."""
        return learning.folds.over(*self.span, self.labels.delay_ms)

    def within(self, start: int, end: int) -> Mask:
        """Find the events of a period, its end excluded."""
        return (self.labels.times >= start) & (self.labels.times < end)

    def known(self, rows: Mask, moment: int) -> Mask:
        """Narrow rows to those with a final label at a moment."""
        return rows & self.labels.matured(moment) & (self.labels.at(moment) >= 0)

    def let_through(self, rows: Mask) -> Mask:
        """Narrow rows to those that were let through: of what was blocked no label tells anything."""
        if self.passed is None:
            return rows
        mask: Mask = rows & (self.passed > 0)
        return mask

    def standing_for(self, rows: IntVector) -> FloatVector | None:
        """Tell how many events each of some rows stands for: one over its chance of being let through.

        Returns
        -------
        NDArray[float64] or None
            Shape (rows,); ``None`` where each stands for itself, since all were let through or those that
            were blocked are among the rows.
        """
        if self.passed is None:
            return None
        passed = self.passed[rows]
        if (passed == 0).any() or (passed == 1).all():
            return None
        weight: FloatVector = 1.0 / passed
        return weight

    def drawn(self, rows: Mask, moment: int, learning: Learning) -> Mask:
        """Narrow rows to their positives and the declared share of their negatives."""
        if learning.negatives == 1.0:
            return rows
        chosen = np.random.default_rng(learning.seed).random(len(rows)) < learning.negatives
        kept: Mask = rows & (chosen | (self.labels.at(moment) == 1))
        return kept

    def table(self, rows: Mask, moment: int, learning: Learning) -> Table:
        """Encode rows, as `drawn` gave them, for training with the labels known at a moment.

        The encoding is learned from them.
        """
        frame = self.features.filter(rows)
        encoding = Encoding.learn(
            frame, max_categories=learning.max_categories, min_category_rows=learning.min_category_rows
        )
        return self.coded(rows, moment, learning, encoding)

    def coded(self, rows: Mask, moment: int, learning: Learning, encoding: Encoding) -> Table:
        """Encode rows with an encoding that is there; what is not known yet counts as negative.

        A row weighs as many as it stands for: negatives that were not drawn, and events like it that were
        blocked (Horvitz and Thompson, 1952); and less where its label is only a guess.
        """
        y = np.maximum(self.labels.at(moment)[rows], 0)
        weight = None
        guessed = self.labels.weights(moment)
        if learning.negatives < 1.0 or self.passed is not None or guessed is not None:
            weight = np.where(y == 1, 1.0, 1.0 / learning.negatives)
            if self.passed is not None:
                weight /= self.passed[rows]
            if guessed is not None:
                weight *= guessed[rows]
        return Table(encoding.encode(self.features.filter(rows)), y, encoding, weight)
