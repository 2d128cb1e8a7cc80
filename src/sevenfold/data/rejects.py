"""The file of what was refused: one line for each value, so that its sender can mend it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.table import REJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Rejects", "rejects_file"]

_COLUMNS = ("source", *REJECTS)


class Rejects:
    """Refusals on their way into a CSV file.

    Attributes
    ----------
    rows
        How many rows were refused.
    fields
        How many values were refused, by event and field.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.rows = 0
        self.fields: Counter[str] = Counter()
        self._file = file
        self._file.write(",".join(_COLUMNS).encode() + b"\n")

    def add(self, source: str, event: str, rejects: pl.DataFrame) -> None:
        """Write refusals of one source; all those of a row come together."""
        lines = rejects.with_columns(source=pl.lit(source)).select(*_COLUMNS)
        self._file.write(lines.write_csv(include_header=False).encode())
        self.rows += rejects["row"].n_unique()
        self.fields.update(f"{event}.{field}" if field else event for field in rejects["field"])


@contextmanager
def rejects_file(path: Path) -> Iterator[Rejects]:
    """Open a file of refusals, which takes its place when everything is in it."""
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        yield Rejects(file)
