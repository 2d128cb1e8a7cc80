"""Which sources of a design's labels look as if they flipped some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.lake import ARRIVED
from sevenfold.design.labels import with_rule_hits
from sevenfold.errors import Fault
from sevenfold.feedback.retraining.poison import cross_fitted, doubts
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.marks import marks_of

if TYPE_CHECKING:
    from sevenfold.design.workspace import TrainingTable, Workspace

__all__ = ["doubtful_sources"]

_DAY_MS = 86_400_000
_RECENT_MS = 30 * _DAY_MS
_PAST_MS = 150 * _DAY_MS
_ASKED = 60_000
"""Events without a label that are asked about, at most: those with one are all."""


def doubtful_sources(workspace: Workspace, table: TrainingTable, as_of: int) -> list[Fault]:
    """Tell which sources' labels of the newest thirty days look flipped, more of them than declared.

    Parameters
    ----------
    workspace, table
        The design in its home, and what is to be learned from.
    as_of
        The moment of training, epoch milliseconds.
    """
    label, design = workspace.label, workspace.design
    marks = _marks(workspace, table, as_of)
    if not marks.height:
        return []
    rows = _asked(table, marks["row"].to_numpy().astype(np.int64), as_of, design.learning.seed)
    y = (table.labels.at(as_of)[rows] == 1).astype(np.int8)
    if y.sum() < 2 * 5 or y.all():
        return []
    features = table.features[rows]
    entity = design.learning.entity
    groups = table.decided[entity][rows].cast(pl.String).fill_null("") if entity else pl.Series(rows)
    scores = cross_fitted(
        Encoding.learn(features).encode(features), y, groups.rank("dense").to_numpy().astype(np.int64),
        design.learning.seed,
    )  # fmt: skip
    by_row = pl.DataFrame({"row": rows, "score": scores})
    found = marks.join(by_row, on="row", how="inner")
    recent = found["known"].to_numpy() > as_of - _RECENT_MS
    silent = ~np.isin(rows, marks["row"].to_numpy())
    doubted = doubts(
        found["source"].to_numpy().astype(np.int64), found["value"].to_numpy(), found["score"].to_numpy(),
        recent, scores[silent] if silent.any() else scores,
    )  # fmt: skip
    most = design.feedback.retraining.flipped
    return [
        Fault(
            f"labels.{label.sources[one.source].name}",
            f"at most {most:.1%} of its labels {one.value} flipped",
            f"{one.flipped:.1%}, by {one.surprising:,} surprising of {one.labels:,}",
            "Look at them before they are learned from: sevenfold review; or raise Retraining(flipped=…)",
        )
        for one in doubted
        if one.certain and one.flipped > most
    ]


def _marks(workspace: Workspace, table: TrainingTable, as_of: int) -> pl.DataFrame:
    """What each source said of each decided event by then: row, value, known, source."""
    label = workspace.label
    tables = with_rule_hits(workspace.design, workspace.home, table.tables)
    keys = table.decided.select(key=pl.col(label.on.__key__).cast(pl.String)).with_row_index("row")
    weak = [place for place, source in enumerate(label.sources) if source.weak]
    return (
        marks_of(label, tables, ARRIVED)
        .filter(pl.col("value").is_not_null() & (pl.col("known") <= as_of) & ~pl.col("source").is_in(weak))
        .join(keys, on="key", how="inner")
        .with_columns(pl.col("row").cast(pl.Int64))
        .select("row", "value", "known", "source")
    )


def _asked(table: TrainingTable, marked: np.ndarray, as_of: int, seed: int) -> np.ndarray:
    """Rows that the models learn from and are asked about, in order."""
    times = table.labels.times
    young = times >= as_of - _PAST_MS
    mine = np.unique(marked[young[marked]])
    others = np.setdiff1d(np.flatnonzero(young), mine)
    if len(others) > _ASKED:
        others = np.random.default_rng(seed).choice(others, _ASKED, replace=False)
    found: np.ndarray = np.sort(np.concatenate([mine, others]))
    return found
