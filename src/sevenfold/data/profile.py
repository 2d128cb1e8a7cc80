"""A profile: what the events of an ingest were like, in a size that does not grow with their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.profile_cells import ALL, COLUMNS, DAY, compacted
from sevenfold.data.profile_sketch import distinct, quantiles
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType

__all__ = ["Profile", "kinds_of", "load_profile"]

_ABOUT = "sevenfold"


class _About(msgspec.Struct, frozen=True):
    """What a profile's file says of itself."""

    event: str
    kinds: dict[str, str]
    hashed_by: str


@dataclass(frozen=True)
class Profile:
    """What some events of one type were like.

    Parameters
    ----------
    event
        The name of their type.
    kinds
        The kind of each field.
    cells
        Counters, as `sevenfold.data.profile_cells` has them.
    hashed_by
        The version of Polars that hashed its values: numbers of distinct values of other versions are not
        merged, as their hashes differ.
    """

    event: str
    kinds: dict[str, str]
    cells: pl.DataFrame
    hashed_by: str = pl.__version__

    @classmethod
    def empty(cls, event: EventType) -> Profile:
        """Give the profile of no events."""
        return cls(event.__name__, kinds_of(event), pl.DataFrame(schema=COLUMNS))

    @property
    def read(self) -> int:
        """Rows read, refused ones included."""
        return self._total("read")

    @property
    def rows(self) -> int:
        """Events that were accepted."""
        return self._total("hourly")

    @property
    def refused(self) -> dict[str, int]:
        """Refused values by field; those of rows that were wrong as a whole under an empty name."""
        table = self.part("refused")
        return dict(zip(table["field"].to_list(), table["n"].to_list(), strict=True))

    def part(self, part: str, field: str | None = None, slice_: int | None = None) -> pl.DataFrame:
        """Give the counters of one part, of one field and one kind of slice where they are named."""
        wanted = pl.col("part") == part
        if field is not None:
            wanted &= pl.col("field") == field
        if slice_ is not None:
            wanted &= pl.col("slice") == slice_
        return self.cells.filter(wanted)

    def nulls(self, field: str) -> int:
        """Missing values of a field."""
        return int(self.part("nulls", field, DAY)["n"].sum())

    def bins(self, field: str, part: str = "numbers") -> pl.DataFrame:
        """Give the binned values of a field, or lengths of its texts: ``bin`` and ``n``."""
        return self.part(part, field, DAY).group_by("bin").agg(pl.col("n").sum()).sort("bin")

    def quantiles(self, field: str, shares: Sequence[float]) -> list[float]:
        """Estimate quantiles of a field of numbers, within 2 %; NaN where it has no values."""
        return quantiles(self.bins(field), shares)

    def extremes(self, field: str) -> tuple[float, float, float] | None:
        """Give the smallest and largest value and the mean of a field of numbers, exactly."""
        table = self.part("extremes", field)
        if not table.height:
            return None
        low, high, total, n = table.select("low", "high", "total", "n").row(0)
        return low, high, total / n

    def top(self, field: str) -> pl.DataFrame:
        """Give the frequent values of a field, most frequent first: ``value`` and ``n``.

        Each is at most `lost` too low, and any value that is absent comes at most that often.
        """
        kept = self.cells.filter(
            pl.col("part").is_in(["values", "frequent"]), pl.col("field") == field, pl.col("slice") == DAY
        )
        counted = kept.group_by("value").agg(pl.col("n").sum())
        return counted.sort("n", "value", descending=[True, False])

    def lost(self, field: str) -> int:
        """By how much the counts of `top` may be too low."""
        return int(self.part("lost", field, DAY)["n"].sum())

    def distinct(self, field: str) -> float | None:
        """Estimate how many values a field has (standard error 2.3 %); ``None`` where that is not counted."""
        ranks = self.part("registers", field)
        if ranks.height:
            return min(distinct(ranks["n"].to_numpy()), float(self.rows - self.nulls(field)))
        if self.part("values", field).height:
            return float(self.top(field).height)
        return None

    def merged(self, other: Profile) -> Profile:
        """Give the profile of the events of both; fields of which the kind has changed are the other's."""
        cells = self.cells
        changed = [name for name, kind in self.kinds.items() if other.kinds.get(name) != kind]
        if changed:
            cells = cells.filter(~pl.col("field").is_in(changed).fill_null(value=False))
        if self.hashed_by != other.hashed_by:
            cells = cells.filter(pl.col("part") != "registers")
        return Profile(other.event, other.kinds, compacted([cells, other.cells]), other.hashed_by)

    def save(self, path: Path) -> None:
        """Write the profile to a Parquet file."""
        about = msgspec.json.encode(_About(self.event, self.kinds, self.hashed_by)).decode()
        order = self.cells.sort(*COLUMNS)
        with replacing(path) as unfinished:
            order.write_parquet(unfinished, metadata={_ABOUT: about})

    def _total(self, part: str) -> int:
        return int(self.part(part, slice_=ALL)["n"].sum())


def kinds_of(event: EventType) -> dict[str, str]:
    """Return the kind of each field of an event, as a profile keeps it."""
    return {name: field.kind.value for name, field in event.__fields__.items()}


def load_profile(path: Path) -> Profile:
    """Read a profile.

    Raises
    ------
    DataError
        The file is damaged or no profile.
    """
    try:
        about = msgspec.json.decode(pl.read_parquet_metadata(path)[_ABOUT], type=_About)
        cells = pl.read_parquet(path, schema=COLUMNS, glob=False)
    except (pl.exceptions.PolarsError, msgspec.MsgspecError, KeyError) as error:
        raise DataError(f"{path} is no profile, or is damaged: {error}") from error
    return Profile(about.event, about.kinds, cells, about.hashed_by)
