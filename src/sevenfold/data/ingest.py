"""Bringing files of events into the log.

First every file is read and checked; what is refused goes to a rejects file, what is accepted into a
working folder. Then the accepted events of all files enter the log in the order of their time, as they
would have arrived, each arriving when it happened. The log recognises what it knows, so that an ingest
may be interrupted at any point and simply be repeated: a second run adds nothing but what is missing.
Memory does not grow with the files.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from sevenfold.data.durable import alone
from sevenfold.data.find import find_sources
from sevenfold.data.log import NewEntry, new_entries
from sevenfold.data.merge import Piece, Run, in_order_of_time, write_run
from sevenfold.data.refusal import shown
from sevenfold.data.rejects import Rejects, rejects_file
from sevenfold.data.sources import ROW, refused_row
from sevenfold.data.table import REJECTS
from sevenfold.data.timestamp import looks_like_seconds
from sevenfold.errors import DataError, LogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.inspection import Inspection, QualityReport
    from sevenfold.data.log import EventLog
    from sevenfold.data.sources import Source

__all__ = ["IngestReport", "Progress", "ingest"]

_ENTRIES_A_BATCH = 20_000
_WORK = ".ingest-"


class Progress(NamedTuple):
    """How far an ingest has come: bytes while it reads, events while it logs."""

    stage: Literal["reading", "logging"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows of some files; ``rows == new + duplicates + rejected``.

    Parameters
    ----------
    sources
        The files, in the order in which events of the same time enter the log.
    rows
        How many rows they hold.
    new
        How many events the log did not know.
    duplicates
        How many it knew already, or that a file repeats.
    rejected
        How many rows were refused.
    refused
        How many values were refused, by event and field.
    rejects_path
        The file that says which rows were refused and why.
    notes
        What is not wrong, but worth a look.
    quality
        What the accepted events were like, where they were inspected.
    """

    sources: tuple[str, ...]
    rows: int
    new: int
    duplicates: int
    rejected: int
    refused: dict[str, int]
    rejects_path: Path
    notes: tuple[str, ...]
    quality: QualityReport | None = None


