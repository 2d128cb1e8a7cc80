"""Values of a category that were never there before, and those that are there no more.

References
----------
Misra, Gries (1982), Finding Repeated Elements: the frequent values of a stream in a fixed number of counters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from sevenfold.learning.days import BINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["LONGEST", "NewValues", "vanished"]

_COUNTERS: Final = 64
_LEAST: Final = 15
"""Times that a new value is seen within about a week before it is news."""

_LEAST_SHARE: Final = 0.001
_KEPT_OF_A_DAY: Final = 6 / 7
"""What of a count is left a day later: a memory of a week."""

LONGEST: Final = 40
"""Characters of a value that are kept and told."""

_EXPECTED: Final = 40.0
"""Rows that a value must be expected to have in a week for none at all to be news."""


@dataclass(eq=False)
class NewValues:
    """The frequent ones among the values that the reference does not know, in 64 counters.

    Parameters
    ----------
    known
        The values of the reference.
    """

    known: Sequence[str]
    counters: dict[str, float] = field(default_factory=dict)
    rows: float = 0.0

    def add(self, texts: pl.Series) -> None:
        """Count the values of some rows; null is none.

        Counters are merged in the order of the values' first rows, so that how rows are cut into pages
        matters only where there are more values than counters.
        """
        self.rows += len(texts)
        if not self.known:
            return
        counted = texts.drop_nulls().cast(pl.String).alias("value").value_counts()
        strange = counted.filter(~pl.col("value").is_in(list(self.known)))
        for value, count in strange.top_k(_COUNTERS * 4, by=["count", "value"]).iter_rows():
            self._count(value[:LONGEST], float(count))

    def _count(self, value: str, count: float) -> None:
        if value in self.counters or len(self.counters) < _COUNTERS:
            self.counters[value] = self.counters.get(value, 0.0) + count
            return
        least = min(count, min(self.counters.values()))
        self.counters = {name: own - least for name, own in self.counters.items() if own > least}
        if count > least:
            self.counters[value] = count - least

    def close(self) -> list[tuple[str, float]]:
        """End a day: give the values that are news, the most frequent first, with their share of the rows."""
        least = max(_LEAST, _LEAST_SHARE * self.rows)
        found = [
            (value, count / self.rows)
            for value, count in sorted(self.counters.items(), key=lambda pair: (-pair[1], pair[0]))
            if count >= least
        ]
        self.rows *= _KEPT_OF_A_DAY
        kept = {value: count * _KEPT_OF_A_DAY for value, count in self.counters.items()}
        self.counters = {value: count for value, count in kept.items() if count >= 0.5}
        return found

    def state(self) -> dict[str, Any]:
        """Give all that it knows."""
        return {"counters": self.counters, "rows": self.rows}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.counters, self.rows = dict(state["counters"]), state["rows"]


def vanished(counts: NDArray[np.int64], known: Sequence[str]) -> list[tuple[str, float]]:
    """Find values with a bin of their own that a week has none of.

    Parameters
    ----------
    counts
        int64, shape (days, `BINS`): of one feature, the newest day last; five weeks.
    known
        The values of the bins.

    Returns
    -------
    list
        Each value, with the share that the weeks before had of it.
    """
    week, before = counts[-7:].sum(0), counts[:-7].sum(0)
    rows, rows_before = week.sum(), max(int(before.sum()), 1)
    share = before / rows_before
    gone = (week == 0) & (share * rows >= _EXPECTED)
    return [(known[code][:LONGEST], float(share[code])) for code in np.flatnonzero(gone[: BINS - 2]).tolist()]
