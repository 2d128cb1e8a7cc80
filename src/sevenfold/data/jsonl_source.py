"""Events in JSON Lines files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import polars as pl

from sevenfold.data.refusal import RefusedError
from sevenfold.data.rows import convert, parse
from sevenfold.data.sources import ROW, ROWS_A_CHUNK, Chunk, Source, refused_row
from sevenfold.data.table import REJECTS, from_physical_rows
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["JsonlSource"]

_LONGEST_LINE = 1 << 20
"""Bytes; a longer line is refused, so that a file without line ends does not fill the memory."""


@dataclass(frozen=True)
class JsonlSource(Source):
    """A file with a JSON object on each line."""

    def faults(self) -> Sequence[Fault]:
        """See `Source.faults`: only the rows tell which names they give."""
        with self.path.open("rb") as file:
            begin = file.read(1)
        if not begin:
            raise self.unreadable("it is empty")
        if begin == b"[":
            raise self.unreadable("it holds a JSON array; write one object on each line instead")
        return []

    def chunks(self) -> Iterator[Chunk]:
        """See `Source.chunks`."""
        with self.path.open("rb") as file:
            numbered = enumerate(_lines(file), start=1)
            while lines := list(islice(numbered, ROWS_A_CHUNK)):
                yield self._chunk(lines, file.tell())

    def head(self, rows: int) -> pl.DataFrame:
        """See `Source.head`: of each object, the texts and integers that stand in it directly, as text."""
        found: list[dict[str, str]] = []
        with self.path.open("rb") as file:
            for line in islice(_lines(file), rows):
                try:
                    row = parse(line or b"")
                except RefusedError:
                    continue  # `chunks` tells of it
                given = row.items() if isinstance(row, dict) else ()
                found.append({name: str(value) for name, value in given if isinstance(value, (str, int))})
        names = dict.fromkeys(name for row in found for name in row)
        return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String))

    def _chunk(self, lines: list[tuple[int, bytes | None]], read_bytes: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        numbers: list[int] = []
        rejects: list[dict[str, object]] = []
        for number, line in lines:
            try:
                rows.append(convert(self.event, self._decoded(line)))
                numbers.append(number)
            except RefusedError as refused:
                rejects.append(refused_row(number, refused.expected, refused.got, refused.hint))
            except DataError as error:
                rejects += [self._refused(number, fault) for fault in error.faults]
        accepted = from_physical_rows(self.event, rows).with_columns(pl.Series(ROW, numbers, dtype=pl.Int64))
        return Chunk(accepted, pl.DataFrame(rejects, schema=REJECTS), len(lines), read_bytes)

    def _decoded(self, line: bytes | None) -> object:
        if line is None:
            raise RefusedError(f"a line of at most {_LONGEST_LINE:,} bytes", "a longer one")
        row = parse(line)
        if self.columns and isinstance(row, dict):
            row |= {field: row[column] for field, column in self.columns.items() if column in row}
        return row

    def _refused(self, number: int, fault: Fault) -> dict[str, object]:
        field = fault.where.removeprefix(self.event.__name__).removeprefix(".")
        return refused_row(number, fault.expected, fault.got, fault.hint) | {"field": field}


def _lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """Yield the lines that are not blank; `None` for one that is too long."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield None
        elif not line.isspace():
            yield line
