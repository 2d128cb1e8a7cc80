"""Events in Parquet files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.sources import ROW, ROWS_A_CHUNK, Chunk, Source, parted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevenfold.errors import Fault

__all__ = ["ParquetSource"]


@dataclass(frozen=True)
class ParquetSource(Source):
    """A Parquet file, of which only the columns that hold fields are read."""

    def faults(self) -> Sequence[Fault]:
        """See `Source.faults`."""
        if not self.size:
            raise self.unreadable("it is empty")
        try:
            return self.column_faults(list(pl.read_parquet_schema(self.path)))
        except pl.exceptions.PolarsError as error:
            raise self.unreadable(error) from error

    def chunks(self) -> Iterator[Chunk]:
        """See `Source.chunks`."""
        table = pl.scan_parquet(self.path, glob=False)
        there = table.collect_schema()
        held = [name for name in self.event.__fields__ if self.column(name) in there]
        rows = table.select(pl.len()).collect().item()
        fields = table.select(pl.col(self.column(name)).alias(name) for name in held)
        done = 0
        try:
            for frame in fields.collect_batches(chunk_size=ROWS_A_CHUNK):
                numbers = pl.int_range(done + 1, done + frame.height + 1, dtype=pl.Int64, eager=True)
                done += frame.height
                accepted, rejects = parted(self.event, frame, numbers.alias(ROW))
                yield Chunk(accepted, rejects, frame.height, self.size * done // rows)
        except pl.exceptions.PolarsError as error:
            raise self.unreadable(error) from error

    def head(self, rows: int) -> pl.DataFrame:
        """See `Source.head`."""
        return pl.scan_parquet(self.path, glob=False).head(rows).collect()
