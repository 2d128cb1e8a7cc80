"""Stolen card details: one card, bought or phished, is emptied over hours or days.

Often a small payment first, to see whether it works; then growing ones, from one or two strange devices, at
merchants whose goods can be resold. Some cards were never seen at this gateway before.

Source: Whitrow, Hand, Juszczak, Weston, Adams, "Transaction Aggregation as a Strategy for Credit Card Fraud
Detection", Data Mining and Knowledge Discovery 18, 2009; Bahnsen, Aouada, Stojanovic, Ottersten, "Feature
Engineering Strategies for Credit Card Fraud Detection", Expert Systems with Applications 51, 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import CASHABLE, LIGHT
from sevenfold.systems.fraud.world.clock import HOUR
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    either,
    foreign_cards,
    no_choice,
    some_sizes,
    victims_cards,
)

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["STOLEN_CARD"]

_FOREIGN = 0.35
_PROBED = 0.5


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size = len(of)
    pace = 5 * HOUR * chance.lognormal(0, 1.3, count)
    time = attacks.times(pace[of] * chance.exponential(1, size), world.plan.end_ms)
    victim, own = victims_cards(world, chance, attacks.start)
    home = world.people.country[victim].astype(np.int64)
    card = either(chance.random(count) < _FOREIGN, foreign_cards(attacks.number, step[:1] * 0), own)

    hand = (chance.random(size) < 0.2).astype(np.int64)
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home[of], (0.4, 0.1, 0.25, 0.25)
    )
    probe = (step == 0) & (attacks.size[of] > 1) & (chance.random(count) < _PROBED)[of]
    category = np.array(CASHABLE)[chance.integers(0, len(CASHABLE), size)]
    merchant = world.merchants.choose(chance, category, home[of])
    small = np.rint(300 * chance.lognormal(0, 0.8, size)).astype(np.int64)
    return Strike(
        time=time,
        card=card[of],
        merchant=either(probe, world.merchants.obscure(chance, LIGHT, size), merchant),
        device=world.network.stranger(attacks.number[of] * 64 + hand),
        ip=ip,
        country=country,
        paid_in=home[of],
        factor=1.2 * 1.12 ** np.minimum(step, 8) * chance.lognormal(0, 0.4, count)[of],
        cents=either(probe, small, no_choice(size)),
    )


STOLEN_CARD = Pattern(
    name="stolen_card",
    share=0.17,
    sizes=some_sizes(3.0, 16),
    strike=_strike,
    noticed=0.85,
    delay=14.0,
    dead=0.12,
)
