"""Card testing: bots try stolen numbers with small amounts at careless merchants, to learn which still work.

Many cards, few devices and addresses, seconds to minutes apart, at one to three small merchants that sell
cheap things or take donations. Most of the cards were never seen at this gateway; each is tried once or
twice.

Source: Ali, Arief, Emms, van Moorsel, "Does the Online Card Payment Landscape Unwittingly Facilitate
Fraud?", IEEE Security & Privacy 15(2), 2017, which shows how distributed guessing over many merchants
works, and why small ones are chosen. Nearly half of the numbers no longer work, and the issuers decline them.
Few of the victims notice so small a sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import LIGHT
from sevenfold.systems.fraud.world.clock import SECOND
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

__all__ = ["CARD_TESTING"]

_FOREIGN = 0.7
"""Share of the cards that no customer of this world owns."""
_ROUND = np.array([100, 100, 200, 500])
"""Amounts of those who test with the least that a form takes, in cents."""


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size = len(of)
    pace = 25 * SECOND * chance.lognormal(0, 1.1, count)
    time = attacks.times(pace[of] * chance.exponential(1, size), world.plan.end_ms)

    tries = chance.integers(1, 3, count)
    which = step // tries[of]
    card_number, row = np.unique(attacks.number[of] * 4096 + which, return_inverse=True)
    first = np.zeros(len(card_number), dtype=np.int64)
    first[row] = time
    customer, own = victims_cards(world, chance, first)
    foreign = chance.random(len(card_number)) < _FOREIGN
    card = either(foreign[row], foreign_cards(attacks.number[of], which), own[row])

    targets = world.merchants.obscure(chance, LIGHT, count * 3).reshape(count, 3)
    merchant = targets[of, chance.integers(0, 3, size) % chance.integers(1, 4, count)[of]]
    hand = (step * chance.integers(1, 7, count)[of] // attacks.size[of]).clip(0, 63)
    near = world.people.country[customer[row]].astype(np.int64)
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, near, (0.3, 0.35, 0.25, 0.1)
    )

    manner = chance.random(count)[of]
    fixed = _ROUND[chance.integers(0, len(_ROUND), count)][of]
    drawn = np.rint(220 * chance.lognormal(0, 0.7, size)).astype(np.int64)
    cents = np.where(manner < 0.3, fixed, np.where(manner < 0.65, drawn, -1))
    return Strike(
        time=time,
        card=card,
        merchant=merchant,
        device=world.network.stranger(attacks.number[of] * 64 + hand),
        ip=ip,
        country=country,
        paid_in=near,
        factor=np.full(size, 0.7),
        cents=cents,
    )


CARD_TESTING = Pattern(
    name="card_testing",
    share=0.26,
    sizes=log_normal_sizes(28, 0.9, 6, 600),
    strike=_strike,
    noticed=0.4,
    delay=12.0,
    dead=0.45,
    suspected=0.05,
    refunded=0.01,
)
