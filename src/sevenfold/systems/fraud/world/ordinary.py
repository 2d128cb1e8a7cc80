"""Ordinary life: payments that people make themselves.

Besides single payments there are sittings (one customer, several merchants, within the hour) and retries
(the same payment again after a minute, since the first did not go through), so that haste alone is no sign
of fraud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.batch import NEVER, Batch
from sevenfold.systems.fraud.world.categories import HOURS, NAMES, ONLINE
from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.clock import DAY, HOUR, MINUTE, SECOND
from sevenfold.systems.fraud.world.network import NONE
from sevenfold.systems.fraud.world.people import taste
from sevenfold.systems.fraud.world.prices import amount

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Flags, Indices
    from sevenfold.systems.fraud.world.plan import Slice
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["blur_country", "hour_of_day", "ordinary"]

_SITTING = 0.16
"""Share of the payments that follow another one within the hour or so."""
_RETRIED = 0.012
_BY_HABIT = 0.72
_UNKNOWN_COUNTRY = 0.02
_SECOND_CARD = 0.3


def ordinary(world: Society, piece: Slice, counts: Indices) -> Batch:
    """Make the ordinary payments of a slice of time.

    Parameters
    ----------
    world
        Who pays whom.
    piece
        The days.
    counts
        Payments of each day and pay-day group; int64, shape (days of the slice, 4).
    """
    chance = stream(world.plan.seed, "ordinary", piece.number)
    people, merchants = world.people, world.merchants
    day, customer = _who(world, chance, piece, counts)
    size = len(day)
    which, how = chance.random(size, dtype=np.float32), chance.random(size, dtype=np.float32)
    follows, leader = _sittings(chance, size)
    for column in (day, customer, which, how):
        column[follows] = column[leader]
    place = people.place(customer, day)
    merchant = _where(world, chance, customer, place, day)
    category = merchants.category[merchant].astype(np.int64)
    time = _when(world, chance, customer, place, day, category)
    gap = chance.exponential(22 * MINUTE, len(follows)) + 40 * SECOND
    time[follows] = _inside(world, piece, time[leader] + gap.astype(np.int64))

    online = ONLINE[category]
    origin = world.network.origin(customer, place, time, which, how)
    home = people.country[customer].astype(np.int64)
    paid_in = np.where(online, home, merchants.country[merchant])
    second = (people.cards[customer] == 2) & (chance.random(size, dtype=np.float32) < _SECOND_CARD)
    none = np.full(size, -1, dtype=np.int64)
    batch = Batch(
        time=time,
        card=customer * 2 + second,
        merchant=merchant,
        device=np.where(online, origin.device, NONE),
        ip=np.where(online, origin.ip, NONE),
        cents=amount(chance, merchants, merchant, customer, people.means[customer], paid_in),
        currency=countries.CURRENCY_OF[paid_in].astype(np.int64),
        country=blur_country(chance, np.where(online, origin.country, merchants.country[merchant])),
        pattern=np.zeros(size, dtype=np.int64),
        attack=none,
        reported=np.full(size, NEVER, dtype=np.int64),
    )
    return _retry(world, chance, piece, batch)


def hour_of_day(chance: np.random.Generator, category: Indices) -> np.ndarray:
    """Draw the local hour, as a fraction, at which something of a category is bought."""
    size = len(category)
    step = chance.integers(0, HOURS.shape[1], size)
    return HOURS[category, step] + (chance.random(size, dtype=np.float32) - 0.5) * 0.05


def blur_country(chance: np.random.Generator, country: Indices) -> Indices:
    """Lose the country of some payments, as a gateway does."""
    lost = chance.random(len(country), dtype=np.float32) < _UNKNOWN_COUNTRY
    return np.where(lost, NONE, country).astype(np.int64)


def _who(
    world: Society, chance: np.random.Generator, piece: Slice, counts: Indices
) -> tuple[Indices, Indices]:
    days, groups = np.indices(counts.shape)
    stops = np.stack(
        [world.people.members(group, np.arange(piece.first, piece.stop)) for group in range(counts.shape[1])],
        axis=1,
    )
    each = counts.ravel()
    group = np.repeat(groups.ravel(), each)
    customer = world.people.draw(chance, group, np.repeat(stops.ravel(), each))
    return np.repeat(days.ravel() + piece.first, each), customer


def _sittings(chance: np.random.Generator, size: int) -> tuple[Indices, Indices]:
    """Choose the payments that follow another one, and the ones that they follow."""
    follows: Flags = chance.random(size, dtype=np.float32) < _SITTING
    leaders = np.flatnonzero(~follows)
    if not len(leaders):
        return leaders, leaders
    later = np.flatnonzero(follows)
    return later, leaders[chance.integers(0, len(leaders), len(later))]


def _where(
    world: Society, chance: np.random.Generator, customer: Indices, place: Indices, day: Indices
) -> Indices:
    """Choose merchants: the usual ones, or others; those with a door only where the customer is."""
    merchants = world.merchants
    merchant = world.people.habit(chance, customer)
    strange = chance.random(len(customer), dtype=np.float32) >= _BY_HABIT
    strange |= ~merchants.online[merchant] & (merchants.country[merchant] != place)
    new = np.flatnonzero(strange)
    category = taste(chance, world.people.age[customer[new]])
    for turn in world.plan.of_kind("boom"):
        drawn = (day >= turn.first) & (day < turn.stop) & (chance.random(len(day)) < turn.size)
        new, category = _drawn(new, category, np.flatnonzero(drawn), NAMES.index(turn.name))
    merchant[new] = merchants.choose(chance, category, place[new])
    return merchant


def _drawn(new: Indices, category: Indices, rows: Indices, boom: int) -> tuple[Indices, Indices]:
    """Send further purchases to a category: some went to other new merchants, some to the usual ones."""
    kept = ~np.isin(new, rows)
    return np.append(new[kept], rows), np.append(category[kept], np.full(len(rows), boom))


def _when(
    world: Society,
    chance: np.random.Generator,
    customer: Indices,
    place: Indices,
    day: Indices,
    category: Indices,
) -> Indices:
    """Choose the moment: the hours of the category, shifted by the customer's, in the clock of the place."""
    hour = hour_of_day(chance, category) + world.people.shift[customer] - countries.UTC_OFFSET[place]
    within: Indices = (hour % 24 * HOUR).astype(np.int64).clip(0, DAY - 1)
    return world.plan.start_ms + day * DAY + within


def _inside(world: Society, piece: Slice, time: Indices) -> Indices:
    """Turn back what would fall after the slice."""
    end = world.plan.start_ms + piece.stop * DAY
    begin = world.plan.start_ms + piece.first * DAY
    return np.where(time < end, time, 2 * end - 1 - time).clip(begin, end - 1)


def _retry(world: Society, chance: np.random.Generator, piece: Slice, batch: Batch) -> Batch:
    """Replace some payments by a second try of others."""
    again = np.flatnonzero(chance.random(len(batch), dtype=np.float32) < _RETRIED)
    rows = np.arange(len(batch))
    rows[again] = chance.integers(0, len(batch), len(again))
    retried = batch.take(rows)
    wait = chance.integers(8 * SECOND, 240 * SECOND, len(again))
    retried.time[again] = _inside(world, piece, retried.time[again] + wait)
    return retried
