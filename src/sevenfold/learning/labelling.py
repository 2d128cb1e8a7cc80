"""Joining label events to the events that they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sevenfold.errors import DataError, Fault
from sevenfold.learning.knowledge import NEVER, UNKNOWN, Labels
from sevenfold.learning.marks import MARKS, marks_of, milliseconds, missing_columns
from sevenfold.learning.precedence import resolved, with_winner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.learning.arrays import Times
    from sevenfold.learning.label import Label

__all__ = ["LabelQuality", "conflict_table", "join_labels", "label_table"]

_LISTED = 100
"""Faults of single rows that an error carries, at most."""

_CLOCKS_DIFFER_MS = 300_000
"""How far a label may be dated after it arrived before it is told: clocks are never quite the same."""


@dataclass(frozen=True)
class LabelQuality:
    """What was odd about a table of label events; none of it stops the work, all of it should be seen.

    Parameters
    ----------
    events
        Label events in the table.
    unknown
        Those about an event that the decided ones don't hold: ignored.
    early
        Those dated before their event: known from the event's own time on.
    repeated
        Those about an event that has an earlier one from the same source.
    future
        Those dated more than five minutes after they arrived: known since they arrived.
    contradicting
        Decided events about which label events do not agree: precedence settles it.
    weak
        Those that only guess: learned from with their weight, never evaluated on.
    """

    events: int = 0
    unknown: int = 0
    early: int = 0
    repeated: int = 0
    future: int = 0
    contradicting: int = 0
    weak: int = 0

    def notes(self) -> tuple[str, ...]:
        """Say it in sentences, one for each oddity."""
        said = (
            (self.unknown, "refer to an event that is not there and were ignored"),
            (self.early, "are dated before their event and count from the event's own time on"),
            (self.repeated, "repeat a label of the same event"),
            (self.future, "are dated after they arrived and count from their arrival on"),
            (self.weak, "are weak: learned from with their weight and not evaluated on"),
        )
        notes = [f"{n} of {self.events} label events {what}." for n, what in said if n]
        if self.contradicting:
            notes.append(
                f"The labels of {self.contradicting} decided events contradict each other; "
                "the declared precedence settled which counts."
            )
        return tuple(notes)


class _Joined(NamedTuple):
    """Marks of decided events with ``row``; how many marks there were at all; the times of the events."""

    found: pl.DataFrame
    marks: int
    times: Times


def join_labels(
    label: Label, decided: pl.DataFrame, tables: Mapping[str, pl.DataFrame], known: str | None
) -> tuple[Labels, LabelQuality]:
    """Join label events to the decided events; see `Label.history`."""
    found, marks, times = _joined(label, decided, tables, known)
    row = found["row"].to_numpy().astype(np.int64)
    quality = LabelQuality(
        events=marks,
        unknown=marks - found.height,
        early=int((found["known"].to_numpy() < times[row]).sum()),
        repeated=found.height - found.n_unique(["row", "source"]),
        future=int((found["dated"] > found["known"] + _CLOCKS_DIFFER_MS).sum()),
        contradicting=int((found.group_by("row").agg(pl.col("value").n_unique() > 1))["value"].sum()),
        weak=int(found["source"].is_in([i for i, s in enumerate(label.sources) if s.weak]).sum()),
    )
    found = found.with_columns(pl.Series("known", np.maximum(found["known"].to_numpy(), times[row])))
    weak = {place for place, source in enumerate(label.sources) if source.weak}
    truth = _labels(label, found.filter(~pl.col("source").is_in(list(weak))), times)
    if not found["source"].is_in(list(weak)).any():
        return truth, quality
    return _labels(label, found, times, truth), quality


def conflict_table(
    label: Label,
    decided: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    known: str | None,
    at_ms: int | None,
) -> pl.DataFrame:
    """Tabulate what sources say against each other; see `Label.conflicts`."""
    found, _, times = _joined(label, decided, tables, known)
    row = found["row"].to_numpy().astype(np.int64)
    found = found.with_columns(pl.Series("known", np.maximum(found["known"].to_numpy(), times[row])))
    if at_ms is not None:
        found = found.filter(pl.col("known") <= at_ms)
    found = found.filter(pl.col("value").drop_nulls().n_unique().over("row") > 1)
    names = [source.name for source in label.sources]
    weak = [source.weak for source in label.sources]
    shown = with_winner(label, found).sort("row", "known", "order", maintain_order=True)
    keys = decided[label.on.__key__].cast(pl.String)
    return pl.DataFrame(
        {
            label.on.__key__: keys.gather(shown["row"]),
            "source": pl.Series([names[i] for i in shown["source"]], dtype=pl.String),
            "value": shown["value"],
            "known_at": shown["known"],
            "weak": pl.Series([weak[i] for i in shown["source"]], dtype=pl.Boolean),
            "wins": shown["wins"],
        }
    )


def label_table(key: pl.Series, labels: Labels, at_ms: int) -> pl.DataFrame:
    """Tabulate what was known at a moment; see `Label.at`."""
    value, since = labels.at(at_ms), labels.known_since(at_ms)
    unknown = pl.Series(value == UNKNOWN)
    return pl.DataFrame(
        {
            key.name: key,
            "label": pl.Series(value, dtype=pl.Int8).set(unknown, None),
            "known_at": pl.Series(np.where(since == NEVER, 0, since), dtype=pl.Int64).set(unknown, None),
        }
    )


def _joined(
    label: Label, decided: pl.DataFrame, tables: Mapping[str, pl.DataFrame], known: str | None
) -> _Joined:
    _check_columns(label, decided, tables, known)
    marks = marks_of(label, tables, known)
    joined = marks.join(_keys(label, decided), on="key", how="left", maintain_order="left")
    found = joined.drop_nulls("row").select("row", *(name for name in MARKS if name != "key"))
    return _Joined(found, marks.height, milliseconds(decided[label.on.__time__]))


def _labels(label: Label, found: pl.DataFrame, times: Times, truth: Labels | None = None) -> Labels:
    """What was known, of marks in any order; the truth is what is known without guesses."""
    settled = resolved(label, found)
    source = settled["source"].to_numpy()
    weights = np.array([source.weight for source in label.sources])
    return Labels(
        times=times,
        matured_at=times + label.matures_ms,
        row=settled["row"].to_numpy().astype(np.int64),
        value=settled["value"].to_numpy(),
        known_at=settled["known"].to_numpy(),
        weight=None if (weights == 1.0).all() else weights[np.maximum(source, 0)],
        truth=truth,
    )


def _check_columns(
    label: Label, decided: pl.DataFrame, tables: Mapping[str, pl.DataFrame], known: str | None
) -> None:
    hint = f"Columns that are there: {', '.join(decided.columns)}"
    faults = [
        Fault(f"{label.on.__name__}.{column}", "a column", "none", hint)
        for column in (label.on.__key__, label.on.__time__)
        if column not in decided.columns
    ]
    faults += missing_columns(label, tables, known)
    if faults:
        raise DataError("These tables can't be labelled.", faults)


def _keys(label: Label, decided: pl.DataFrame) -> pl.DataFrame:
    keys = decided.select(pl.col(label.on.__key__).cast(pl.String).alias("key")).with_row_index("row")
    if keys["key"].is_duplicated().any():
        repeated = keys.filter(pl.col("key").is_duplicated())["key"].unique(maintain_order=True)
        raise DataError(
            f"Events of {label.on.__name__} must have keys of their own to be labelled.",
            [Fault(f"{label.on.__key__} {k}", "one event", "several") for k in repeated.head(_LISTED)],
        )
    return keys
