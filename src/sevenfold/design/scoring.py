"""Scores for many events, in bounded memory: those of the log, or those of files.

The log's events are folded part by part into one feature state. What a file holds and the log knows is scored
at its place in the log, with the features it had then; what the log does not know is scored as if it came
next. Nothing enters the log.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.lake import OFFSET, Lake
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.data.timestamp import epoch_ms
from sevenfold.errors import Fault, UsageError
from sevenfold.features.backfill import as_frame, make_batch, merged_order
from sevenfold.features.batch import fold_batch
from sevenfold.features.state import FeatureState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevenfold.data.event import EventType
    from sevenfold.data.ingest import IngestReport
    from sevenfold.design.workspace import Workspace
    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.scorer import RowScorer

__all__ = ["ScoreReport", "score", "writer"]

EVENTS_A_PART = 500_000
"""Log entries that are folded together: what bounds the memory."""

Writer = Callable[[pl.LazyFrame, Path], object]
"""Writes a table to a file, in bounded memory."""

_WRITERS: Mapping[str, Writer] = {
    ".parquet": lambda frame, path: frame.sink_parquet(path),
    ".csv": lambda frame, path: frame.sink_csv(path),
    ".jsonl": lambda frame, path: frame.sink_ndjson(path),
}


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What was scored.

    Parameters
    ----------
    out
        The file: the event's key, its time, ``score``, and ``trained_on``, whether the model learned from it.
    rows
        How many events.
    known
        How many of them the log knows.
    trained_on
        How many the model learned from: their scores flatter it.
    bundle
        The id of the model.
    read
        What became of the rows of files, where files were scored.
    """

    out: Path
    rows: int
    known: int
    trained_on: int
    bundle: str
    read: IngestReport | None = None


def writer(out: Path) -> Writer:
    """Find what writes a table to a file of this name.

    Raises
    ------
    UsageError
        The name has no end that says how.
    """
    if out.suffix not in _WRITERS:
        fault = Fault(str(out), f"a name that ends with {', '.join(_WRITERS)}", repr(out.suffix))
        raise UsageError("The file can't be written.", [fault])
    return _WRITERS[out.suffix]


