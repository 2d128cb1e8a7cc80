"""What things cost: by category, merchant and customer, with the endings that prices have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import categories, countries
from sevenfold.systems.fraud.world.chance import mix

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices
    from sevenfold.systems.fraud.world.merchants import Merchants

__all__ = ["HALVES", "amount", "rounded"]

_TIERS = np.array([0.65, 1.0, 1.6])
"""A subscription's three prices, relative to its merchant's level."""


HALVES = 3
"""The ending of prices in halves of a unit."""


def amount(
    chance: np.random.Generator,
    merchants: Merchants,
    merchant: Indices,
    payer: Indices,
    means: Floats,
    currency_of: Indices,
) -> Indices:
    """Draw what each payment comes to, in hundredths of its currency.

    Log-normal within a category, as spending is (Fraud Detection Handbook, chapter 3, uses a normal with a
    customer's mean; real amounts are skewed), scaled by merchant and by what the customer can spend.

    Parameters
    ----------
    payer
        Who pays: whoever subscribes pays the same each time.
    means
        What the customers spend relative to others.
    currency_of
        The country whose money is paid in.
    """
    category = merchants.category[merchant]
    tier = _TIERS[mix(payer * 7_919 + merchant, 41).astype(np.int64) % len(_TIERS)]
    spread = np.exp(categories.SPREAD[category] * chance.standard_normal(len(merchant), dtype=np.float32))
    spread = np.where(category == categories.SUBSCRIBED, tier, spread * means)
    euros = categories.MEDIAN[category] * merchants.level[merchant] * spread
    return rounded(euros * countries.PRICE_LEVEL[currency_of], merchants.ending[merchant])


def rounded(value: Floats, ending: Indices) -> Indices:
    """Return hundredths with the ending that a merchant gives its prices; at least 0.10, at most 25,000.

    >>> rounded(np.array([12.34, 12.34, 12.34, 12.34, 12.34]), np.array([0, 1, 2, 3, 4]))
    array([1234, 1199, 1195, 1250, 1200])
    """
    units = np.maximum(np.rint(value), 1.0)
    ends = (
        np.rint(value * 100),
        units * 100 - 1,
        units * 100 - 5,
        np.maximum(np.rint(value * 2), 1) * 50,
        units * 100,
    )
    return np.choose(ending, ends).clip(10, 2_500_000).astype(np.int64)
