"""What merchants sell: how often it is bought, at what price, by whom and at what hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats

__all__ = [
    "AGES",
    "AGE_SHARE",
    "CASHABLE",
    "CATEGORIES",
    "HOURS",
    "LIGHT",
    "MEDIAN",
    "NAMES",
    "ONLINE",
    "OPEN",
    "REGIONS",
    "RETAIL",
    "RETURNED",
    "SPREAD",
    "SUBSCRIBED",
    "TASTE",
    "WALLETS",
]

AGES: Final = ("18-29", "30-44", "45-64", "65+")
AGE_SHARE: Final = np.array([0.22, 0.29, 0.32, 0.17])

REGIONS: Final = ("capital", "city", "town", "country")


class Category(NamedTuple):
    """One kind of merchant.

    ``share`` of the payments, ``median`` price in euros and ``spread`` of its logarithm, ``peaks`` as
    (hour, width, weight) of the local day, ``taste`` of each age band in `AGES`, share of the payments that
    are ``returned``, hours of the local day from which and until when its shops are ``open``.
    """

    name: str
    online: bool
    share: float
    median: float
    spread: float
    peaks: tuple[tuple[float, float, float], ...]
    taste: tuple[float, float, float, float]
    returned: float
    open: tuple[float, float] = (0.0, 24.0)


_SHOP = ((11.5, 2.0, 1.0), (17.5, 2.0, 1.3))
_MEALS = ((13.0, 1.0, 1.0), (20.0, 1.5, 1.6))
_EVENING = ((12.5, 2.5, 0.7), (20.5, 2.2, 1.6))
_LATE = ((21.5, 2.5, 1.5), (1.0, 2.0, 0.5), (15.0, 3.0, 0.6))
_ALWAYS = ((6.0, 6.0, 0.8), (18.0, 6.0, 1.2))

CATEGORIES: Final = (
    Category("grocery", False, 0.085, 26.0, 0.75, _SHOP, (0.8, 1.0, 1.1, 1.3), 0.005, (7.5, 21.0)),
    Category("restaurant", False, 0.045, 24.0, 0.60, _MEALS, (1.2, 1.1, 0.9, 0.7), 0.002, (11.0, 23.5)),
    Category("fuel", False, 0.020, 47.0, 0.40, _SHOP, (0.6, 1.1, 1.2, 0.9), 0.001),
    Category("pharmacy", False, 0.015, 16.0, 0.70, _SHOP, (0.6, 0.8, 1.1, 1.9), 0.01, (8.5, 19.0)),
    Category("clothing", False, 0.025, 44.0, 0.70, _SHOP, (1.3, 1.1, 0.9, 0.6), 0.09, (9.5, 20.0)),
    Category("household", False, 0.015, 36.0, 0.90, _SHOP, (0.7, 1.1, 1.2, 0.8), 0.05, (9.0, 20.0)),
    Category("marketplace", True, 0.220, 31.0, 0.95, _EVENING, (1.0, 1.1, 1.0, 0.7), 0.10),
    Category("fashion", True, 0.110, 52.0, 0.75, _EVENING, (1.4, 1.1, 0.8, 0.5), 0.26),
    Category("electronics", True, 0.060, 115.0, 1.00, _EVENING, (1.2, 1.1, 0.9, 0.6), 0.11),
    Category("travel", True, 0.040, 190.0, 0.95, _EVENING, (0.9, 1.1, 1.1, 0.8), 0.08),
    Category("digital", True, 0.080, 9.5, 0.85, _LATE, (1.4, 1.1, 0.8, 0.4), 0.01),
    Category("subscription", True, 0.020, 11.0, 0.50, _ALWAYS, (1.3, 1.1, 0.9, 0.5), 0.02),
    Category("delivery", True, 0.085, 26.0, 0.45, _MEALS, (1.5, 1.2, 0.7, 0.3), 0.02),
    Category("vouchers", True, 0.020, 48.0, 0.65, _EVENING, (1.1, 1.0, 1.0, 0.9), 0.01),
    Category("donations", True, 0.015, 18.0, 0.85, _EVENING, (0.6, 0.9, 1.1, 1.6), 0.002),
    Category("gaming", True, 0.050, 14.0, 0.95, _LATE, (2.0, 1.0, 0.4, 0.1), 0.015),
    Category("mobility", True, 0.020, 9.0, 0.60, _SHOP, (1.4, 1.1, 0.9, 0.4), 0.01),
    Category("wallets", True, 0.020, 45.0, 0.85, _EVENING, (1.5, 1.2, 0.7, 0.3), 0.002),
)

NAMES: Final = [category.name for category in CATEGORIES]
ONLINE: Final = np.array([category.online for category in CATEGORIES])
MEDIAN: Final = np.array([category.median for category in CATEGORIES])
SPREAD: Final = np.array([category.spread for category in CATEGORIES])
RETURNED: Final = np.array([category.returned for category in CATEGORIES], dtype=np.float32)
"""Share of the payments of each category that are given back."""
OPEN: Final = np.array([category.open for category in CATEGORIES])
"""Hours of the local day from which (first column) and until when (second) shops are open."""

_OF_REGION: Final = {
    "fuel": (0.5, 0.9, 1.2, 1.6),
    "restaurant": (1.4, 1.1, 0.9, 0.7),
    "delivery": (1.5, 1.2, 0.7, 0.3),
    "mobility": (2.0, 1.2, 0.5, 0.2),
    "marketplace": (0.9, 0.95, 1.05, 1.2),
}
"""How much more is bought of some categories in each region of `REGIONS`; of others as much everywhere."""

TASTE: Final = np.array(
    [
        [c.share * c.taste[age] * _OF_REGION.get(c.name, (1.0,) * 4)[region] for c in CATEGORIES]
        for age in range(len(AGES))
        for region in range(len(REGIONS))
    ]
)
"""Weights of the categories (columns) for each age band and region (row 4 * age + region); not normalised."""

SUBSCRIBED: Final = NAMES.index("subscription")
WALLETS: Final = NAMES.index("wallets")
RETAIL: Final = np.array(
    [name in ("clothing", "household", "marketplace", "fashion", "electronics") for name in NAMES]
)
"""What has sales."""
CASHABLE: Final = [
    NAMES.index(name) for name in ("electronics", "vouchers", "marketplace", "fashion", "gaming")
]
"""Where stolen cards become goods that can be resold."""
LIGHT: Final = [NAMES.index(name) for name in ("donations", "digital", "delivery", "gaming", "subscription")]
"""Where small amounts are usual and checks are few."""

STEPS = 1024


def _hours(category: Category) -> Floats:
    """Return the hours of day at `STEPS` even quantiles of a wrapped mixture of bell curves."""
    grid = np.linspace(0, 24, 24 * 60, endpoint=False)
    density = np.full_like(grid, 0.0015)
    for hour, width, weight in category.peaks:
        away = (grid - hour + 12) % 24 - 12
        density += weight * np.exp(-0.5 * (away / width) ** 2) / width
    cumulative = np.cumsum(density)
    quantiles = (np.arange(STEPS) + 0.5) / STEPS * cumulative[-1]
    return np.asarray(np.interp(quantiles, cumulative, grid), dtype=np.float64)


HOURS: Final = np.stack([_hours(category) for category in CATEGORIES])
"""Inverse distribution of the local hour of day: ``HOURS[category, step]``, `STEPS` equally likely steps."""
