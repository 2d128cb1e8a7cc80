"""The lake: the log's events as Parquet files, by type and day, for training and analysis.

``<lake>/<Event>/day=YYYY-MM-DD/part-<first>-<last>.parquet`` holds the events of one day with offsets
between the two, physical columns and two more: ``_offset``, the event's place in the log, and
``_arrived``, when it came to be known, in epoch milliseconds. The lake is a fold over the log: it can be
deleted and is laid again.

A part counts once the lake's state says that the log is laid up to its end; so an interrupted update
leaves nothing but files that the next one removes. A day with many parts is merged into one, which counts
instead of those it covers.
"""

from __future__ import annotations

import re
import zlib
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import polars as pl

from sevenfold.data.body import read_table
from sevenfold.data.durable import alone, replacing
from sevenfold.data.table import physical_schema
from sevenfold.errors import LogError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sevenfold.data.event import EventType
    from sevenfold.data.log import EventLog, LogEntry

__all__ = ["ARRIVED", "OFFSET", "Lake"]

OFFSET, ARRIVED = "_offset", "_arrived"

_ENTRIES_A_STEP = 100_000
_PARTS_A_DAY = 8
_PART = re.compile(r"part-(\d+)-(\d+)\.parquet")
_STATE = "state.json"
_DAY = "day"
_LAY_ANEW = "Delete the lake's folder to have it laid anew from the log"
_AFTER_A_FAILURE = "What was laid stays; once the cause is gone (a full disk?), update again"
_EXTRA = {OFFSET: pl.Int64(), ARRIVED: pl.Int64()}


class _Laid(msgspec.Struct, frozen=True):
    """How far one event's table has come, and with which columns."""

    end: int
    columns: dict[str, str]
    rows: int


class _State(msgspec.Struct, frozen=True):
    """What the lake knows about itself: each event's progress, and a check that the log is still the same."""

    events: dict[str, _Laid] = {}
    last: tuple[int, int] | None = None


class _Part(NamedTuple):
    """One file, and the offsets that it spans."""

    path: Path
    first: int
    last: int

    def covers(self, other: _Part) -> bool:
        """Tell whether this part was merged from the other."""
        return self.path != other.path and self.first <= other.first and other.last <= self.last


