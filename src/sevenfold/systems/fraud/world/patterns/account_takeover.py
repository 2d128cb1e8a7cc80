"""Account takeover: somebody has a customer's password and shops with the cards saved in the account.

From a new device (now and then through the victim's own, by malware or remote control), often from another
country or through a home in the victim's, within hours, for more than the victim usually spends; partly at
merchants where the victim is known, mostly where goods can be resold.

Sources: Bursztein et al., "Handcrafted Fraud and Extortion: Manual Account Hijacking in the Wild", IMC 2014
(a hijack is exploited within hours, by people with office hours); Thomas et al., "Data Breaches, Phishing,
or Malware? Understanding the Risks of Stolen Credentials", CCS 2017 (attackers imitate the victim's place
and device).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import CASHABLE
from sevenfold.systems.fraud.world.clock import MINUTE
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    either,
    no_choice,
    some_sizes,
    victims_cards,
)

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["ACCOUNT_TAKEOVER"]

_THROUGH_THE_VICTIM = 0.1
"""Share of the attacks that run on the victim's own device and home address."""
_OLDER = 0.5
"""How often the older of two possible victims is chosen."""


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of = len(attacks), attacks.of
    size = len(of)
    pace = 18 * MINUTE * chance.lognormal(0, 1.0, count)
    time = attacks.times(pace[of] * chance.exponential(1, size), world.plan.end_ms)
    victim, card = _trusting(world, chance, attacks)
    home = world.people.country[victim].astype(np.int64)

    hand = np.zeros(size, dtype=np.int64)
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home[of], (0.45, 0.1, 0.2, 0.25)
    )
    inside = (chance.random(count) < _THROUGH_THE_VICTIM)[of]
    ip = either(inside, world.network.home(victim[of], time), ip)
    device = either(
        inside, world.network.own(victim[of], time), world.network.stranger(attacks.number[of] * 64)
    )

    usual = world.people.habit(chance, victim[of])
    category = np.array(CASHABLE)[chance.integers(0, len(CASHABLE), size)]
    resale = world.merchants.choose(chance, category, home[of])
    known = world.merchants.online[usual] & (chance.random(size) < 0.5)
    return Strike(
        time=time,
        card=card[of],
        merchant=either(known, usual, resale),
        device=device,
        ip=ip,
        country=either(inside, home[of], country),
        paid_in=home[of],
        factor=world.people.means[victim[of]] * 1.6 * chance.lognormal(0, 0.4, count)[of],
        cents=no_choice(size),
    )


def _trusting(world: Society, chance: np.random.Generator, attacks: Attacks) -> tuple[Indices, Indices]:
    """Pick the victims: of two customers, often the older, who falls for phishing more easily."""
    victim, card = victims_cards(world, chance, attacks.start)
    other, others_card = victims_cards(world, chance, attacks.start)
    older = (world.people.age[other] > world.people.age[victim]) & (chance.random(len(attacks)) < _OLDER)
    return either(older, other, victim), either(older, others_card, card)


ACCOUNT_TAKEOVER = Pattern(
    name="account_takeover",
    share=0.2,
    sizes=some_sizes(2.4, 14),
    strike=_strike,
    noticed=0.9,
    delay=10.0,
    dead=0.02,
)
