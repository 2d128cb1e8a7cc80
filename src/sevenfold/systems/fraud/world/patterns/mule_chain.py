"""A mule chain: stolen money goes through the cards of recruited customers, and comes out as vouchers.

The herder tops up a wallet with a stolen card. Each mule in turn pays on what arrived, less a commission,
to the next wallet, within the hour; the last one buys what can be sold again. Mules are mostly young, pay
with their own cards from their own devices, and are used again and again for some days. Only the holder of
the stolen card has anything to report: what the mules pay is never disputed.

Sources: Florencio, Herley, "Is Everything We Know About Password Stealing Wrong?", IEEE Security & Privacy
10(6), 2012 (mules, not credentials, are what thieves are short of); Leukfeldt, Jansen, "Cyber Criminal
Networks and Money Mules", International Journal of Cyber Criminology 9(2), 2015 (they interrupt the trail);
Bekkers, Van Houten, Spithoven, Leukfeldt, "Money Mules and Cybercrime Involvement Mechanisms", Deviant
Behavior 44, 2023 (they are often young). How long a chain is, and how fast, is an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import NAMES, WALLETS
from sevenfold.systems.fraud.world.clock import HOUR, MINUTE
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    either,
    foreign_cards,
    log_normal_sizes,
    victims_cards,
)

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["MULE_CHAIN"]

_FOREIGN = 0.4
"""Share of the stolen cards that no customer of this world owns."""
_HERD = 5
"""Mules of one herder."""
_COMMISSION = 0.93
"""What is left of the money after each mule."""
_CASHED = np.array([NAMES.index(name) for name in ("vouchers", "electronics", "gaming")])


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size, people = len(of), world.people
    length = chance.integers(3, 6, count)[of]
    chain, hop = step // length, step % length
    rest = 9 * HOUR * chance.lognormal(0, 0.8, size)
    time = attacks.times(
        np.where(hop == 0, rest, 22 * MINUTE * chance.exponential(1, size)), world.plan.end_ms
    )

    topped = (hop == 0) | (step == 0)
    robbed, own = victims_cards(world, chance, time)
    stolen = either(chance.random(size) < _FOREIGN, foreign_cards(attacks.number[of], chain), own)
    mule = _herds(world, chance, attacks)[of, (hop + chain) % _HERD]
    last = hop == length - 1
    # the next purchase of a chain that is cut short by the attack's end is its last, too
    last[np.cumsum(attacks.size) - 1] = True

    home = people.country[np.where(topped, robbed, mule)].astype(np.int64)
    hand = np.zeros(size, dtype=np.int64)
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home, (0.5, 0.1, 0.25, 0.15)
    )
    wallet = world.merchants.choose(chance, np.full(count, WALLETS), np.zeros(count, dtype=np.int64))[of]
    goods = world.merchants.choose(chance, _CASHED[chance.integers(0, len(_CASHED), size)], home)
    sums = 15_000 * chance.lognormal(0, 0.6, size)
    first = np.maximum.accumulate(np.where(topped, np.arange(size), 0))
    euros = sums[first] * _COMMISSION**hop
    return Strike(
        time=time,
        card=either(topped, stolen, mule * 2),
        merchant=either(last & ~topped, goods, wallet),
        device=either(topped, world.network.stranger(attacks.number[of] * 64), world.network.own(mule, time)),
        ip=either(topped, ip, world.network.carrier(people.country[mule].astype(np.int64), mule, time)),
        country=either(topped, country, people.country[mule].astype(np.int64)),
        paid_in=home,
        factor=np.ones(size),
        cents=np.where(topped, np.rint(euros / 500) * 500, np.rint(euros))
        .clip(500, 200_000)
        .astype(np.int64),
        silent=~topped,
    )


def _herds(world: Society, chance: np.random.Generator, attacks: Attacks) -> Indices:
    """Recruit the mules of each attack: of three customers the youngest; int64, shape (attacks, 5)."""
    offered = np.stack([victims_cards(world, chance, np.repeat(attacks.start, _HERD))[0] for _ in range(3)])
    youngest = np.argmin(world.people.age[offered], axis=0)
    herds: Indices = offered[youngest, np.arange(offered.shape[1])].reshape(len(attacks), _HERD)
    return herds


MULE_CHAIN = Pattern(
    name="mule_chain",
    share=0.05,
    sizes=log_normal_sizes(14, 0.5, 4, 60),
    strike=_strike,
    noticed=0.85,
    delay=14.0,
    dead=0.05,
    suspected=0.04,
    refunded=0.0,
    bought=False,
)