class Lake:
    """The Parquet tables of some events.

    Parameters
    ----------
    path
        Of the folder; it is made when there is something to lay.
    events
        The types of event to lay; others in the log are passed over. A type that is added later, or whose
        fields change, is laid from the log's beginning by the next update.
    """

    def __init__(self, path: Path | str, events: Iterable[EventType]) -> None:
        self.path = Path(path)
        self.events = {event.__name__: event for event in events}

    def update(self, log: EventLog, *, progress: Callable[[int, int], None] | None = None) -> int:
        """Lay what the log has gained, and return how many entries were looked at.

        May be interrupted at any point and repeated: what was laid stays, nothing is laid twice.

        Parameters
        ----------
        log
            Always the same one.
        progress
            Called with the entries done and the entries to do.

        Raises
        ------
        LogError
            Where the log is damaged, is not the one that the lake was laid from, or where the lake cannot be
            written.
        """
        with alone(self.path):
            state = self._state()
            _check_same(log, state)
            self._sweep(state)
            begin = min((state.events[name].end for name in self.events), default=0)
            end = log.end()
            entries = log.read(begin, end - begin)
            done = 0
            while step := list(islice(entries, _ENTRIES_A_STEP)):
                state = self._lay(step, state)
                done += len(step)
                if progress is not None:
                    progress(done, end - begin)
        return done

    def scan(self, event: str) -> pl.LazyFrame:
        """Return one event's lazy table: physical columns, `OFFSET` and `ARRIVED`, in no particular order.

        Collect it before the next update but one, which removes files that were merged.

        Raises
        ------
        UsageError
            Where the lake does not hold such an event.
        """
        schema = self._schema(event)
        return self._scan(event, schema, self._state())

    def table(self, event: str) -> pl.DataFrame:
        """Return the table of one event in the order of the log: `scan`, collected, sorted and counted.

        Raises
        ------
        UsageError
            Where the lake does not hold such an event.
        LogError
            Where parts of it are gone.
        """
        schema, state = self._schema(event), self._state()
        table = self._scan(event, schema, state).sort(OFFSET).collect()
        laid = state.events[event].rows
        if table.height != laid:
            missed = f"{table.height:,} {event} events of {laid:,}"
            raise LogError(f"The lake {self.path} holds {missed}. {_LAY_ANEW}")
        return table

    def _scan(self, event: str, schema: dict[str, pl.DataType], state: _State) -> pl.LazyFrame:
        paths = [part.path for part in self._parts(event, state.events[event].end)]
        if not paths:
            return pl.LazyFrame(schema=schema)
        return pl.scan_parquet(paths, schema=schema, glob=False, hive_partitioning=False)

    def _schema(self, event: str) -> dict[str, pl.DataType]:
        if event not in self.events:
            known = ", ".join(self.events) or "none"
            raise UsageError(f"The lake holds no event {event!r}; its events are: {known}")
        return physical_schema(self.events[event]) | _EXTRA

    def _state(self) -> _State:
        """Return the state on disk; events that it does not know, or knew otherwise, are at zero."""
        file = self.path / _STATE
        try:
            state = msgspec.json.decode(file.read_bytes(), type=_State)
        except FileNotFoundError:
            state = _State()
        except msgspec.MsgspecError as error:
            raise LogError(f"{file} is damaged: {error}. {_LAY_ANEW}") from None
        laid = dict(state.events)
        for name in self.events:
            columns = {column: str(dtype) for column, dtype in self._schema(name).items()}
            if name not in laid or laid[name].columns != columns:
                laid[name] = _Laid(0, columns, 0)
        return _State(laid, state.last)

    def _parts(self, event: str, end: int) -> list[_Part]:
        """Return the parts that count, in the order of their first offsets."""
        counting: list[_Part] = []
        for day in sorted((self.path / event).glob("day=*")):
            counting += _counting(day, end)
        return sorted(counting, key=lambda part: part.first)

    def _sweep(self, state: _State) -> None:
        """Remove what an interrupted update left behind, and what was merged."""
        for name in self.events:
            for day in (self.path / name).glob("day=*"):
                kept = {part.path for part in _counting(day, state.events[name].end)}
                for file in day.iterdir():
                    if file not in kept:
                        file.unlink()

    def _lay(self, step: list[LogEntry], state: _State) -> _State:
        """Write the parts of some entries and return the state that makes them count, once it is on disk."""
        end = step[-1].offset + 1
        laid = dict(state.events)
        try:
            for name, event in self.events.items():
                entries = [entry for entry in step if entry.event == name and entry.offset >= laid[name].end]
                if entries:
                    self._write(event, entries, laid[name].end)
                before = laid[name]
                laid[name] = _Laid(max(end, before.end), before.columns, before.rows + len(entries))
            after = _State(laid, _identity(step[-1]))
            with replacing(self.path / _STATE) as unfinished:
                unfinished.write_bytes(msgspec.json.encode(after))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise LogError(f"The lake {self.path} cannot be written: {error}. {_AFTER_A_FAILURE}") from error
        return after

    def _write(self, event: EventType, entries: list[LogEntry], counted: int) -> None:
        table = read_table(event, [entry.body for entry in entries]).with_columns(
            pl.Series(OFFSET, [entry.offset for entry in entries], dtype=pl.Int64),
            pl.Series(ARRIVED, [entry.arrived_ms for entry in entries], dtype=pl.Int64),
        )
        days = table.group_by(table[event.__time__].dt.date().alias(_DAY), maintain_order=True)
        for (day,), rows in days:
            self._write_day(event, self.path / event.__name__ / f"day={day!s}", rows, counted)

    def _write_day(self, event: EventType, folder: Path, rows: pl.DataFrame, counted: int) -> None:
        parts = _counting(folder, counted)
        if len(parts) >= _PARTS_A_DAY:
            schema = self._schema(event.__name__)
            rows = pl.concat(
                [*(pl.read_parquet(part.path, schema=schema, glob=False) for part in parts), rows]
            )
        offsets = rows[OFFSET]
        with replacing(folder / f"part-{offsets[0]:012d}-{offsets[-1]:012d}.parquet") as unfinished:
            rows.write_parquet(unfinished, compression_level=1)


def _counting(folder: Path, end: int) -> list[_Part]:
    """Return the parts of a folder that lie before an end and were not merged into another, in order."""
    if not folder.is_dir():
        return []
    parts = [
        part
        for file in folder.iterdir()
        if (match := _PART.fullmatch(file.name))
        and (part := _Part(file, *map(int, match.groups()))).last < end
    ]
    counting = [part for part in parts if not any(other.covers(part) for other in parts)]
    return sorted(counting, key=lambda part: part.first)


def _identity(entry: LogEntry) -> tuple[int, int]:
    return entry.offset, zlib.crc32(entry.body)


def _check_same(log: EventLog, state: _State) -> None:
    if state.last is None:
        return
    offset, _ = state.last
    if offset >= log.end() or _identity(next(iter(log.read(offset, 1)))) != state.last:
        raise LogError(
            f"The lake was laid from another log: it knows another entry at offset {offset}. {_LAY_ANEW}"
        )
