"""Files of events: CSV, JSON Lines and Parquet, read in chunks of bounded size.

Each source is opened once to see whether it can hold its event at all, and then read chunk by chunk. A
chunk parts what was read into physical rows and refusals; its row numbers count the file's rows from one,
a header not counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from sevenfold.data.table import REJECTS, split
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType

__all__ = ["ROW", "ROWS_A_CHUNK", "Chunk", "Source", "parted", "refused_row", "sorted_rejects"]

ROW = "_row"
"""The column of a chunk's accepted rows that holds their numbers."""

ROWS_A_CHUNK = 50_000


class Chunk(NamedTuple):
    """Some rows of a source.

    Attributes
    ----------
    accepted
        The physical columns of the rows without a fault, and `ROW`.
    rejects
        Columns as `sevenfold.data.table.REJECTS`: what is wrong with the others.
    rows
        How many rows were read.
    read_bytes
        How far into the file the chunk reaches.
    """

    accepted: pl.DataFrame
    rejects: pl.DataFrame
    rows: int
    read_bytes: int


@dataclass(frozen=True)
class Source(ABC):
    """A file of one type of event.

    Parameters
    ----------
    path
        Of the file.
    event
        What its rows are.
    columns
        For a field, the column that holds it, where that has another name.
    """

    path: Path
    event: EventType
    columns: Mapping[str, str]

    @abstractmethod
    def faults(self) -> Sequence[Fault]:
        """Return why the file cannot hold the event, as far as its beginning shows.

        Raises
        ------
        DataError
            Where it is not a file of this kind.
        """

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """Yield the file's rows, in order."""

    @abstractmethod
    def head(self, rows: int) -> pl.DataFrame:
        """Return the first rows as they are in the file, columns that hold no field included."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def column(self, field: str) -> str:
        """Return the name of the column that holds a field."""
        return self.columns.get(field, field)

    def column_faults(self, columns: Sequence[str]) -> list[Fault]:
        """Return a fault for each field that no column holds, though it must be given or was mapped."""
        there = f"The columns are: {', '.join(columns)}"
        return [
            Fault(
                f"{self.path.name}: {self.event.__name__}.{name}",
                f"a column {self.column(name)!r}",
                "none",
                there,
            )
            for name, field in self.event.__fields__.items()
            if self.column(name) not in columns and (field.required or name in self.columns)
        ]

    def unreadable(self, reason: object) -> DataError:
        """Return the error for a file that is not of the kind that its name says."""
        return DataError(f"{self.path} cannot be read: {reason}")


def parted(event: EventType, frame: pl.DataFrame, numbers: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part a table of raw columns into accepted rows and rejects, under the numbers of its rows."""
    accepted, rejects, positions = split(event, frame)
    return (
        accepted.with_columns(numbers.filter(positions).alias(ROW)),
        rejects.with_columns(row=numbers.gather(rejects["row"])),
    )


def refused_row(row: int, expected: str, got: str, hint: str = "") -> dict[str, object]:
    """Return the line of rejects for a row that is wrong as a whole."""
    return {"row": row, "field": "", "expected": expected, "got": got, "hint": hint}


def sorted_rejects(*rejects: pl.DataFrame) -> pl.DataFrame:
    """Return rejects in the order of their rows."""
    return pl.concat(rejects).select(*REJECTS).sort("row", maintain_order=True)
