"""A device ring: a household of thieves pays with dozens of stolen cards from the same few devices.

No haste, ordinary amounts, a few payments a day for weeks; what gives it away is how many cards share a
device and an address.

Source: Liu, Chen, Yang, Zhou, Li, Song, "Heterogeneous Graph Neural Networks for Malicious Account
Detection", CIKM 2018 (device aggregation: attackers are short of devices); Van Vlasselaer et al., "APATE: A
Novel Approach for Automated Credit Card Transaction Fraud Detection Using Network-Based Extensions",
Decision Support Systems 75, 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    either,
    foreign_cards,
    log_normal_sizes,
    no_choice,
    victims_cards,
)
from sevenfold.systems.fraud.world.tastes import taste

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["DEVICE_RING"]

_FOREIGN = 0.55


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size = len(of)
    weeks = 7 * DAY * chance.uniform(2, 7, count)
    time = attacks.times(weeks[of] / attacks.size[of] * chance.exponential(1, size), world.plan.end_ms)
    which = (step * chance.uniform(0.4, 0.9, count)[of]).astype(np.int64)
    listed, row = np.unique(attacks.number[of] * 4096 + which, return_inverse=True)
    first = np.zeros(len(listed), dtype=np.int64)
    first[row] = time
    victim, own = victims_cards(world, chance, first)
    foreign = chance.random(len(listed)) < _FOREIGN
    home = world.people.country[victim].astype(np.int64)[row]

    hand = chance.integers(0, chance.integers(1, 4, count)[of])
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home, (0.6, 0.05, 0.15, 0.2)
    )
    people = world.people
    category = taste(chance, people.age[victim][row], people.region[victim][row], online=True)
    return Strike(
        time=time,
        card=either(foreign[row], foreign_cards(attacks.number[of], which), own[row]),
        merchant=world.merchants.choose(chance, category, home),
        device=world.network.stranger(attacks.number[of] * 64 + hand),
        ip=ip,
        country=country,
        paid_in=home,
        factor=1.1 * chance.lognormal(0, 0.3, size),
        cents=no_choice(size),
    )


DEVICE_RING = Pattern(
    name="device_ring",
    share=0.06,
    sizes=log_normal_sizes(35, 0.5, 12, 150),
    strike=_strike,
    noticed=0.75,
    delay=17.0,
    dead=0.1,
)
