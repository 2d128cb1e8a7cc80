"""What people buy: by their age and region, and by the time of the year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.systems.fraud.world.categories import CATEGORIES, NAMES, ONLINE, REGIONS, TASTE

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices

__all__ = ["SEASON", "in_season", "taste"]

_SEASONS: Final = {
    "clothing": (0.9, 0.85, 1.0, 1.1, 1.0, 1.0, 1.0, 0.9, 1.1, 1.1, 1.15, 1.3),
    "household": (0.8, 0.85, 1.1, 1.2, 1.2, 1.1, 1.0, 0.9, 0.95, 1.0, 1.05, 1.0),
    "fashion": (0.9, 0.8, 1.0, 1.1, 1.05, 1.0, 0.95, 0.85, 1.05, 1.05, 1.3, 1.25),
    "electronics": (0.85, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85, 0.9, 1.0, 1.0, 1.7, 1.6),
    "travel": (1.5, 1.2, 0.95, 0.95, 1.1, 1.25, 1.3, 1.0, 0.8, 0.75, 0.6, 0.6),
    "delivery": (1.2, 1.15, 1.0, 0.95, 0.9, 0.85, 0.8, 0.8, 0.95, 1.05, 1.15, 1.1),
    "vouchers": (0.7, 0.9, 0.8, 0.9, 1.0, 0.9, 0.8, 0.8, 0.8, 0.9, 1.2, 2.4),
    "donations": (0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.9, 1.0, 1.3, 2.2),
    "gaming": (1.1, 1.0, 0.95, 0.95, 0.9, 1.0, 1.0, 0.95, 0.95, 1.0, 1.1, 1.2),
}
"""How much more is bought in each month than in the mean one; of other categories as much in all."""

SEASON: Final = np.array(
    [[_SEASONS.get(name, (1.0,) * 12)[month] for name in NAMES] for month in range(12)], dtype=np.float32
)
"""How much more is bought of each category (columns) in each month (rows)."""


def _flat(weights: Floats) -> Floats:
    """Lay cumulative weights of rows end to end, each row one long: one search finds a column of any row."""
    cumulative = np.cumsum(weights, axis=1)
    laid: Floats = (cumulative / cumulative[:, -1:] + np.arange(len(weights))[:, None]).ravel()
    return laid


_ANY, _ONLINE = _flat(TASTE), _flat(np.where(ONLINE, TASTE, 0.0))
_IN_SEASON = _flat(
    TASTE.sum(axis=0)[None, :]
    * (np.maximum(SEASON - 1.0, 0.0) + 1e-3)  # what is usual where nothing is in season
)


def _drawn(chance: np.random.Generator, laid: Floats, row: Indices) -> Indices:
    columns = len(CATEGORIES)
    found = np.searchsorted(laid, row + chance.random(len(row)), side="right")
    return (found - row * columns).clip(0, columns - 1)


def taste(chance: np.random.Generator, age: Indices, region: Indices, *, online: bool = False) -> Indices:
    """Pick a category by the taste of an age band in a region.

    Parameters
    ----------
    age, region
        Positions in `AGES` and `REGIONS`.
    online
        Only of what is sold online.
    """
    row = age.astype(np.int64) * len(REGIONS) + region
    return _drawn(chance, _ONLINE if online else _ANY, row)


def in_season(chance: np.random.Generator, month: Indices) -> Indices:
    """Pick a category of which more is bought in a month (0 to 11) than in others."""
    return _drawn(chance, _IN_SEASON, month.astype(np.int64))
