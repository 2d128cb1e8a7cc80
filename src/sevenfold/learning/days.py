"""What ordinary days look like: how the values of each feature were spread, day by day, before a training.

A spread over the whole training set says what is usual, not how much one day differs from the next. Days kept
apart hold the week, the trend and the noise, with whatever values of one card or merchant have in common, so
that a change can be told from an ordinary day without a formula for what is ordinary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.learning.arrays import FloatVector

__all__ = ["BINS", "DAY_MS", "KEPT_DAYS", "Bins", "Days", "tally"]

DAY_MS: Final = 86_400_000
BINS: Final = 22
"""Bins of each feature: numbers use 15 at most, categories all; the last counts missing values."""

KEPT_DAYS: Final = 91
"""Days that are kept, the newest: thirteen weeks, so that each day of the month is there three times."""

_MISSING: Final = BINS - 1
_OTHER: Final = BINS - 2
_KNOWN: Final = 500
"""Values of a category that are kept by name; all but the first twenty share a bin."""

_LEVELS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999)
_TEXT = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, eq=False)
class Bins:
    """How the values of one feature are counted.

    Parameters
    ----------
    edges
        float64, shape (m,), m at most 13: of a number, the upper ends of the first bins, each included.
    categories
        Of a category: its values in the reference, the most frequent first; ``None`` for a number. The first
        twenty have a bin of their own.
    """

    edges: FloatVector = field(repr=False)
    categories: tuple[str, ...] | None = None

    @classmethod
    def of(cls, values: pl.Series) -> Bins:
        """Choose the bins for the values of a reference: quantiles, closer at both ends."""
        if isinstance(values.dtype, _TEXT):
            counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
            ranked = counts.sort("count", "value", descending=[True, False])["value"]
            return cls(np.empty(0), tuple(ranked.head(_KNOWN).to_list()))
        numbers = values.cast(pl.Float64).drop_nulls().to_numpy()
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            return cls(np.empty(0))
        return cls(np.unique(np.quantile(numbers, _LEVELS, method="inverted_cdf")))

    def codes(self, numbers: FloatVector) -> NDArray[np.int64]:
        """Give the bin of each number; NaN is missing."""
        found: NDArray[np.int64] = np.searchsorted(self.edges, numbers)
        found[np.isnan(numbers)] = _MISSING
        return found

    def text_codes(self, texts: pl.Series) -> NDArray[np.int64]:
        """Give the bin of each text; null is missing, and what has no bin of its own is other."""
        own = {value: min(code, _OTHER) for code, value in enumerate((self.categories or ())[:_OTHER])}
        found = texts.cast(pl.String).replace_strict(own, default=_OTHER, return_dtype=pl.Int64)
        codes: NDArray[np.int64] = found.to_numpy().copy()
        codes[texts.is_null().to_numpy()] = _MISSING
        return codes


@dataclass(frozen=True, eq=False)
class Days:
    """Counts of every feature's values, day by day.

    Parameters
    ----------
    bins
        How each feature is counted, by name.
    numbers
        int64, shape (days,): each day, counted from 1970 in UTC, in order; a day without rows is left out.
    counts
        int64, shape (days, features, `BINS`).
    """

    bins: Mapping[str, Bins]
    numbers: NDArray[np.int64]
    counts: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, features: pl.DataFrame, times: NDArray[np.int64]) -> Days:
        """Count the newest `KEPT_DAYS` days of a table.

        Parameters
        ----------
        features
            One column a feature: numbers, booleans or categories.
        times
            int64, shape (rows,): when each row happened, epoch milliseconds.
        """
        day = times // DAY_MS
        chosen = day > day.max(initial=0) - KEPT_DAYS
        kept, numbers = features.filter(pl.Series(chosen)), np.unique(day[chosen])
        bins = {series.name: Bins.of(series) for series in kept.iter_columns()}
        place = np.searchsorted(numbers, day[chosen])
        counts = np.zeros((len(numbers), len(bins), BINS), np.int64)
        for at, series in enumerate(kept.iter_columns()):
            counts[:, at] = tally(place, _codes(bins[series.name], series), len(numbers))
        return cls(bins, numbers, counts)

    @property
    def names(self) -> Sequence[str]:
        """The features' names."""
        return list(self.bins)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data for `json`."""
        return {
            "days": self.numbers.tolist(),
            "features": {
                name: {
                    "edges": one.edges.tolist(),
                    "categories": None if one.categories is None else list(one.categories),
                    "counts": self.counts[:, place].tolist(),
                }
                for place, (name, one) in enumerate(self.bins.items())
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Days:
        """Build the days that `to_json` described."""
        bins, counts = {}, []
        for name, one in data["features"].items():
            known = None if one["categories"] is None else tuple(one["categories"])
            bins[name] = Bins(np.array(one["edges"], np.float64), known)
            counts.append(np.array(one["counts"], np.int64).reshape(-1, BINS))
        numbers = np.array(data["days"], np.int64)
        stacked = np.stack(counts, 1) if counts else np.zeros((len(numbers), 0, BINS), np.int64)
        return cls(bins, numbers, stacked)


def tally(place: NDArray[np.int64], codes: NDArray[np.int64], places: int) -> NDArray[np.int64]:
    """Count codes by place; int64, shape (places, `BINS`)."""
    found = np.bincount(place * BINS + codes, minlength=places * BINS)
    return found.astype(np.int64).reshape(places, BINS)


def _codes(bins: Bins, values: pl.Series) -> NDArray[np.int64]:
    if bins.categories is not None:
        return bins.text_codes(values)
    return bins.codes(values.cast(pl.Float64).fill_null(float("nan")).to_numpy())
