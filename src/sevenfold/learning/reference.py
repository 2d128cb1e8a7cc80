"""What is normal for everyone: how the values of each feature were spread over the training set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.days import Days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.learning.arrays import FloatVector
    from sevenfold.learning.candidate import Table
    from sevenfold.learning.encoding import Column

__all__ = ["LEVELS", "Reference", "Spread"]

LEVELS: FloatVector = np.unique(np.r_[np.arange(0, 101), 0.1, 0.5, 99.5, 99.9]) / 100.0
"""The shares at which the values of a number are kept: each percent, and closer at both ends."""

_DAYS = "*days"
"""No name of a feature, so that it can stand beside them."""


@dataclass(frozen=True, eq=False)
class Spread:
    """The values of one feature in the training set.

    Parameters
    ----------
    missing
        The share of rows without a value.
    quantiles
        float64, shape (levels,): of a number, its values at `LEVELS` among the rows that have one; empty for
        a category, and where no row had a value.
    shares
        Of a category: the share of rows with each known value, among those that have any.
    """

    missing: float
    quantiles: FloatVector = field(repr=False)
    shares: Mapping[str, float] = field(repr=False)

    def below(self, value: float) -> float | None:
        """Give the share of values smaller than one, 0 to 1; ``None`` where none is known."""
        return self._share(value, "left")

    def above(self, value: float) -> float | None:
        """Give the share of values larger than one, 0 to 1; ``None`` where none is known."""
        upto = self._share(value, "right")
        return None if upto is None else 1.0 - upto

    def _share(self, value: float, side: Any) -> float | None:
        known = self.quantiles
        if not len(known):
            return None
        at = int(np.searchsorted(known, value, side=side))
        if at == 0:
            return 0.0
        if at == len(known):
            return 1.0
        inside = (value - known[at - 1]) / (known[at] - known[at - 1])
        return float(LEVELS[at - 1] + inside * (LEVELS[at] - LEVELS[at - 1]))


@dataclass(frozen=True, eq=False)
class Reference:
    """The spread of every feature.

    Parameters
    ----------
    spreads
        By the feature's name.
    days
        The newest days before the training, one by one; ``None`` where they were not kept.
    """

    spreads: Mapping[str, Spread]
    days: Days | None = field(default=None, repr=False)

    @classmethod
    def of(cls, table: Table, days: Days | None = None) -> Reference:
        """Read the spreads from encoded rows, each counted with its weight; days are kept as they are."""
        weight = np.ones(len(table)) if table.weight is None else table.weight
        return cls(
            {
                column.name: _spread(column, values, weight)
                for column, values in zip(table.encoding.columns, table.X.T, strict=True)
            },
            days,
        )

    @cached_property
    def names(self) -> Sequence[str]:
        """The features' names, in the order of the model's input."""
        return list(self.spreads)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data for `json`."""
        data: dict[str, Any] = {
            name: {"missing": s.missing, "quantiles": s.quantiles.tolist(), "shares": dict(s.shares)}
            for name, s in self.spreads.items()
        }
        return data if self.days is None else {**data, _DAYS: self.days.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> Reference:
        """Build the reference that `to_json` described."""
        return cls(
            {
                name: Spread(one["missing"], np.array(one["quantiles"], dtype=np.float64), one["shares"])
                for name, one in data.items()
                if name != _DAYS
            },
            Days.from_json(data[_DAYS]) if _DAYS in data else None,
        )


def _spread(column: Column, values: FloatVector, weight: FloatVector) -> Spread:
    there = ~np.isnan(values)
    whole, known = float(weight.sum()), float(weight[there].sum())
    missing = 1.0 - known / whole if whole else 1.0
    nothing: FloatVector = np.empty(0)
    if not known:
        return Spread(missing, nothing, {})
    if column.categories is None:
        quantiles = np.quantile(values[there], LEVELS, weights=weight[there], method="inverted_cdf")
        return Spread(missing, quantiles.astype(np.float64), {})
    counts = np.bincount(values[there].astype(np.int64), weight[there], minlength=column.levels)
    shares = {name: float(counts[code] / known) for code, name in enumerate(column.categories, 1)}
    return Spread(missing, nothing, shares)
