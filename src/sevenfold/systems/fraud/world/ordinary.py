"""Ordinary life: payments that people make themselves.

Besides single payments there are sittings (one customer, several merchants, within the hour) and retries
(the same payment again after a minute, since the issuer declined the first), so that haste alone is no sign
of fraud. New accounts are used less at first. What is bought follows the season, sales draw buyers, shops
keep their hours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import batch as batches
from sevenfold.systems.fraud.world import countries, opening, outcomes
from sevenfold.systems.fraud.world.batch import Batch
from sevenfold.systems.fraud.world.categories import HOURS, NAMES, ONLINE, RETAIL
from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.clock import DAY, HOUR, MINUTE, SECOND
from sevenfold.systems.fraud.world.network import NONE
from sevenfold.systems.fraud.world.prices import amount
from sevenfold.systems.fraud.world.tastes import SEASON, in_season, taste

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
_NEW_USE, _NEW_SUMS = 0.3, 0.65
"""How often a new account pays, and how much, relative to one that has grown."""
_IN_SEASON = np.float32(0.1)
"""Share of the purchases that follow the season anyway."""
_TO_SALES = 0.8
"""Share of the purchases at new merchants for which people look for one with a sale."""
_SALE = np.float32(0.78)
"""Prices in a sale, relative to others."""


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
    day = (time - world.plan.start_ms) // DAY
    merchant = opening.instead(world, chance, merchant, place, day)
    category = merchants.category[merchant].astype(np.int64)
    time = opening.in_hours(world, time, merchant)

    online = ONLINE[category]
    origin = world.network.origin(customer, place, time, which, how)
    home = people.country[customer].astype(np.int64)
    paid_in = np.where(online, home, merchants.country[merchant])
    second = (people.cards[customer] == 2) & (chance.random(size, dtype=np.float32) < _SECOND_CARD)
    means = people.means[customer] * (_NEW_SUMS + (1 - _NEW_SUMS) * people.grown(customer, day))
    means[merchants.on_sale(merchant, day)] *= _SALE
    batch = Batch.of(
        time=time,
        card=customer * 2 + second,
        merchant=merchant,
        device=np.where(online, origin.device, NONE),
        ip=np.where(online, origin.ip, NONE),
        cents=amount(chance, merchants, merchant, customer, means, paid_in),
        currency=countries.CURRENCY_OF[paid_in],
        country=blur_country(chance, np.where(online, origin.country, merchants.country[merchant])),
        channel=np.where(online, batches.ONLINE, batches.SHOP),
    )
    return outcomes.given_back(world, chance, _retried(world, chance, piece, batch))


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
    group, stop = np.repeat(groups.ravel(), each), np.repeat(stops.ravel(), each)
    day = np.repeat(days.ravel() + piece.first, each)
    customer = world.people.draw(chance, group, stop)
    use = _NEW_USE + (1 - _NEW_USE) * world.people.grown(customer, day)
    others = np.flatnonzero(chance.random(len(day), dtype=np.float32) >= use)
    customer[others] = world.people.draw(chance, group[others], stop[others])
    return day, customer


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
    merchants, people = world.merchants, world.people
    merchant = people.habit(chance, customer)
    month = _months(world, day)
    strange = chance.random(len(customer), dtype=np.float32) >= _BY_HABIT
    strange |= ~merchants.online[merchant] & (merchants.country[merchant] != place)
    wanted = SEASON[month, merchants.category[merchant]] - _IN_SEASON
    turned = chance.random(len(customer), dtype=np.float32) >= wanted
    new = np.flatnonzero(strange | turned)
    category = taste(chance, people.age[customer[new]], people.region[customer[new]])
    off = np.flatnonzero(
        turned[new] | (chance.random(len(new), dtype=np.float32) >= SEASON[month[new], category])
    )
    category[off] = in_season(chance, month[new[off]])
    for turn in world.plan.of_kind("boom"):
        drawn = (day >= turn.first) & (day < turn.stop) & (chance.random(len(day)) < turn.size)
        new, category = _drawn(new, category, np.flatnonzero(drawn), NAMES.index(turn.name))
    chosen = merchants.choose(chance, category, place[new])
    look = np.flatnonzero(RETAIL[category] & (chance.random(len(new), dtype=np.float32) < _TO_SALES))
    other = merchants.choose(chance, category[look], place[new[look]])
    cheaper = merchants.on_sale(other, day[new[look]])
    chosen[look[cheaper]] = other[cheaper]
    merchant[new] = chosen
    return merchant


def _months(world: Society, day: Indices) -> Indices:
    """Return the month, 0 to 11, of each day since the world's start."""
    whole = np.datetime64(world.plan.start, "D") + np.arange(day.min(initial=0), day.max(initial=0) + 1)
    months = whole.astype("datetime64[M]").astype(np.int64) % 12
    found: Indices = months[day - day.min(initial=0)]
    return found


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


def _retried(world: Society, chance: np.random.Generator, piece: Slice, batch: Batch) -> Batch:
    """Replace some payments by a second try of others, which were declined."""
    size = len(batch)
    again = np.flatnonzero(chance.random(size, dtype=np.float32) < _RETRIED)
    rows = np.arange(size)
    rows[again] = chance.integers(0, size, len(again))
    retried = batch.take(rows)
    wait = chance.integers(8 * SECOND, 240 * SECOND, len(again))
    retried.time[again] = _inside(world, piece, retried.time[again] + wait)
    moved = opening.in_hours(world, retried.time, retried.merchant)
    retried = replace(retried, time=moved)
    outcomes.answered(world, chance, retried, retried.card // 2, again)
    first = rows[again]
    first = first[
        (rows[first] == first) & (moved[first] < moved[again])
    ]  # where it is still there, and before
    retried.declined[first] = outcomes.reasons(chance, len(first))
    return retried
