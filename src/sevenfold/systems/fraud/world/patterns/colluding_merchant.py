"""A colluding merchant: a shop that sells nothing charges stolen cards, and is gone before anyone complains.

An obscure merchant that hardly anybody paid suddenly takes round, high amounts from many cards that have
nothing in common, for some days, each from another device.

Source: Van Vlasselaer et al., "APATE", Decision Support Systems 75, 2015, where the suspicion of a merchant
is a node of the network; European Central Bank, "Report on Card Fraud in 2020 and 2021" (2023) on fraud
acquired outside the cardholder's country.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import CASHABLE
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    either,
    foreign_cards,
    log_normal_sizes,
    victims_cards,
)

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["COLLUDING_MERCHANT"]

_FOREIGN = 0.5
_HANDS = 60


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size = len(of)
    span = DAY * chance.uniform(3, 12, count)
    time = attacks.times(span[of] / attacks.size[of] * chance.exponential(1, size), world.plan.end_ms)
    victim, own = victims_cards(world, chance, time)
    home = world.people.country[victim].astype(np.int64)
    foreign = chance.random(size) < _FOREIGN
    shop = world.merchants.obscure(chance, CASHABLE, count)
    hand = step % _HANDS
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home, (0.7, 0.05, 0.2, 0.05)
    )
    sum_of_shop = np.array([4_900, 7_500, 9_900, 12_000, 15_000])[chance.integers(0, 5, count)]
    varied = sum_of_shop[of] * np.array([0.5, 1.0, 1.0, 2.0])[chance.integers(0, 4, size)]
    return Strike(
        time=time,
        card=either(foreign, foreign_cards(attacks.number[of], step), own),
        merchant=shop[of],
        device=world.network.stranger(attacks.number[of] * 64 + hand),
        ip=ip,
        country=country,
        paid_in=home,
        factor=np.ones(size),
        cents=varied.astype(np.int64),
    )


COLLUDING_MERCHANT = Pattern(
    name="colluding_merchant",
    share=0.04,
    sizes=log_normal_sizes(40, 0.6, 12, 250),
    strike=_strike,
    noticed=0.7,
    delay=18.0,
    dead=0.15,
    refunded=0.0,
    bought=False,
)
