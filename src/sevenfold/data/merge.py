"""Bringing rows of several files into the order of time, in bounded memory.

Chunks are written to a working folder as sorted runs, and the runs are merged. Only runs that overlap in
time are open together, each with a part of its rows loaded; files that are in order already have runs
that do not overlap.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from sevenfold.data.sources import ROW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sevenfold.data.event import EventType

__all__ = ["Piece", "Place", "Run", "in_order_of_time", "write_run"]

_ROWS_A_GROUP = 5000
_ROWS_LOADED = 100_000
_FEWEST_ROWS = 500


class Place(NamedTuple):
    """Where a row stands among all rows: by its time, then its source, then its number there."""

    time_ms: int
    source: int
    row: int


@dataclass(frozen=True, slots=True)
class Run:
    """Rows of one source in the order of time, in a file.

    Parameters
    ----------
    path
        Of the file: physical columns and `ROW`.
    event
        What the rows are.
    rows
        How many there are.
    first, last
        The places of the first and the last.
    ordered
        Whether the source had them in this order.
    """

    path: Path
    event: EventType
    rows: int
    first: Place
    last: Place
    ordered: bool


class Piece(NamedTuple):
    """Some rows of a source, in the order of time."""

    source: int
    event: EventType
    rows: pl.DataFrame


def write_run(path: Path, source: int, event: EventType, rows: pl.DataFrame) -> Run:
    """Sort rows of a source by their time, keep them in a file, and return the run."""
    time = rows[event.__time__]
    ordered = time.is_sorted()
    if not ordered:
        rows = rows.sort(event.__time__, maintain_order=True)
    rows.write_parquet(path, compression="lz4", row_group_size=_ROWS_A_GROUP, statistics=False)
    piece = Piece(source, event, rows)
    return Run(path, event, rows.height, _place(piece, 0), _place(piece, -1), ordered)


def in_order_of_time(runs: Iterable[Run]) -> Iterator[list[Piece]]:
    """Yield groups of pieces; every row of a group stands before every row of the next.

    Within a group, the pieces are still to be brought into one order.
    """
    waiting = deque(sorted(runs, key=lambda run: run.first))
    cursors: list[_Cursor] = []
    while waiting or cursors:
        if not cursors:
            cursors.append(_Cursor(waiting.popleft(), _ROWS_LOADED))
        bound = min(cursor.reach for cursor in cursors)
        while waiting and waiting[0].first <= bound:
            cursors.append(_Cursor(waiting.popleft(), _rows_each(len(cursors) + 1)))
            bound = min(bound, cursors[-1].reach)
        pieces = [cursor.take(bound) for cursor in cursors]
        yield [piece for piece in pieces if piece.rows.height]
        for cursor in cursors:
            if not cursor.loaded.height:
                cursor.load(_rows_each(len(cursors)))
        cursors = [cursor for cursor in cursors if cursor.loaded.height]


class _Cursor:
    """How far a run has been read."""

    def __init__(self, run: Run, rows: int) -> None:
        self.run = run
        self.reach = run.first
        self._read = 0
        self.load(rows)

    def load(self, rows: int) -> None:
        """Load the next rows, as the ones before are taken."""
        self.loaded = pl.scan_parquet(self.run.path, glob=False).slice(self._read, rows).collect()
        self._read += self.loaded.height
        if self.loaded.height:
            self.reach = _place(self._piece(self.loaded), -1)

    def take(self, bound: Place) -> Piece:
        """Take the loaded rows up to a place, that one included."""
        time = pl.col(self.run.event.__time__).cast(pl.Int64)
        before = time < bound.time_ms
        if self.run.first.source < bound.source:
            before = time <= bound.time_ms
        elif self.run.first.source == bound.source:
            before |= (time == bound.time_ms) & (pl.col(ROW) <= bound.row)
        count = int(self.loaded.select(before.sum()).item())
        taken, self.loaded = self.loaded.head(count), self.loaded.slice(count)
        return self._piece(taken)

    def _piece(self, rows: pl.DataFrame) -> Piece:
        return Piece(self.run.first.source, self.run.event, rows)


def _rows_each(cursors: int) -> int:
    return max(_FEWEST_ROWS, _ROWS_LOADED // cursors)


def _place(piece: Piece, position: int) -> Place:
    time = piece.rows[piece.event.__time__].cast(pl.Int64)
    return Place(time[position], piece.source, piece.rows[ROW][position])
