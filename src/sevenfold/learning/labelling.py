"""Joining label events to the events that they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.errors import DataError, Fault
from sevenfold.learning.knowledge import NEVER, UNKNOWN, Labels

if TYPE_CHECKING:
    from sevenfold.learning.arrays import Times
    from sevenfold.learning.label import Label

__all__ = ["LabelQuality", "join_labels", "label_table"]

_LISTED = 100
"""Faults of single rows that an error carries, at most."""


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
        Those about an event that has an earlier one.
    """

    events: int = 0
    unknown: int = 0
    early: int = 0
    repeated: int = 0

    def notes(self) -> tuple[str, ...]:
        """Say it in sentences, one for each oddity."""
        said = (
            (self.unknown, "refer to an event that is not there and were ignored"),
            (self.early, "are dated before their event and count from the event's own time on"),
            (self.repeated, "repeat a label of the same event"),
        )
        return tuple(f"{n} of {self.events} label events {what}." for n, what in said if n)


def join_labels(
    label: Label, decided: pl.DataFrame, events: pl.DataFrame, known: str
) -> tuple[Labels, LabelQuality]:
    """Join label events to the decided events; see `Label.history`."""
    _check_columns(label, decided, events, known)
    keys = _keys(label, decided)
    times = _milliseconds(decided[label.on.__time__])
    joined = _plain(label, events, known).join(keys, on="key", how="left", maintain_order="left")
    found = joined.drop_nulls("row")
    row = found["row"].to_numpy().astype(np.int64)
    since = found["known"].to_numpy()
    quality = LabelQuality(
        events=events.height,
        unknown=joined.height - found.height,
        early=int((since < times[row]).sum()),
        repeated=found.height - found["row"].n_unique(),
    )
    labels = Labels(
        times=times,
        matured_at=times + label.matures_ms,
        row=row,
        value=found["value"].to_numpy(),
        known_at=np.maximum(since, times[row]),
    )
    return labels, quality


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


def _check_columns(label: Label, decided: pl.DataFrame, events: pl.DataFrame, known: str) -> None:
    tables = (
        (label.on.__name__, decided, (label.on.__key__, label.on.__time__)),
        (label.event.__name__, events, (label.key, known, *([label.value] if label.value else []))),
    )
    faults = [
        Fault(f"{name}.{column}", "a column", "none", f"Columns that are there: {', '.join(frame.columns)}")
        for name, frame, wanted in tables
        for column in wanted
        if column not in frame.columns
    ]
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


def _plain(label: Label, events: pl.DataFrame, known: str) -> pl.DataFrame:
    """Three columns: the decided event's key, the value, and since when it is known (Int64 ms)."""
    value = pl.Series("value", np.ones(events.height, dtype=np.int8))
    if label.value is not None:
        value = events[label.value].cast(pl.Int8, strict=False).alias("value")
        wrong = events.filter(~value.is_in([0, 1]).fill_null(value=False))
        if wrong.height:
            raise DataError(
                f"Labels of {label.event.__name__} must say 0 or 1.",
                [
                    Fault(f"{label.event.__name__}.{label.value} of {k}", "0 or 1", repr(v))
                    for k, v in wrong.select(label.key, label.value).head(_LISTED).iter_rows()
                ],
            )
    key = events[label.key].cast(pl.String).alias("key")
    return pl.DataFrame([key, value, pl.Series("known", _milliseconds(events[known]))])


def _milliseconds(series: pl.Series) -> Times:
    """Epoch milliseconds of a Datetime or integer column, int64, shape (rows,)."""
    if series.dtype.is_temporal():
        series = series.dt.epoch("ms")
    return series.cast(pl.Int64).to_numpy()
