"""The log in columns: a stretch of it with its decisions, its labels, and everything else as it stands.

Whatever watches the system folds these pages, so that the log is decoded once, in bulk. A page holds the
decisions of one feature program; where the program changes, a page ends. A decided event and its record stand
side by side in the log and are never parted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from sevenfold.data.body import read_table
from sevenfold.data.lake import ARRIVED, OFFSET
from sevenfold.errors import Fault, LogError
from sevenfold.monitoring.columns import Decisions, LabelEvents
from sevenfold.serving.names import DECISION, PROGRAM, RESERVED
from sevenfold.serving.record import Program, decode_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.log import LogEntry
    from sevenfold.learning.label import Label
    from sevenfold.serving.record import DecisionRecord

__all__ = [
    "PAGE_ENTRIES",
    "Decisions",
    "LabelEvents",
    "Page",
    "ReadableLog",
    "Reading",
    "pages",
]

PAGE_ENTRIES = 50_000
"""Log entries of a page, about: 100 MB of them at most."""


class ReadableLog(Protocol):
    """What a log must do to be read in pages; `sevenfold.data.sqlite_log.SqliteEventLog` does."""

    def read(self, from_offset: int = 0, limit: int | None = None) -> Iterator[LogEntry]:
        """Yield the entries from an offset on."""
        ...

    def end(self) -> int:
        """Return the offset that the next new entry will get."""
        ...

    def entries_of(self, event: str) -> list[LogEntry]:
        """Return all entries of one event, which are few."""
        ...


@dataclass(frozen=True)
class Reading:
    """What of a design must be known to read its log.

    Parameters
    ----------
    decided
        The event that is decided.
    label
        What brings labels; ``None``: nothing does. Weak sources are not read: nothing is measured by a guess.
    """

    decided: EventType
    label: Label | None = None

    @property
    def sources(self) -> dict[str, EventType]:
        """The events that bring labels, by name."""
        label = () if self.label is None else self.label.sources
        return {source.event.__name__: source.event for source in label if not source.weak}


@dataclass(frozen=True, eq=False)
class Page:
    """A stretch of the log.

    Parameters
    ----------
    first, stop
        Its first offset, and the one behind its last.
    newest_ms
        The newest arrival in it, epoch milliseconds: how far the log's time has come. Changes of rules,
        models and alerts, which may come by another clock, count only where there is nothing else.
    decisions
        What was decided, in the order of the log.
    labels
        What was said about decided events, in the order of the log.
    entries
        Everything else, raw: events that were not decided, changes of rules, lists and models, verdicts.
    """

    first: int
    stop: int
    newest_ms: int
    decisions: Decisions
    labels: LabelEvents
    entries: tuple[LogEntry, ...]


def pages(
    log: ReadableLog,
    reading: Reading,
    first: int = 0,
    stop: int | None = None,
    size: int = PAGE_ENTRIES,
) -> Iterator[Page]:
    """Yield the log from an offset on, page by page.

    Parameters
    ----------
    log
        The log.
    reading
        What is decided and what brings labels.
    first
        Where to begin: 0, or the end of a page.
    stop
        The offset to end before; by default the log's end as it stands now. A decided event right before it
        is left to the next reading where the log goes on, since its record may be next.
    size
        Entries of a page, about.

    Raises
    ------
    LogError
        Where the log is damaged, or holds a record that does not follow its event.
    """
    end = log.end() if stop is None else min(stop, log.end())
    programs = {entry.key: Program.decode(entry.body) for entry in log.entries_of(PROGRAM)}
    entries = log.read(first, end - first)
    decided = reading.decided.__name__
    parted = end < log.end()
    waiting: list[LogEntry] = []
    while True:
        step = waiting + list(islice(entries, max(size, 2) - len(waiting)))
        more = len(step) >= max(size, 2)
        # The record of a last event may be the next entry: then both belong to the next page.
        waiting = [step.pop()] if step and (more or parted) and step[-1].event == decided else []
        if step:
            yield from _parts(step, reading, programs)
        if not more:
            return


def _parts(entries: Sequence[LogEntry], reading: Reading, programs: dict[str, Program]) -> Iterator[Page]:
    """Cut entries where the feature program changes, and decode each part."""
    places = [place for place, entry in enumerate(entries) if entry.event == DECISION]
    records = decode_records([entries[place].body for place in places])
    changes = [
        number for number in range(1, len(records)) if records[number].program != records[number - 1].program
    ]
    begin = 0
    for low, high in zip([0, *changes], [*changes, len(records)], strict=True):
        stop = places[high] - 1 if high < len(records) else len(entries)
        mine = [place - begin for place in places[low:high]]
        yield _page(entries[begin:stop], mine, records[low:high], reading, programs)
        begin = stop


def _page(
    entries: Sequence[LogEntry],
    places: Sequence[int],
    records: Sequence[DecisionRecord],
    reading: Reading,
    programs: Mapping[str, Program],
) -> Page:
    taken = set(places)
    faults = []
    for place in places:
        before, entry = entries[place - 1] if place else None, entries[place]
        if before is None or (before.event, before.key) != (reading.decided.__name__, entry.key):
            got = "the beginning" if before is None else before.event
            faults.append(
                Fault(f"offset {entry.offset}", f"a decision behind its {reading.decided.__name__}", got)
            )
        taken.add(place - 1)
    if faults:
        raise LogError("The log can't be read in columns", faults[:100])
    program = _program(records, programs)
    events = [entries[place - 1] for place in places]
    decisions = Decisions.of(
        [entries[place] for place in places],
        records,
        read_table(reading.decided, [event.body for event in events]),
        np.fromiter((event.time_ms for event in events), np.int64, len(events)),
        program,
    )
    labels = _labels(entries, reading)
    others = tuple(
        entry
        for place, entry in enumerate(entries)
        if place not in taken and entry.event not in reading.sources
    )
    arrivals = [entry.arrived_ms for entry in entries if entry.event not in RESERVED]
    newest = max(arrivals or [entry.arrived_ms for entry in entries])
    return Page(entries[0].offset, entries[-1].offset + 1, newest, decisions, labels, others)


def _program(records: Sequence[DecisionRecord], programs: Mapping[str, Program]) -> Program | None:
    if not records:
        return None
    key = records[0].program
    if key not in programs:
        raise LogError(f"The log does not say what the features of program {key} are")
    return programs[key]


def _labels(entries: Sequence[LogEntry], reading: Reading) -> LabelEvents:
    """Read the label events of all sources, in the order of the log."""
    tables = {}
    for name, event in reading.sources.items():
        own = [entry for entry in entries if entry.event == name]
        if own:
            tables[name] = read_table(event, [entry.body for entry in own]).with_columns(
                pl.Series(OFFSET, [entry.offset for entry in own], dtype=pl.Int64),
                pl.Series(ARRIVED, [entry.arrived_ms for entry in own], dtype=pl.Int64),
            )
    return LabelEvents.of(reading.label, tables)
