"""Finding the files of events that a user means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sevenfold.data.csv_source import CsvSource
from sevenfold.data.jsonl_source import JsonlSource
from sevenfold.data.parquet_source import ParquetSource
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType
    from sevenfold.data.sources import Source

__all__ = ["Found", "find_sources"]

_KINDS: dict[str, type[Source]] = {
    ".csv": CsvSource,
    ".jsonl": JsonlSource,
    ".ndjson": JsonlSource,
    ".parquet": ParquetSource,
}
_SUFFIXES = ", ".join(_KINDS)


class Found(NamedTuple):
    """The sources that were found, and remarks on what was passed over."""

    sources: list[Source]
    notes: list[str]


def find_sources(
    events: Mapping[str, EventType],
    source: Path | str | Mapping[str, Path | str],
    event: str | None,
    mapping: Mapping[str, str],
) -> Found:
    """Return the sources that the arguments of `sevenfold.data.ingest.ingest` name.

    Raises
    ------
    UsageError
        With everything that is not there: files, events, fields.
    """
    notes: list[str] = []
    if isinstance(source, Mapping):
        files = [(name, Path(path)) for name, path in source.items()]
    elif Path(source).is_dir():
        files, notes = _in_folder(events, Path(source), event)
    else:
        files = [(event or Path(source).stem, Path(source))]
    columns, faults = _columns(events, mapping, {name for name, _ in files})
    faults = [*(fault for name, path in files for fault in _file_faults(events, name, path)), *faults]
    if faults:
        raise UsageError("These events cannot be ingested", faults)
    sources = [_KINDS[path.suffix.lower()](path, events[name], columns.get(name, {})) for name, path in files]
    return Found(sources, notes)


def _in_folder(
    events: Mapping[str, EventType], folder: Path, event: str | None
) -> tuple[list[tuple[str, Path]], list[str]]:
    wanted = [event] if event is not None else list(events)
    tables = sorted(file for file in folder.iterdir() if file.suffix.lower() in _KINDS)
    files = [(name, file) for name in wanted for file in tables if file.stem == name]
    if not files:
        fault = Fault(str(folder), f"files named {' or '.join(wanted)} with {_SUFFIXES}", "none of them")
        raise UsageError("There is nothing to ingest", [fault])
    taken = {file for _, file in files}
    return files, [
        f"{file.name} was left out: it is named after no event" for file in tables if file not in taken
    ]


def _file_faults(events: Mapping[str, EventType], name: str, path: Path) -> list[Fault]:
    faults = []
    if name not in events:
        hint = f"Say what its rows are; the events are: {', '.join(events)}"
        faults.append(Fault(path.name, "the rows of a declared event", repr(name), hint))
    if not path.exists():
        faults.append(Fault(str(path), "a file or a folder", "nothing"))
    elif not path.is_file() or path.suffix.lower() not in _KINDS:
        faults.append(Fault(str(path), f"a file with one of {_SUFFIXES}", repr(path.suffix)))
    return faults


def _columns(
    events: Mapping[str, EventType], mapping: Mapping[str, str], wanted: set[str]
) -> tuple[dict[str, dict[str, str]], list[Fault]]:
    """Part a column mapping by event, and return a fault for each field that no event has."""
    columns: dict[str, dict[str, str]] = {}
    faults = []
    for target, column in mapping.items():
        event, _, field = target.rpartition(".")
        holders = [
            name for name in wanted & set(events) if event in ("", name) and field in events[name].__fields__
        ]
        for name in holders:
            columns.setdefault(name, {})[field] = column
        if not holders:
            fields = sorted({field for name in wanted & set(events) for field in events[name].__fields__})
            hint = f"The fields are: {', '.join(fields)}"
            faults.append(
                Fault(f"mapping of {target}", "a field of the events to ingest", repr(target), hint)
            )
    return columns, faults
