"""Customers: where they live, how much they spend on what, when they are paid, joined and away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.categories import AGE_SHARE
from sevenfold.systems.fraud.world.chance import locate, pick, stream
from sevenfold.systems.fraud.world.tastes import taste

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.systems.fraud.world.arrays import Flags, Floats, Indices
    from sevenfold.systems.fraud.world.merchants import Merchants
    from sevenfold.systems.fraud.world.plan import Plan

__all__ = ["HABITS", "PAYDAYS", "People"]

PAYDAYS = (1, 15, 25, 28)
"""Days of the month on which people are paid."""

HABITS = 8
"""Merchants that a customer goes to by habit."""

_HABIT = np.cumsum(0.72 ** np.arange(HABITS)) / np.sum(0.72 ** np.arange(HABITS))
_ACTIVITY_OF_AGE = np.array([1.15, 1.2, 0.95, 0.6])
_MEANS_OF_AGE = np.array([0.8, 1.05, 1.15, 0.95])
_MEANS_OF_REGION = np.array([1.2, 1.05, 0.95, 0.88])
_NEWCOMERS = 0.3
"""Share of the customers who join while the world runs."""
_GROWING = 90
"""Days until a new account is used as much as others."""
_DEVICES_OF_AGE = np.array([[0.36, 0.44, 0.2], [0.38, 0.43, 0.19], [0.5, 0.38, 0.12], [0.7, 0.25, 0.05]])
"""Shares of those with one, two and three devices, for each age band."""

STAY = -1
"""No journey."""


@dataclass(frozen=True, slots=True)
class People:
    """All customers, as columns; sorted by pay day and then by when they joined.

    So whoever is a customer on a day and is paid on a date is a run of rows, and drawing one in proportion
    to how often each pays is one search in `paying`.

    Parameters
    ----------
    country, region, age
        Positions in `COUNTRIES`, `REGIONS`, `AGES`; int8.
    joined
        Day since the world's start, -1 for before; int32.
    paying
        Running sum of how often they pay; float64, one longer than the rest.
    groups
        First row of each pay-day group, and the end; int64, shape (5,).
    means
        What they spend relative to others, float32.
    shift
        How many hours later than others they live, float32.
    devices
        How many devices they have, 1 to 3; int8.
    shielded
        Whether they browse through a VPN.
    cards
        How many cards they have, 1 or 2; int8.
    habits
        Merchants they return to, most often the first; int32, shape (customers, 8).
    away, back, abroad
        Journeys: first day, day of return, country; int32 and int8, shape (customers, 2), `STAY` for none.
    """

    country: NDArray[np.int8]
    region: NDArray[np.int8]
    age: NDArray[np.int8]
    joined: NDArray[np.int32]
    paying: Floats
    groups: Indices
    means: NDArray[np.float32]
    shift: NDArray[np.float32]
    devices: NDArray[np.int8]
    shielded: Flags
    cards: NDArray[np.int8]
    habits: NDArray[np.int32]
    away: NDArray[np.int32]
    back: NDArray[np.int32]
    abroad: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.country)

    @classmethod
    def settle(cls, plan: Plan, merchants: Merchants) -> People:
        """Bring the customers of a world to life."""
        chance = stream(plan.seed, "people")
        count = plan.population
        payday = pick(chance, [0.3, 0.15, 0.35, 0.2], count)
        joined = np.where(chance.random(count) < _NEWCOMERS, chance.integers(0, plan.days, count), -1)
        country = _homes(chance, plan, joined)
        joined[0] = -1  # somebody is there on the first day
        order = np.lexsort((joined, payday))
        payday, joined, country = payday[order], joined[order], country[order]
        region = pick(chance, [0.18, 0.34, 0.28, 0.2], count)
        age = pick(chance, AGE_SHARE, count)
        activity = _ACTIVITY_OF_AGE[age] * chance.lognormal(0, 0.75, count)
        means = _MEANS_OF_AGE[age] * _MEANS_OF_REGION[region] * chance.lognormal(0, 0.4, count)
        away, back, abroad = _journeys(chance, plan, country, means)
        return cls(
            country=country.astype(np.int8),
            region=region.astype(np.int8),
            age=age.astype(np.int8),
            joined=joined.astype(np.int32),
            paying=np.concatenate([[0.0], np.cumsum(activity)]),
            groups=np.searchsorted(payday, np.arange(len(PAYDAYS) + 1)),
            means=means.astype(np.float32),
            shift=(chance.normal(0, 1.1, count) + np.array([1.2, 0.2, -0.3, -1.0])[age]).astype(np.float32),
            devices=_devices(chance, age),
            shielded=chance.random(count) < 0.03,
            cards=np.where(chance.random(count) < 0.25, 2, 1).astype(np.int8),
            habits=_habits(chance, merchants, country, age, region),
            away=away,
            back=back,
            abroad=abroad,
        )

    def members(self, group: int, day: Indices) -> Indices:
        """Return the row after the last customer of a pay-day group who had joined by each day."""
        begin, stop = self.groups[group], self.groups[group + 1]
        after: Indices = begin + np.searchsorted(self.joined[begin:stop], day, side="right")
        return after

    def draw(self, chance: np.random.Generator, group: Indices, stop: Indices) -> Indices:
        """Pick a customer of each group and among the rows before ``stop``, the more active the likelier."""
        low, high = self.paying[self.groups[group]], self.paying[stop]
        at = low + chance.random(len(group)) * (high - low)
        return np.clip(locate(self.paying, at), self.groups[group], stop - 1)

    def anyone(self, chance: np.random.Generator, day: Indices) -> Indices:
        """Pick a customer who had joined by each day, the more active the likelier."""
        stops = np.stack([self.members(group, day) for group in range(len(PAYDAYS))])
        weights = self.paying[stops] - self.paying[self.groups[:-1, None]]
        at = chance.random(len(day)) * weights.sum(axis=0)
        group = (np.cumsum(weights, axis=0) <= at).sum(axis=0).clip(0, len(PAYDAYS) - 1)
        empty = weights[group, np.arange(len(day))] <= 0
        group[empty] = np.argmax(weights[:, empty], axis=0)
        return self.draw(chance, group, stops[group, np.arange(len(day))])

    def grown(self, customer: Indices, day: Indices) -> Floats:
        """Return how far accounts have grown by each day: from 0 when they are opened to 1, float32."""
        age = day - self.joined[customer]
        grown: Floats = np.where(
            self.joined[customer] < 0, np.float32(1), np.clip(age / np.float32(_GROWING), 0, 1)
        ).astype(np.float32)
        return grown

    def place(self, customer: Indices, day: Indices) -> Indices:
        """Return the country that each customer is in on a day."""
        at = self.country[customer].astype(np.int64)
        for trip in range(self.away.shape[1]):
            gone = (self.away[customer, trip] <= day) & (day < self.back[customer, trip])
            at[gone] = self.abroad[customer[gone], trip]
        return at

    def habit(self, chance: np.random.Generator, customer: Indices) -> Indices:
        """Pick one of the merchants that each customer returns to."""
        slot = np.searchsorted(_HABIT, chance.random(len(customer)), side="right").clip(0, HABITS - 1)
        usual: Indices = self.habits[customer, slot].astype(np.int64)
        return usual


def _homes(chance: np.random.Generator, plan: Plan, joined: Indices) -> Indices:
    """Settle customers in countries; those of a country that arrives late join then, in place."""
    arrivals = plan.of_kind("arrival")
    codes = [country.code for country in countries.COUNTRIES]
    late = [codes.index(turn.name) for turn in arrivals]
    weights = countries.HOME_WEIGHT.copy()
    weights[late] = 0.0
    country = pick(chance, weights if weights.any() else countries.HOME_WEIGHT, len(joined))
    for turn, code in zip(arrivals, late, strict=True):
        new = np.flatnonzero(chance.random(len(joined)) < turn.size)
        country[new] = code
        joined[new] = chance.integers(turn.first, turn.stop, len(new))
    return country


def _habits(
    chance: np.random.Generator, merchants: Merchants, country: Indices, age: Indices, region: Indices
) -> NDArray[np.int32]:
    """Choose each customer's usual merchants by taste; half of those that sell online."""
    habits = np.empty((len(country), HABITS), dtype=np.int32)
    for slot in range(HABITS):
        habits[:, slot] = merchants.choose(chance, taste(chance, age, region), country)
    return habits


def _devices(chance: np.random.Generator, age: Indices) -> NDArray[np.int8]:
    """Give each customer one to three devices, the younger more."""
    reached = np.cumsum(_DEVICES_OF_AGE, axis=1)[age]
    more = (chance.random(len(age))[:, None] > reached).sum(axis=1)
    owned: NDArray[np.int8] = (1 + np.minimum(more, 2)).astype(np.int8)
    return owned


def _journeys(
    chance: np.random.Generator, plan: Plan, country: Indices, means: Floats
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int8]]:
    """Send the better-off abroad more often, up to twice."""
    shape = (len(country), 2)
    often = np.minimum(0.8, 0.3 * means * plan.days / 180)[:, None] * np.array([1.0, 0.4])
    away = np.where(chance.random(shape) < often, chance.integers(-7, plan.days, shape), STAY - plan.days)
    back = np.where(away >= -7, away + 2 + chance.poisson(6, shape), away)
    where = pick(chance, countries.ABROAD, shape[0] * 2).reshape(shape)
    where = np.where(where == country[:, None], (where + 1) % len(countries.ABROAD), where)
    return away.astype(np.int32), back.astype(np.int32), where.astype(np.int8)
