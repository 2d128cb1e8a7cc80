"""What thieves have at hand: cards of victims and of strangers, machines, and ways into the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.chance import mix, pick, stream
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.network import NONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.systems.fraud.world.arrays import Flags, Floats, Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = [
    "FOREIGN",
    "attackers_origin",
    "either",
    "foreign_cards",
    "log_normal_sizes",
    "no_choice",
    "some_sizes",
    "victims_cards",
]

FOREIGN = 1 << 42
"""First number of the cards that belong to no customer of this world."""


def log_normal_sizes(median: float, spread: float, low: int, high: int) -> Callable[..., Indices]:
    """Return a drawer of log-normal sizes between two limits."""

    def sizes(chance: np.random.Generator, count: int) -> Indices:
        return np.rint(median * chance.lognormal(0, spread, count)).clip(low, high).astype(np.int64)

    return sizes


def some_sizes(more: float, high: int) -> Callable[..., Indices]:
    """Return a drawer of one payment and on average ``more``, geometrically."""

    def sizes(chance: np.random.Generator, count: int) -> Indices:
        return chance.geometric(1 / (1 + more), count).clip(1, high).astype(np.int64)

    return sizes


def victims_cards(world: Society, chance: np.random.Generator, time: Indices) -> tuple[Indices, Indices]:
    """Pick customers who pay often, and one card of each: returns customers and cards."""
    day = ((time - world.plan.start_ms) // DAY).clip(0, world.plan.days - 1)
    customer = world.people.anyone(chance, day)
    second = (world.people.cards[customer] == 2) & (chance.random(len(customer)) < 0.3)
    return customer, customer * 2 + second


def foreign_cards(number: Indices, which: Indices) -> Indices:
    """Return the ``which``-th stolen card of an attack that was never seen at this gateway."""
    return FOREIGN + number * 4096 + which


def attackers_origin(
    world: Society,
    chance: np.random.Generator,
    attack: Indices,
    hand: Indices,
    time: Indices,
    near: Indices,
    weights: tuple[float, float, float, float],
) -> tuple[Indices, Indices]:
    """Say from which addresses attackers come, and from which countries these seem to be.

    Parameters
    ----------
    attack, hand
        Number of the attack, and of the machine within it: one machine keeps its way and mostly its address.
    time
        When, ms UTC.
    near
        The country of the victim, for those who hide in it.
    weights
        How often: through a home or phone in the victim's country, from a rented server, through a VPN, from
        the attackers' own country.

    Returns
    -------
    Addresses and countries, int64.
    """
    machine = attack * 64 + hand
    machines, of = np.unique(machine, return_inverse=True)
    way = pick(chance, list(weights), len(machines))[of]
    network = world.network
    base = pick(chance, _bases(world), len(machines))[of]
    country = np.where(way == 0, near, base)
    ip = network.carrier(country, mix(machine, network.key + 31, 40).astype(np.int64), time)
    household = (way == 0) & (mix(machine, network.key + 32, 40) % np.uint64(2) == 0)
    if household.any():
        owner = mix(machine[household], network.key + 33, 40).astype(np.int64) % len(world.people)
        ip[household] = network.home(owner, time[household])
        country[household] = world.people.country[owner]
    ip = np.where(way == 1, network.hosted(machine), ip)
    ip = np.where(way == 2, network.tunnel(machine), ip)
    country = np.where(way == 2, network.country_of_tunnel(ip), country)
    return ip, country


def _bases(world: Society) -> Floats:
    """Return the weights of the countries that attackers work from: each world has others."""
    return stream(world.plan.seed, "bases").exponential(1, len(countries.COUNTRIES)) ** 2


def no_choice(size: int) -> Indices:
    """Return that the attacker left the amount to the merchant, for each payment."""
    return np.full(size, NONE, dtype=np.int64)


def either(flags: Flags, yes: Indices, no: Indices) -> Indices:
    """Return ``yes`` where flagged and ``no`` elsewhere, as int64."""
    return np.where(flags, yes, no).astype(np.int64)
