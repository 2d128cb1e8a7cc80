"""Events in CSV files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, TextIO

import polars as pl

from sevenfold.data.sources import ROW, ROWS_A_CHUNK, Chunk, Source, parted, refused_row, sorted_rejects
from sevenfold.data.table import REJECTS
from sevenfold.errors import Fault

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence

__all__ = ["CsvSource"]

_DELIMITERS = ",;\t|"
_KEEP_OTHER_BYTES = "surrogateescape"
"""Bytes that are not UTF-8 pass as surrogates, so that only their row is refused."""


@dataclass(frozen=True)
class CsvSource(Source):
    """A CSV file in UTF-8 with a header; commas, semicolons, tabs or bars between the cells.

    An empty cell is null. A row with more or fewer cells than the header is refused, never cut or padded.
    """

    def faults(self) -> Sequence[Fault]:
        """See `Source.faults`."""
        with self._open() as file:
            header, _ = self._begin(file)
        twice = sorted({name for name in header if header.count(name) > 1})
        return [
            *(Fault(f"{self.path.name}: header", "each name once", f"{name!r} twice") for name in twice),
            *self.column_faults(header),
        ]

    def chunks(self) -> Iterator[Chunk]:
        """See `Source.chunks`."""
        with self._open() as file:
            header, reader = self._begin(file)
            numbered = _numbered(reader, len(header))
            while lines := list(islice(numbered, ROWS_A_CHUNK)):
                yield self._chunk(header, lines, file.buffer.tell())

    def head(self, rows: int) -> pl.DataFrame:
        """See `Source.head`."""
        with self._open() as file:
            header, reader = self._begin(file)
            lines = [line.cells for line in islice(_numbered(reader, len(header)), rows) if not line.refused]
        schema = dict.fromkeys(header, pl.String)
        return pl.DataFrame(list(zip(*lines, strict=True)) or None, schema=schema)

    def _open(self) -> TextIO:
        return self.path.open(encoding="utf-8-sig", errors=_KEEP_OTHER_BYTES, newline="")

    def _begin(self, file: TextIO) -> tuple[list[str], Reader]:
        """Read the header, and return it with the reader of what follows."""
        first = file.readline()
        if not first.strip():
            raise self.unreadable(
                "it is empty" if not first else "it begins with an empty line, not with a header"
            )
        reader = csv.reader(chain([first], file), delimiter=max(_DELIMITERS, key=first.count), strict=True)
        try:
            return [name.strip() for name in next(reader)], reader
        except csv.Error as error:
            raise self.unreadable(error) from None

    def _chunk(self, header: list[str], lines: list[_Line], read_bytes: int) -> Chunk:
        sound = [line for line in lines if line.refused is None]
        wrong = [line.refused for line in lines if line.refused is not None]
        cells = list(zip(*(line.cells for line in sound), strict=True)) or [()] * len(header)
        columns = {
            field: [cell or None for cell in cells[header.index(self.column(field))]]
            for field in self.event.__fields__
            if self.column(field) in header
        }
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        numbers = pl.Series(ROW, [line.number for line in sound], dtype=pl.Int64)
        accepted, rejects = parted(self.event, frame, numbers)
        rejects = sorted_rejects(rejects, pl.DataFrame(wrong, schema=REJECTS))
        return Chunk(accepted, rejects, len(lines), read_bytes)


class _Line(NamedTuple):
    number: int
    cells: list[str]
    refused: dict[str, object] | None


def _numbered(reader: Reader, width: int) -> Iterator[_Line]:
    """Yield the rows that a reader finds, numbered from one; empty lines are none."""
    number = 0
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            hint = f"Look at lines {begin} to {reader.line_num} of the file"
            yield _Line(number, [], refused_row(number, "a CSV row", str(error), hint))
            continue
        if cells:
            number += 1
            yield _Line(number, cells, _refusal(number, cells, width))


def _refusal(number: int, cells: list[str], width: int) -> dict[str, object] | None:
    if len(cells) != width:
        hint = "Put cells that hold the delimiter into quotes" if len(cells) > width else ""
        return refused_row(number, f"{width} cells, as in the header", f"{len(cells)}", hint)
    text = "".join(cells)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return refused_row(number, "text in UTF-8", "other bytes", "Save the file as UTF-8")
    return None
