"""Cutting a field's profile into slices, and finding what each is to be measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.profile_cells import DAY, HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.data.profile import Profile

__all__ = ["Counts", "Cut", "Slice", "slices"]

_FEWEST_ROWS = 200
_FULL_DAY_HOURS = 18
_PART_OF = {
    "money": "numbers",
    "integer": "numbers",
    "float": "numbers",
    "category": "values",
    "boolean": "values",
}
_OTHERS = {"entity": "frequent", "text": "frequent"}

Floats = "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a field held, in one slice or in several of them.

    Parameters
    ----------
    rows
        Events.
    nulls
        Missing values.
    bins
        Float64, one a bin of the cut: values by size, or texts by length.
    values
        Float64, one a value of the cut: how often each came.
    """

    rows: float
    nulls: float
    bins: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def held(self) -> float:
        """Values that are there."""
        return self.rows - self.nulls

    def plus(self, other: Counts) -> Counts:
        """Add two up."""
        return Counts(
            self.rows + other.rows,
            self.nulls + other.nulls,
            self.bins + other.bins,
            self.values + other.values,
        )

    def times(self, factor: float) -> Counts:
        """Weigh every count."""
        return Counts(self.rows * factor, self.nulls * factor, self.bins * factor, self.values * factor)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some days in a row.

    Parameters
    ----------
    first, last
        Days since 1970.
    counts
        What the field held in them.
    is_new
        Whether they are to be judged, or only to measure others by.
    expected
        For a part of a day, what the same hours held before, where that is known.
    partial
        Whether it is a part of a day.
    """

    first: int
    last: int
    counts: Counts
    is_new: bool
    expected: Counts | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """One field in slices, in the order of time.

    Parameters
    ----------
    field, kind
        Its name and its kind.
    slices
        Those before the ones in question first.
    bins
        Int64, the numbers of the bins.
    values
        The values that are counted.
    """

    field: str
    kind: str
    slices: list[Slice]
    bins: NDArray[np.int64]
    values: list[str]


def slices(profile: Profile, usual: Profile | None, field: str, kind: str) -> Cut:
    """Cut a field: what came before and what is in question."""
    parts = [(one, flag) for one, flag in ((usual, False), (profile, True)) if one is not None]
    tables = [_tables(one, field, kind, DAY) for one, _ in parts]
    hours = _tables(usual, field, kind, HOUR) if usual is not None else None
    everything = [*tables, *([hours] if hours is not None else [])]
    bins = np.unique(
        np.concatenate([table["bins"]["bin"].to_numpy() for table in everything]).astype(np.int64)
    )
    values = sorted({value for table in everything for value in table["values"]["value"].to_list()})
    found: list[Slice] = []
    for (one, is_new), table in zip(parts, tables, strict=True):
        expected = _same_hours(profile, hours, bins, values) if is_new and hours is not None else {}
        found += _grouped(one, table, bins, values, is_new=is_new, expected=expected)
    return Cut(field, kind, found, bins, values)


def _tables(profile: Profile, field: str, kind: str, slice_: int) -> dict[str, pl.DataFrame]:
    binned = "numbers" if kind in ("money", "integer", "float") else "lengths"
    counted = "values" if kind in ("category", "boolean") else "frequent"
    return {
        "rows": profile.part("rows", slice_=slice_).select("at", "n"),
        "nulls": profile.part("nulls", field, slice_).select("at", "n"),
        "bins": profile.part(binned, field, slice_).select("at", "bin", "n"),
        "values": profile.part(counted, field, slice_).select("at", "value", "n"),
    }


def _counts(table: dict[str, pl.DataFrame], bins: NDArray[np.int64], values: list[str]) -> dict[int, Counts]:
    """Return the counts of each slice of some tables."""
    rows = dict(table["rows"].iter_rows())
    nulls = dict(table["nulls"].iter_rows())
    by_bin = {at: np.zeros(bins.size) for at in rows}
    by_value = {at: np.zeros(len(values)) for at in rows}
    at_bin = {int(bin_): position for position, bin_ in enumerate(bins)}
    at_value = {value: position for position, value in enumerate(values)}
    for at, bin_, n in table["bins"].iter_rows():
        by_bin[at][at_bin[bin_]] += n
    for at, value, n in table["values"].iter_rows():
        by_value[at][at_value[value]] += n
    return {at: Counts(rows[at], nulls.get(at, 0), by_bin[at], by_value[at]) for at in sorted(rows)}


def _grouped(
    profile: Profile,
    table: dict[str, pl.DataFrame],
    bins: NDArray[np.int64],
    values: list[str],
    *,
    is_new: bool,
    expected: dict[int, Counts],
) -> list[Slice]:
    """Put days together until there are rows enough; parts of days, in question, stay by themselves."""
    partial = _partial_days(profile) if is_new else set()
    found: list[Slice] = []
    pending: Slice | None = None
    for day, counts in _counts(table, bins, values).items():
        if not _is_counted(counts):
            continue  # its field was broken then
        if day in partial:
            found.append(Slice(day, day, counts, is_new, expected.get(day), partial=True))
            continue
        alone = Slice(day, day, counts, is_new)
        pending = alone if pending is None else Slice(pending.first, day, pending.counts.plus(counts), is_new)
        if pending.counts.rows >= _FEWEST_ROWS:
            found.append(pending)
            pending = None
    return sorted([*found, *([pending] if pending is not None else [])], key=lambda one: one.first)


def _is_counted(counts: Counts) -> bool:
    return bool(counts.nulls or counts.bins.sum() or counts.values.sum()) or counts.rows == 0


def _partial_days(profile: Profile) -> set[int]:
    """Return the first and the last day where fewer than 18 hours of them are there."""
    hours = profile.part("hourly")["at"].sort()
    if not hours.len():
        return set()
    first, last = int(hours[0]), int(hours[-1])
    found = set()
    if min(last, (first // 24) * 24 + 23) - first + 1 < _FULL_DAY_HOURS:
        found.add(first // 24)
    if last - max(first, (last // 24) * 24) + 1 < _FULL_DAY_HOURS:
        found.add(last // 24)
    return found


def _same_hours(
    profile: Profile, table: dict[str, pl.DataFrame], bins: NDArray[np.int64], values: list[str]
) -> dict[int, Counts]:
    """Return what the hours of each partial day held before, in the proportions in which they come now."""
    by_hour: dict[int, Counts] = {}
    for at, counts in _counts(table, bins, values).items():
        if _is_counted(counts):
            known = by_hour.get(at % 24)
            by_hour[at % 24] = counts if known is None else known.plus(counts)
    now = profile.part("hourly").select("at", "n")
    found = {}
    for day in _partial_days(profile):
        of_day = {
            int(at) % 24: int(n)
            for at, n in now.filter(pl.col("at") // 24 == day).iter_rows()
            if at % 24 in by_hour
        }
        total, known_rows = sum(of_day.values()), sum(by_hour[hour].rows for hour in of_day)
        expected: Counts | None = None
        for hour, n in of_day.items():
            weighed = by_hour[hour].times(n / total * known_rows / by_hour[hour].rows)
            expected = weighed if expected is None else expected.plus(weighed)
        if expected is not None:
            found[day] = expected
    return found
