"""A breached merchant: the cards of its customers are sold, and used elsewhere weeks later.

What the victims have in common is a merchant that all of them paid before (a common point of purchase). A
crew works through the list for weeks, in sittings: a burst of many cards within the hour, one or two payments
with each, from a few devices, for ordinary amounts; then nothing for days.

Source: Araujo, Almeida, Ferreira, Silva, Bizarro, "BreachRadar: Automatic Detection of
Points-of-Compromise", SIAM SDM 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.categories import CASHABLE
from sevenfold.systems.fraud.world.clock import DAY, MINUTE
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern, Strike
from sevenfold.systems.fraud.world.patterns.thieves import (
    attackers_origin,
    log_normal_sizes,
    no_choice,
    victims_cards,
)

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["MERCHANT_BREACH"]

_PER_CARD = 2
"""Payments of a card at most."""
_SITTINGS = 0.12
"""Share of the payments that begin another sitting, hours or days after the one before."""
_USUAL = 4
"""How many of a customer's usual merchants know the card."""


def _strike(world: Society, chance: np.random.Generator, attacks: Attacks) -> Strike:
    count, of, step = len(attacks), attacks.of, attacks.step
    size = len(of)
    weeks = 7 * DAY * chance.uniform(2, 6, count)
    rest = weeks[of] / attacks.size[of] / _SITTINGS * chance.exponential(1, size)
    gaps = np.where(chance.random(size) < _SITTINGS, rest, 4 * MINUTE * chance.exponential(1, size))
    time = attacks.times(gaps, world.plan.end_ms)
    customer = _customers_of_one(world, chance, attacks)
    # a card serves one or two payments in a row: the position in the list advances by a half each
    place = np.repeat(np.cumsum(attacks.size) - attacks.size, attacks.size) + step // _PER_CARD
    victim = customer[place]
    home = world.people.country[victim].astype(np.int64)
    hand = chance.integers(0, 1 + attacks.size[of] // 4).clip(0, 63)
    ip, country = attackers_origin(
        world, chance, attacks.number[of], hand, time, home, (0.5, 0.1, 0.25, 0.15)
    )
    category = np.array(CASHABLE)[chance.integers(0, len(CASHABLE), size)]
    return Strike(
        time=time,
        card=victim * 2,
        merchant=world.merchants.choose(chance, category, home),
        device=world.network.stranger(attacks.number[of] * 64 + hand),
        ip=ip,
        country=country,
        paid_in=home,
        factor=1.2 * chance.lognormal(0, 0.3, size),
        cents=no_choice(size),
    )


def _customers_of_one(world: Society, chance: np.random.Generator, attacks: Attacks) -> Indices:
    """For each payment pick a customer who goes to the attack's merchant by habit."""
    people = world.people
    some, _ = victims_cards(world, chance, attacks.start)
    breached = people.habits[some, chance.integers(0, 3, len(attacks))]
    usual = people.habits[:, :_USUAL]
    flagged = np.zeros(len(world.merchants), dtype=np.bool_)
    flagged[breached] = True
    regulars = np.flatnonzero(flagged[usual].any(axis=1))  # one look at everybody for all attacks
    chosen = []
    for merchant, start, size in zip(breached, attacks.start, attacks.size, strict=True):
        day = (start - world.plan.start_ms) // DAY
        here = (usual[regulars] == merchant).any(axis=1) & (people.joined[regulars] <= day)
        known = regulars[here]
        chosen.append(known[chance.permutation(len(known))[np.arange(size) % len(known)]])
    return np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)


MERCHANT_BREACH = Pattern(
    name="merchant_breach",
    share=0.12,
    sizes=log_normal_sizes(45, 0.7, 10, 400),
    strike=_strike,
    noticed=0.82,
    delay=13.0,
    dead=0.1,
)
