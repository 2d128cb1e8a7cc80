"""Decisions and labels as columns: what a page of the log holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.lake import ARRIVED
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.learning.marks import MARKS, marks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.log import LogEntry
    from sevenfold.learning.label import Label
    from sevenfold.serving.record import DecisionRecord, Program

__all__ = ["Decisions", "LabelEvents"]


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decisions in the order of the log, made with one feature program.

    Parameters
    ----------
    offsets
        int64, shape (n,): where each record stands in the log.
    keys
        Of the events that were decided.
    times_ms
        int64, shape (n,): when each event happened, epoch milliseconds.
    decided_ms
        int64, shape (n,): when it was decided.
    actions, would_be
        Texts, shape (n,): what was done, and what would have been done but for the control group.
    scores
        float64, shape (n,): calibrated probabilities, NaN without a model.
    risk_scores
        float64, shape (n,): 0 to 999, NaN without a score.
    models
        The id of the bundle that scored, `None` where none did.
    policies
        The version of policy, rules and lists.
    control
        float64, shape (n,): the chance with which this would-be block was let through; NaN outside the
        control group.
    fallback
        bool, shape (n,): whether there was no score.
    rules
        Names of the rules that hit.
    events
        The decided events themselves, physical columns.
    words
        int64, shape (n, k): feature values as the kernel had them.
    program
        What the words mean; `None` where nothing was decided.
    records
        The records as they stand in the log, for what is not a column here.
    """

    offsets: NDArray[np.int64]
    keys: list[str]
    times_ms: NDArray[np.int64]
    decided_ms: NDArray[np.int64]
    actions: NDArray[np.str_]
    would_be: NDArray[np.str_]
    scores: NDArray[np.float64]
    risk_scores: NDArray[np.float64]
    models: list[str | None]
    policies: list[str]
    control: NDArray[np.float64]
    fallback: NDArray[np.bool_]
    rules: list[tuple[str, ...]]
    events: pl.DataFrame
    words: NDArray[np.int64]
    program: Program | None
    records: Sequence[DecisionRecord]

    @classmethod
    def of(
        cls,
        entries: Sequence[LogEntry],
        records: Sequence[DecisionRecord],
        events: pl.DataFrame,
        times_ms: NDArray[np.int64],
        program: Program | None,
    ) -> Decisions:
        """Lay out decoded records.

        Parameters
        ----------
        entries
            Those of the records.
        records
            What is in them.
        events, times_ms
            The events that were decided, and when they happened.
        program
            Of all the records.
        """
        count, width = len(records), 0 if program is None else len(program.names)
        words = np.frombuffer(b"".join([record.features for record in records]), "<i8")
        return cls(
            offsets=np.fromiter((entry.offset for entry in entries), np.int64, count),
            keys=[entry.key for entry in entries],
            times_ms=times_ms,
            decided_ms=np.fromiter((entry.time_ms for entry in entries), np.int64, count),
            actions=np.array([record.action for record in records], np.str_),
            would_be=np.array([record.would_be or record.action for record in records], np.str_),
            scores=_floats([record.score for record in records]),
            risk_scores=_floats([record.risk_score for record in records]),
            models=[record.model for record in records],
            policies=[record.policy for record in records],
            control=_floats([record.control for record in records]),
            fallback=np.fromiter((record.fallback for record in records), np.bool_, count),
            rules=[record.rules for record in records],
            events=events,
            words=words.reshape(count, width),
            program=program,
            records=records,
        )

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the columns of `words`."""
        return () if self.program is None else self.program.names

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """Feature values as numbers, float64 of shape (n, k): NaN for null and for texts."""
        values = self.words.view("<f8").copy()
        if self.program is not None:
            for name in self.program.counts:
                place = self.program.names.index(name)
                column = self.words[:, place]
                values[:, place] = np.where(column == NULL_INT, np.nan, column)
            for name in self.program.texts:
                values[:, self.program.names.index(name)] = np.nan
        return values

    def texts(self, name: str) -> list[str | None]:
        """The values of a feature that is a text.

        Raises
        ------
        KeyError
            It is none.
        """
        if self.program is None:
            return []
        if name not in self.program.texts:
            raise KeyError(name)
        place = self.program.texts.index(name)
        return [record.texts[place] for record in self.records]

    @property
    def passed(self) -> NDArray[np.float64]:
        """The chance with which each event was let through, float64 of shape (n,); 0 where it was blocked.

        A review is let through, to a person: their verdict or what follows it is its label.
        """
        chance = np.where(np.isnan(self.control), 1.0, self.control)
        return np.where(self.actions == "block", 0.0, chance)

    def frame(self) -> pl.DataFrame:
        """All of it as a table: a row a decision, each feature as ``features.NAME``."""
        columns: dict[str, object] = {
            "offset": self.offsets,
            "key": self.keys,
            "time_ms": self.times_ms,
            "decided_ms": self.decided_ms,
            "action": self.actions,
            "would_be": self.would_be,
            "score": self.scores,
            "risk_score": self.risk_scores,
            "model": pl.Series(self.models, dtype=pl.String),
            "policy": pl.Series(self.policies, dtype=pl.String),
            "control": self.control,
            "fallback": self.fallback,
        }
        table = pl.DataFrame(columns).with_columns(
            pl.col("score", "control").fill_nan(None),
            pl.col("risk_score").fill_nan(None).cast(pl.Int64),
        )
        return table.with_columns(self.feature(name).alias(f"features.{name}") for name in self.names)

    def feature(self, name: str) -> pl.Series:
        """One feature as the backfill gives it: counts Int64, texts String, all else Float64."""
        if self.program is not None and name in self.program.texts:
            return pl.Series(name, self.texts(name), dtype=pl.String)
        place = self.names.index(name)
        if self.program is not None and name in self.program.counts:
            column = pl.Series(name, self.words[:, place])
            return column.set(column == NULL_INT, None)
        return pl.Series(name, self.words[:, place].copy().view("<f8")).fill_nan(None)


@dataclass(frozen=True, eq=False)
class LabelEvents:
    """What was said about decided events, in the order of the log.

    Parameters
    ----------
    offsets
        int64, shape (n,): where each stands in the log.
    keys
        Of the decided events.
    values
        int8, shape (n,): 1, 0, or -1 for what a source takes back.
    known_ms
        int64, shape (n,): since when it is known, epoch milliseconds.
    sources
        The names of the sources that said it.
    tables
        The label events by the name of their event, physical columns with offset and arrival, as
        `sevenfold.learning.label.Label.history` takes them.
    """

    offsets: NDArray[np.int64]
    keys: list[str]
    values: NDArray[np.int8]
    known_ms: NDArray[np.int64]
    sources: list[str]
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def of(cls, label: Label | None, tables: Mapping[str, pl.DataFrame]) -> LabelEvents:
        """Read what the tables of a label's sources say."""
        marks = pl.DataFrame(schema=MARKS)
        if label is not None and tables:
            marks = marks_of(label, tables, ARRIVED).sort("order", maintain_order=True)
        names = () if label is None else tuple(source.name for source in label.sources)
        return cls(
            marks["order"].to_numpy(),
            marks["key"].to_list(),
            marks["value"].fill_null(-1).to_numpy(),
            marks["known"].to_numpy(),
            [names[place] for place in marks["source"]],
            tables,
        )

    def __len__(self) -> int:
        return len(self.keys)


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array(values, np.float64)
