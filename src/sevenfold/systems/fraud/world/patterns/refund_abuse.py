"""Refund abuse: a customer orders again and again, keeps the goods, and has the money given back.

Own card, own device, own home; what is bought is a little dearer than what others buy, and nearly all of it
is refunded within days, as not arrived, empty or broken. Nobody disputes it: the only traces are the
refunds, which come too late for the payment that they are about, and in time for the next ones. Where a
merchant refuses, some turn to their bank.

Sources: Harris, "Fraudulent Return Proclivity: An Empirical Analysis", Journal of Retailing 84(4), 2008;
National Retail Federation and Appriss Retail, "2023 Consumer Returns in the Retail Industry" (13.7 % of
what is returned is returned by fraud).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import NAMES
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import log_normal_sizes, no_choice, victims_cards

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["REFUND_ABUSE"]

_GOODS = np.array([NAMES.index(name) for name in ("fashion", "electronics", "marketplace")])


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of = len(attacks), attacks.of
    size, people = len(of), world.people
    weeks = 7 * DAY * chance.uniform(2, 8, count)
    time = attacks.times(weeks[of] / attacks.size[of] * chance.exponential(1, size), world.plan.end_ms)
    customer, card = victims_cards(world, chance, attacks.start)
    buyer = customer[of]
    home = people.country[buyer].astype(np.int64)
    which = chance.random(size)
    origin = world.network.origin(buyer, home, time, which, chance.random(size))
    return Strike(
        time=time,
        card=card[of],
        merchant=world.merchants.choose(chance, _GOODS[chance.integers(0, len(_GOODS), size)], home),
        device=origin.device,
        ip=origin.ip,
        country=origin.country,
        paid_in=home,
        factor=people.means[buyer] * 1.5 * chance.lognormal(0, 0.3, count)[of],
        cents=no_choice(size),
    )


REFUND_ABUSE = Pattern(
    name="refund_abuse",
    share=0.03,
    sizes=log_normal_sizes(7, 0.5, 3, 30),
    strike=_strike,
    noticed=0.5,
    delay=25.0,
    dead=0.0,
    suspected=0.01,
    refunded=0.85,
    refund_days=6.0,
    bought=False,
)