def score(
    workspace: Workspace,
    bundle: Bundle,
    out: Path,
    source: Path | str | Mapping[str, Path | str] | None = None,
    *,
    rejects: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoreReport:
    """Score events.

    Parameters
    ----------
    workspace
        The design, with its log.
    bundle
        The model.
    out
        Where the scores go: ``.parquet``, ``.csv`` or ``.jsonl``. Whole or not there.
    source
        Files of events, as `sevenfold.data.ingest.ingest` takes them; by default the log's decided events.
    rejects
        Where refused rows of the files go; by default below the home folder.
    progress
        Called with events done and events in all.

    Raises
    ------
    UsageError
        The file's name has no known end, or the files are not there.
    DataError
        A file can't hold its event.
    """
    write = writer(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".score-", dir=out.parent) as scratch:
        job = _Job(workspace, bundle, Path(scratch), progress)
        if source is None:
            job.score_log(None)
        else:
            job.score_files(source, rejects or workspace.home.rejects / "score.csv")
        return job.finish(out, write)


class _Job:
    """One call of `score`: the feature state, and the parts of the result."""

    def __init__(
        self, workspace: Workspace, bundle: Bundle, scratch: Path, progress: Callable[[int, int], None] | None
    ) -> None:
        self.workspace, self.bundle, self.scratch = workspace, bundle, scratch
        self.progress = progress or (lambda *_: None)
        self.events: dict[str, EventType] = workspace.design.events
        self.asked = workspace.design.decides
        self.state = FeatureState(workspace.design.plan)
        self.scorer: RowScorer = bundle.served(threads=0)
        self.read: IngestReport | None = None
        self.parts: list[Path] = []
        self.rows = self.known = self.trained_on = self.done = 0
        training = bundle.metadata["training"]
        self.trained = epoch_ms(training["start"]), epoch_ms(training["end"])

    def score_log(self, keys: pl.DataFrame | None) -> None:
        """Fold the log and score its decided events: all, or those with the keys."""
        lake = self.workspace.lake()
        with self.workspace.home.open_log() as log:
            lake.update(log)
            end = log.end()
        for tables in _parts(lake, end, self.events):
            wanted = keys is None or keys.height
            features = self._fold(tables, self.asked if wanted else None)
            if features is not None:
                before = self.rows
                self._keep(features, tables[self.asked], keys)
                self.known += self.rows - before
            self._tell(tables, end)

    def score_files(self, source: Path | str | Mapping[str, Path | str], rejects: Path) -> None:
        """Score what files hold, after the log's events."""
        from sevenfold.data.ingest import ingest

        lake = Lake(self.scratch / "lake", self.events.values())
        with SqliteEventLog(self.scratch / "log.sqlite", "normal") as log:
            self.read = ingest(self.events, source, log, rejects_path=rejects)
            lake.update(log)
            end = log.end()
        logged = self.workspace.lake()
        with self.workspace.home.open_log() as log:
            logged.update(log)
        known = {name: _common_keys(lake, logged, event) for name, event in self.events.items()}
        self.score_log(known[self.asked])
        for tables in _parts(lake, end, self.events):
            new = {
                name: table.join(known[name], on=self.events[name].__key__, how="anti", maintain_order="left")
                for name, table in tables.items()
            }
            features = self._fold(new, self.asked)
            if features is not None:
                self._keep(features, new[self.asked], None)
            self._tell(tables, end)

    def finish(self, out: Path, write: Writer) -> ScoreReport:
        """Put the parts together."""
        if not self.parts:
            event = self.events[self.asked]
            columns = {event.__key__: pl.String(), event.__time__: pl.Datetime("ms", "UTC")}
            empty = pl.DataFrame(schema={**columns, "score": pl.Float64(), "trained_on": pl.Boolean()})
            self._write(empty)
        with replacing(out) as unfinished:
            write(pl.scan_parquet(self.parts, glob=False), unfinished)
        return ScoreReport(out, self.rows, self.known, self.trained_on, self.bundle.id, self.read)

    def _fold(self, tables: dict[str, pl.DataFrame], asked: str | None) -> pl.DataFrame | None:
        """Fold tables in log order and give the features of the asked one."""
        design, plan = self.workspace.design, self.workspace.design.plan
        frames, _, order = merged_order(self.events, tables, self.asked)
        batch = make_batch(plan, self.events, frames, asked, order, design.lateness_ms, self.state)
        if asked is None or not frames[asked].height:
            fold_batch(self.state, batch, None, None, None)
            return None
        asking = plan.asking[asked]
        out = np.empty((len(asking.names), frames[asked].height), np.int64)
        nulls = np.zeros(len(asking.names), np.int64)
        fold_batch(self.state, batch, asked, out, nulls)
        return as_frame(self.events[asked], asking, frames[asked], out, nulls, self.state.texts)

    def _keep(self, features: pl.DataFrame, decided: pl.DataFrame, keys: pl.DataFrame | None) -> None:
        """Score features and write the part, or those rows of it that are wanted."""
        event = self.events[self.asked]
        start, end = self.trained
        moment = pl.col(event.__time__).dt.epoch("ms")
        scored = decided.select(event.__key__, event.__time__).with_columns(
            score=pl.Series(self.scorer.score_frame(features)),
            trained_on=(moment >= start) & (moment < end),
        )
        if keys is not None:
            scored = scored.join(keys, on=event.__key__, how="semi", maintain_order="left")
        self._write(scored)

    def _write(self, scored: pl.DataFrame) -> None:
        self.rows += scored.height
        self.trained_on += int(scored["trained_on"].sum())
        self.parts.append(self.scratch / f"{len(self.parts):06d}.parquet")
        scored.write_parquet(self.parts[-1], compression_level=1)

    def _tell(self, tables: Mapping[str, pl.DataFrame], total: int) -> None:
        self.done += sum(table.height for table in tables.values())
        self.progress(self.done, max(total, self.done))


def _parts(lake: Lake, end: int, events: Iterable[str]) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield events of a lake in log order, part by part, each with its offset; it may hold others, too."""
    for first in range(0, end, EVENTS_A_PART):
        within = pl.col(OFFSET).is_between(first, min(first + EVENTS_A_PART, end) - 1)
        yield {name: lake.scan(name).filter(within).sort(OFFSET).collect() for name in events}


def _common_keys(lake: Lake, other: Lake, event: EventType) -> pl.DataFrame:
    """Find the keys of an event's table that another lake has too."""
    keys = lake.scan(event.__name__).select(event.__key__)
    there = other.scan(event.__name__).select(event.__key__)
    return keys.join(there, on=event.__key__, how="semi").collect()
