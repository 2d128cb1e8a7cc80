"""Friendly fraud: the cardholder made the payment and disputes it all the same.

An ordinary payment of an honest device, reported late, most often for digital goods, games, travel and
subscriptions that were forgotten;
nothing in it can be detected. To a model it is a wrong label, and every payment platform has some: the
truth says ``is_fraud = False`` under the pattern's name.

Source: Visa, "What every merchant needs to know about friendly fraud" (June 2022), which calls it
first-party misuse and puts it at up to 75 % of all chargebacks. Here it is one in twelve, so that labels
are noisy and still worth learning from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import NEVER, SHOP, Batch
from sevenfold.systems.fraud.world.categories import CATEGORIES
from sevenfold.systems.fraud.world.clock import DAY

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["FRIENDLY_FRAUD", "dispute"]

FRIENDLY_FRAUD = "friendly_fraud"

_RATE = 0.055
"""Disputes of ordinary payments for each fraudulent one: about one chargeback in twelve."""
_DELAY, _SPREAD = 24.0, 0.7
_TEMPTING = np.array(
    [3.0 if c.name in ("digital", "gaming", "travel", "subscription") else 1.0 for c in CATEGORIES]
)


def dispute(world: Society, chance: np.random.Generator, ordinary: Batch, code: int) -> None:
    """Mark some ordinary online payments of a batch as disputed by their own payers, in place."""
    rate = _RATE * world.plan.fraud_share / max(1 - world.plan.fraud_share, 0.5)
    tempting = _TEMPTING[world.merchants.category[ordinary.merchant]]
    disputed = chance.random(len(ordinary)) < rate * tempting
    disputed &= (ordinary.channel != SHOP) & (ordinary.declined == 0) & (ordinary.refunded == NEVER)
    rows = np.flatnonzero(disputed)
    days = _DELAY * np.exp(_SPREAD * chance.standard_normal(len(rows)))
    when = ordinary.time[rows] + ((1 + days) * DAY).astype(np.int64)
    ordinary.pattern[rows] = code
    ordinary.reported[rows] = np.where(days < 119, when, NEVER)
