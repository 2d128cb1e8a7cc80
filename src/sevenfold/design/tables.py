"""Whole files as tables, for work that leaves the log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from sevenfold.data.find import find_sources
from sevenfold.data.rejects import rejects_file
from sevenfold.data.sources import ROW
from sevenfold.data.table import physical_schema
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sevenfold.data.event import EventType

__all__ = ["FileTables", "read_tables"]


class FileTables(NamedTuple):
    """What files hold.

    Attributes
    ----------
    tables
        Physical tables by event, rows in the order of the files; an event without a file has an empty one.
    rows
        How many rows there are in the files.
    duplicates
        How many repeat a key of their file; the first of them counts.
    rejected
        How many rows were refused.
    notes
        What is not wrong, but worth a look.
    """

    tables: dict[str, pl.DataFrame]
    rows: int
    duplicates: int
    rejected: int
    notes: tuple[str, ...]


def read_tables(
    events: Mapping[str, EventType],
    source: Path | str | Mapping[str, Path | str],
    rejects_path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FileTables:
    """Read files of events into memory, checked as an ingest would check them.

    Parameters
    ----------
    events, source, mapping
        As for `sevenfold.data.ingest.ingest`.
    rejects_path
        The CSV file for what is refused.
    progress
        Called with bytes read and bytes in all.

    Raises
    ------
    UsageError
        There is no such file, event or field.
    DataError
        A file can't hold its event at all.
    """
    found = find_sources(events, source, None, mapping or {})
    faults = [fault for one in found.sources for fault in one.faults()]
    if faults:
        raise DataError("These files can't be read.", faults)
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in events}
    total, before, rows = sum(one.size for one in found.sources), 0, 0
    with rejects_file(rejects_path) as rejects:
        for one in found.sources:
            for chunk in one.chunks():
                rejects.add(one.path.name, one.event.__name__, chunk.rejects)
                parts[one.event.__name__].append(chunk.accepted.drop(ROW))
                rows += chunk.rows
                if progress is not None:
                    progress(before + chunk.read_bytes, total)
            before += one.size
        rejected = rejects.rows
    whole = {name: _whole(event, parts[name]) for name, event in events.items()}
    tables = {
        name: frame.unique(events[name].__key__, keep="first", maintain_order=True)
        for name, frame in whole.items()
    }
    duplicates = sum(whole[name].height - tables[name].height for name in whole)
    return FileTables(tables, rows, duplicates, rejected, tuple(found.notes))


def _whole(event: EventType, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put parts together; entities that are numbers in all of them stay numbers."""
    schema = pl.Schema(physical_schema(event))
    if not parts:
        return pl.DataFrame(schema=schema)
    if any(part.schema != parts[0].schema for part in parts):
        parts = [part.cast(schema) for part in parts]
    return pl.concat(parts)