@dataclass(slots=True)
class _Read:
    """What reading the sources found."""

    rows: int = 0
    runs: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ingest(
    events: Mapping[str, EventType],
    source: Path | str | Mapping[str, Path | str],
    log: EventLog,
    *,
    rejects_path: Path | str,
    event: str | None = None,
    mapping: Mapping[str, str] | None = None,
    inspection: Inspection | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Bring the events of files into the log.

    Parameters
    ----------
    events
        The types of event, by name.
    source
        A file (``.csv``, ``.jsonl``, ``.ndjson``, ``.parquet``), a folder with a file for each event,
        named after it, or files by event.
    log
        Where the events go.
    rejects_path
        The CSV file to write what was refused to, with the source, row, field, expected, got and a hint;
        rows count from one. Replaced by each ingest. The working folder lies beside it for a while.
    event
        What the rows of a single file are; by default what its name says.
    mapping
        For a field, the column that holds it: ``{"amount": "amt"}``, with several files
        ``{"Payment.amount": "amt"}``.
    inspection
        Looks at everything that is read. Undeclared personal data is refused before anything is logged;
        profiles are kept once new events are.
    progress
        Called after each step.

    Raises
    ------
    UsageError
        Where there is no such file, event or field.
    DataError
        Where a file cannot hold its event at all: it is empty, of another kind, or lacks a column; where
        it holds personal data that no expectation declares.
    LogError
        Where the disk is full or the log cannot be written. What was logged stays.
    """
    rejects_path = Path(rejects_path)
    found = find_sources(events, source, event, mapping or {})
    _refuse_unfit(found.sources)
    tell = progress or (lambda _: None)
    folder = rejects_path.parent
    try:
        with alone(folder), rejects_file(rejects_path) as rejects, _working_folder(folder) as work:
            read = _read(found.sources, work, rejects, inspection, tell)
            quality = None
            if inspection is not None:
                inspection.refuse_personal()
                quality = inspection.report()
            new, duplicates = _log(log, read.runs, found.sources, rejects, tell)
            if inspection is not None and quality is not None and new:
                inspection.keep(quality)
    except (OSError, pl.exceptions.PolarsError) as error:
        hint = "What was logged stays; make room and run it again"
        raise LogError(f"The ingest cannot go on: {error}. {hint}") from error
    return IngestReport(
        sources=tuple(str(source.path) for source in found.sources),
        rows=read.rows,
        new=new,
        duplicates=duplicates,
        rejected=rejects.rows,
        refused=dict(rejects.fields),
        rejects_path=rejects_path,
        notes=(*found.notes, *read.notes),
        quality=quality,
    )


def _refuse_unfit(sources: Sequence[Source]) -> None:
    faults = [fault for source in sources for fault in source.faults()]
    if faults:
        names = ", ".join(source.path.name for source in sources)
        raise DataError(f"{names} cannot be ingested", faults)


@contextmanager
def _working_folder(parent: Path) -> Iterator[Path]:
    for left_behind in parent.glob(_WORK + "*"):  # by a process that was killed
        shutil.rmtree(left_behind)
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=parent) as folder:
        yield Path(folder)


def _read(
    sources: Sequence[Source],
    work: Path,
    rejects: Rejects,
    inspection: Inspection | None,
    tell: Callable[[Progress], None],
) -> _Read:
    """Read all sources: refusals into the rejects, accepted rows into runs."""
    read = _Read()
    total, before = sum(source.size for source in sources), 0
    for number, source in enumerate(sources):
        runs: list[Run] = []
        rows = 0
        for chunk in source.chunks():
            rejects.add(source.path.name, source.event.__name__, chunk.rejects)
            if inspection is not None:
                inspection.add(source, chunk, work)
            if chunk.accepted.height:
                path = work / f"{number}-{len(runs)}.parquet"
                runs.append(write_run(path, number, source.event, chunk.accepted))
            rows += chunk.rows
            tell(Progress("reading", before + chunk.read_bytes, total))
        before += source.size
        read.rows += rows
        read.runs += runs
        read.notes += _notes(source, rows, runs)
    return read


def _notes(source: Source, rows: int, runs: Sequence[Run]) -> list[str]:
    name, time = source.path.name, source.event.__time__
    if not rows:
        return [f"{name} holds no rows"]
    notes = []
    follows = all(after.first.time_ms >= before.last.time_ms for before, after in pairwise(runs))
    if not (follows and all(run.ordered for run in runs)):
        notes.append(f"{name} was not in the order of {time}; its events were sorted")
    if runs and looks_like_seconds(
        min(run.first.time_ms for run in runs), max(run.last.time_ms for run in runs)
    ):
        notes.append(
            f"{name} holds nothing later than February 1970: is {time} in seconds, not milliseconds?"
        )
    return notes


def _log(
    log: EventLog,
    runs: Sequence[Run],
    sources: Sequence[Source],
    rejects: Rejects,
    tell: Callable[[Progress], None],
) -> tuple[int, int]:
    """Append the events of all runs in the order of time, and count the new ones and the known."""
    new = duplicates = done = 0
    total = sum(run.rows for run in runs)
    for pieces in in_order_of_time(runs):
        for batch in _batches(pieces):
            appended = log.append(batch.entries, on_conflict="report")
            for position in appended.conflicts:
                source, row = sources[batch.sources[position]], batch.rows[position]
                rejects.add(*_conflict(source, row, batch.entries[position], appended.offsets[position]))
            new += appended.new
            duplicates += appended.duplicates
            done += len(batch.entries)
            tell(Progress("logging", done, total))
    return new, duplicates


class _Batch(NamedTuple):
    """Entries for the log, with the source and the row that each comes from."""

    entries: list[NewEntry]
    sources: list[int]
    rows: list[int]


def _batches(pieces: Sequence[Piece]) -> Iterator[_Batch]:
    """Yield the entries of some pieces in the order of time."""
    entries = [entry for piece in pieces for entry in new_entries(piece.event, piece.rows)]
    sources = [source for piece in pieces for source in repeat(piece.source, piece.rows.height)]
    rows = [row for piece in pieces for row in piece.rows[ROW].to_list()]
    if len(pieces) > 1:
        order = sorted(range(len(entries)), key=lambda at: (entries[at].time_ms, sources[at], rows[at]))
        entries = [entries[at] for at in order]
        sources, rows = [sources[at] for at in order], [rows[at] for at in order]
    for start in range(0, len(entries), _ENTRIES_A_BATCH):
        part = slice(start, start + _ENTRIES_A_BATCH)
        yield _Batch(entries[part], sources[part], rows[part])


def _conflict(source: Source, row: int, entry: NewEntry, offset: int) -> tuple[str, str, pl.DataFrame]:
    hint = f"The log holds another event under this key, at offset {offset}; events do not change"
    line = refused_row(row, "one event under each key", shown(entry.key), hint)
    rejects = pl.DataFrame([line | {"field": source.event.__key__}], schema=REJECTS)
    return source.path.name, source.event.__name__, rejects
