"""What becomes of payments: issuers decline some, and merchants give some back.

Sources: Ethoca, "Solving the CNP False Decline Puzzle" (2016), for how often and why online payments are
declined (44 % for want of money, 9 % on suspicion) and for what people do then; National Retail Federation
and Appriss Retail, "2023 Consumer Returns in the Retail Industry", for how much goes back (17.6 % of the
value sold online).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import NEVER, REASONS, SHOP, Batch
from sevenfold.systems.fraud.world.categories import RETURNED
from sevenfold.systems.fraud.world.chance import pick
from sevenfold.systems.fraud.world.clock import DAY, HOUR

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["answered", "given_back", "reasons"]

_WEIGHTS = (0.44, 0.25, 0.09, 0.08, 0.07, 0.07, 0.0)
"""Of the reasons in `REASONS`, for those who pay with their own cards."""
_ONLINE, _SHOP = 0.032, 0.011
"""Share of the payments that are declined, online and in shops."""
_AGAIN = 0.25
"""Share of the second tries that are declined, too."""
_MEDIAN_ONLINE, _MEDIAN_SHOP, _SPREAD = 10.0, 5.0, 0.6
"""Days until a merchant gives money back, and the spread of their logarithm."""
_LONGEST = 90 * DAY


def reasons(chance: np.random.Generator, size: int) -> Indices:
    """Draw the codes of so many reasons to decline."""
    return 1 + pick(chance, list(_WEIGHTS), size).clip(0, len(REASONS) - 1)


def answered(
    world: Society, chance: np.random.Generator, batch: Batch, customer: Indices, tried: Indices
) -> None:
    """Let the issuers decline some payments of customers, in place; those with little money more often.

    Parameters
    ----------
    batch
        Ordinary payments.
    customer
        Who pays each.
    tried
        Rows that are second tries of payments which were declined.
    """
    share = np.where(batch.channel == SHOP, np.float32(_SHOP), np.float32(_ONLINE))
    share *= (1.6 - 0.6 * world.people.means[customer]).clip(0.5, 1.4)
    share[tried] = _AGAIN
    refused = np.flatnonzero(chance.random(len(batch), dtype=np.float32) < share)
    batch.declined[refused] = reasons(chance, len(refused))


def given_back(
    world: Society, chance: np.random.Generator, batch: Batch, share: Floats | None = None, days: float = 0.0
) -> Batch:
    """Let merchants give some payments back, as a whole or in part; what was declined cannot be given back.

    Parameters
    ----------
    batch
        Payments.
    share
        The share of each that goes back; by default what is usual for its merchant's category.
    days
        Median of the days until then; by default what is usual for its channel.
    """
    if share is None:
        share = RETURNED[world.merchants.category[batch.merchant]]
    back = np.flatnonzero((chance.random(len(batch), dtype=np.float32) < share) & (batch.declined == 0))
    median = days or np.where(batch.channel[back] == SHOP, _MEDIAN_SHOP, _MEDIAN_ONLINE)
    wait = median * np.exp(_SPREAD * chance.standard_normal(len(back))) * DAY + HOUR
    part = np.where(chance.random(len(back)) < 0.72, 1.0, chance.uniform(0.15, 0.85, len(back)))
    refunded = np.full(len(batch), NEVER, dtype=np.int64)
    returned = np.zeros(len(batch), dtype=np.int64)
    refunded[back] = batch.time[back] + np.minimum(wait, _LONGEST).astype(np.int64)
    returned[back] = np.maximum(np.rint(batch.cents[back] * part), 1).astype(np.int64)
    return replace(batch, refunded=refunded, returned=returned)
