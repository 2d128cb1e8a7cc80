"""Looking at events as they are read: a profile, what expectations ask for, personal data.

What can be told from a profile is told from it; what must be exact (values outside a range or a set,
repetitions) is counted row by row. Memory does not grow with the number of rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.expectation import NUMBERS
from sevenfold.data.fields import Kind
from sevenfold.data.pii import recognised
from sevenfold.data.profile import Profile, kinds_of
from sevenfold.data.profile_cells import COLUMNS, cells, compacted, in_units
from sevenfold.data.uniqueness import Uniqueness
from sevenfold.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.expectation import Expectation
    from sevenfold.data.pii import PersonalData, Recognised
    from sevenfold.data.sources import Chunk

__all__ = ["Outside", "Profiler", "personal_faults"]

_ROWS_WAITING = 200_000
_CELLS_WAITING = 300_000
_LOOKED_AT_A_CHUNK = 5_000
_FREQUENT = 50
_SEARCHED = (Kind.TEXT, Kind.CATEGORY, Kind.ENTITY, Kind.INTEGER)


@dataclass(slots=True)
class Outside:
    """Values that an expectation does not allow.

    Parameters
    ----------
    n
        How many.
    low, high
        The smallest and largest of them, where they are numbers.
    values
        The frequent of them, where they are texts; of rare ones there are too many to keep.
    """

    n: int
    low: float | None
    high: float | None
    values: Counter[str]


class Profiler:
    """What the rows of one event are like.

    Parameters
    ----------
    event
        What they are.
    expectations
        Those of this event and of others, which are passed over.
    work
        A folder for what does not fit into memory.
    """

    def __init__(self, event: EventType, expectations: Sequence[Expectation], work: Path) -> None:
        self.event = event
        self.outside: dict[Expectation, Outside] = {}
        self._personal: dict[str, dict[PersonalData, Recognised]] = {}
        self._looked_at: Counter[str] = Counter()
        self._expected = [one for one in expectations if one.event is event and one.field is not None]
        self._unique = {
            str(one.field): Uniqueness(work / f"{event.__name__}.{one.field}")
            for one in self._expected
            if one.unique
        }
        self._declared = {str(one.field): one.personal for one in self._expected if one.personal}
        self._waiting: list[pl.DataFrame] = []
        self._parts = [pl.DataFrame(schema=COLUMNS)]

    def add(self, chunk: Chunk) -> None:
        """Look at some rows."""
        rows = chunk.accepted.select(*self.event.__fields__)
        if rows.height:
            self._waiting.append(rows)
            self._watch(rows)
            self._search(rows)
        refused = chunk.rejects.group_by("field").agg(n=pl.len().cast(pl.Int64))
        read = pl.DataFrame({"part": ["read"], "n": [chunk.rows]}, schema_overrides={"n": pl.Int64})
        for counted in (read, refused.with_columns(part=pl.lit("refused"))):
            at_no_slice = counted.with_columns(slice=pl.lit(0, pl.Int8))
            self._parts.append(pl.concat([self._parts[0].clear(), at_no_slice], how="diagonal"))
        if sum(one.height for one in self._waiting) >= _ROWS_WAITING:
            self._count()

    def profile(self) -> Profile:
        """Give the profile of all rows so far."""
        self._count()
        if len(self._parts) > 1:
            self._parts = [compacted(self._parts)]
        return Profile(self.event.__name__, kinds_of(self.event), self._parts[0])

    def repeated(self, field: str) -> int:
        """Count values of a field that is expected to be unique and had come before."""
        return self._unique[field].repeated()

    def personal(self) -> dict[str, list[Recognised]]:
        """Give the personal data that was recognised, by field."""
        return {
            field: [replace(one, looked_at=self._looked_at[field]) for one in kinds.values()]
            for field, kinds in self._personal.items()
        }

    def undeclared(self) -> dict[str, list[Recognised]]:
        """Give the personal data of fields that are not declared to hold it."""
        found = {
            field: [one for one in kinds if one.kind.value not in self._declared.get(field, ())]
            for field, kinds in self.personal().items()
        }
        return {field: kinds for field, kinds in found.items() if kinds}

    def _count(self) -> None:
        """Count the rows that wait, many together: each count costs something however few there are."""
        if self._waiting:
            self._parts.append(cells(self.event, pl.concat(self._waiting, how="vertical_relaxed")))
            self._waiting = []
        if sum(part.height for part in self._parts) > _CELLS_WAITING:
            self._parts = [compacted(self._parts)]

    def _watch(self, rows: pl.DataFrame) -> None:
        for one in self._expected:
            name = str(one.field)
            if one.unique:
                self._unique[name].add(rows[name])
            if one.between is not None:
                self._keep(one, _beyond(in_units(self.event, name, rows), *one.between))
            if one.one_of is not None:
                allowed = [str(value) for value in one.one_of]
                values = rows[name].cast(pl.String)
                self._keep(one, values.filter(~values.is_in(allowed)))

    def _keep(self, one: Expectation, values: pl.Series) -> None:
        known = self.outside.setdefault(one, Outside(0, None, None, Counter()))
        if not values.len():
            return
        known.n += values.len()
        if one.kind in NUMBERS and one.between is not None:
            low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
            known.low = low if known.low is None else min(low, known.low)
            known.high = high if known.high is None else max(high, known.high)
        else:
            counts = values.value_counts().sort("count", descending=True).head(_FREQUENT)
            known.values.update(dict(counts.iter_rows()))
            known.values = Counter(dict(known.values.most_common(_FREQUENT)))

    def _search(self, rows: pl.DataFrame) -> None:
        every = max(1, rows.height // _LOOKED_AT_A_CHUNK)
        for name, field in self.event.__fields__.items():
            if field.kind in _SEARCHED:
                looked_at = rows[name].gather_every(every).drop_nulls()
                self._looked_at[name] += looked_at.len()
                for one in recognised(looked_at):
                    before = self._personal.setdefault(name, {}).get(one.kind)
                    values = one.values + (0 if before is None else before.values)
                    example = one.example if before is None else before.example
                    self._personal[name][one.kind] = replace(one, values=values, example=example)


def personal_faults(profilers: Sequence[Profiler]) -> list[Fault]:
    """Return a fault for each field that holds personal data and is not declared to."""
    faults = []
    for profiler in profilers:
        for field, kinds in profiler.undeclared().items():
            where = f"{profiler.event.__name__}.{field}"
            faults += [Fault(where, "no personal data", str(one), one.remedy(where)) for one in kinds]
    return faults


def _beyond(values: pl.Series, low: float | None, high: float | None) -> pl.Series:
    number = pl.col("value").cast(pl.Float64)
    beyond = pl.lit(value=False)
    if low is not None:
        beyond |= number < low
    if high is not None:
        beyond |= number > high
    return values.alias("value").to_frame().filter(beyond)["value"]
