"""Looking at files of a design's events without bringing them in."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.data.find import find_sources
from sevenfold.data.pii import recognised
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sevenfold.data.inspection import QualityReport
    from sevenfold.data.sources import Source
    from sevenfold.design.workspace import Workspace

__all__ = ["look_at"]

_HEAD = 10_000


def look_at(
    workspace: Workspace,
    source: Path | str | Mapping[str, Path | str],
    *,
    event: str | None = None,
    mapping: Mapping[str, str] | None = None,
    now_ms: int | None = None,
    progress: Callable[[float, float | None], None] | None = None,
) -> QualityReport:
    """Read files of events and tell what they are like; nothing is kept.

    Parameters
    ----------
    workspace
        The design, and what its earlier ingests were like.
    source, event, mapping
        See `sevenfold.data.ingest.ingest`.
    now_ms
        The present, which freshness is counted from.
    progress
        Called with the bytes done and the bytes to do.

    Raises
    ------
    UsageError
        Where there is no such file, event or field.
    DataError
        Where a file cannot hold its event at all.
    """
    found = find_sources(workspace.design.events, source, event, mapping or {})
    faults = [fault for one in found.sources for fault in one.faults()]
    if faults:
        raise DataError("These files cannot be looked at", faults)
    inspection = workspace.inspection(now_ms=now_ms)
    total, before = sum(one.size for one in found.sources), 0
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        for one in found.sources:
            for chunk in one.chunks():
                inspection.add(one, chunk, Path(work))
                if progress is not None:
                    progress(before + chunk.read_bytes, total)
            before += one.size
        report = inspection.report()
    dropped = [note for one in found.sources for note in _unread(one)]
    return replace(report, notes=(*found.notes, *report.notes, *dropped))


def _unread(source: Source) -> Iterator[str]:
    """Tell of personal data in columns that no field names: they are never read, which is as it should be."""
    read = {source.column(field) for field in source.event.__fields__}
    for column in source.head(_HEAD).iter_columns():
        if column.name not in read:
            for one in recognised(column):
                name = f"{source.path.name}: column {column.name!r}"
                yield f"{name} holds {one}; no field names it, so that it is never read"
