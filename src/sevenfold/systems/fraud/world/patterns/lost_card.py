"""Lost and stolen cards in hand: the finder taps them in shops until the bank stops it.

The card is there, so there is no device and no address; in the country where the owner is, in the opening
hours of shops, below the limit up to which no PIN is asked, a quarter of an hour apart.

Source: European Central Bank, "Report on Card Fraud in 2020 and 2021" (2023), which splits card-present
fraud by lost and stolen cards; Commission Delegated Regulation (EU) 2018/389, article 11, which lets a card
be tapped without a PIN up to 50 euros and five times in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import opening
from sevenfold.systems.fraud.world.categories import CATEGORIES, ONLINE
from sevenfold.systems.fraud.world.clock import DAY, MINUTE
from sevenfold.systems.fraud.world.network import NONE
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import some_sizes, victims_cards

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["LOST_CARD"]

_DOORS = np.flatnonzero(~ONLINE)
_SHARE = np.array([category.share for category in CATEGORIES])[_DOORS]


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of = len(attacks), attacks.of
    size = len(of)
    pace = 16 * MINUTE * chance.lognormal(0, 0.7, count)
    time = attacks.times(pace[of] * chance.exponential(1, size), world.plan.end_ms)
    victim, card = victims_cards(world, chance, attacks.start)
    day = (attacks.start - world.plan.start_ms) // DAY
    place = world.people.place(victim, day)[of]
    category = chance.choice(_DOORS, size, p=_SHARE / _SHARE.sum())
    merchant = world.merchants.choose(chance, category, place)
    merchant = opening.instead(world, chance, merchant, place, (time - world.plan.start_ms) // DAY)
    none = np.full(size, NONE, dtype=np.int64)
    return Strike(
        time=opening.in_hours(world, time, merchant),
        card=card[of],
        merchant=merchant,
        device=none,
        ip=none,
        country=place,
        paid_in=place,
        factor=np.ones(size),
        cents=np.minimum(np.rint(2_600 * chance.lognormal(0, 0.5, size)), 4_999).astype(np.int64),
    )


LOST_CARD = Pattern(
    name="lost_card",
    share=0.07,
    sizes=some_sizes(2.8, 8),
    strike=_strike,
    noticed=0.93,
    delay=6.0,
    dead=0.04,
    suspected=0.02,
    refunded=0.0,
    hours=(*(0.15,) * 7, *(1.0,) * 14, *(0.5,) * 3),
    bought=False,
)
