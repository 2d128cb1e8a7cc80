"""When shops are open: nobody, thieves included, pays behind a closed door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.categories import NAMES
from sevenfold.systems.fraud.world.chance import unit
from sevenfold.systems.fraud.world.clock import DAY, HOUR

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Flags, Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["in_hours", "instead", "sunday"]

_SUNDAY = 6
_OPEN_ON_SUNDAYS = np.array([NAMES.index("restaurant"), NAMES.index("fuel")])


def sunday(world: Society, day: Indices) -> Flags:
    """Return which days since the world's start are Sundays."""
    flags: Flags = (world.plan.start.weekday() + day) % 7 == _SUNDAY
    return flags


def instead(
    world: Society, chance: np.random.Generator, merchant: Indices, place: Indices, day: Indices
) -> Indices:
    """Send those who come on a Sunday to a shop that rests to a restaurant or a filling station there.

    Parameters
    ----------
    merchant, place
        Where they want to pay, and the country that they are in.
    day
        Since the world's start.
    """
    closed = np.flatnonzero(world.merchants.rests[merchant] & sunday(world, day))
    if not len(closed):
        return merchant
    category = _OPEN_ON_SUNDAYS[(chance.random(len(closed), dtype=np.float32) < 0.3).astype(np.int64)]
    chosen = merchant.copy()
    chosen[closed] = world.merchants.choose(chance, category, place[closed])
    return chosen


def in_hours(world: Society, time: Indices, merchant: Indices) -> Indices:
    """Move payments in shops into opening hours of the same day, UTC; those that are in them stay.

    Parameters
    ----------
    time
        ms UTC.
    merchant
        Those without a door are always open.
    """
    merchants = world.merchants
    doors = np.flatnonzero(~merchants.online[merchant])
    if not len(doors):
        return time
    shop = merchant[doors]
    opens, closes = merchants.opens[shop].astype(np.float64), merchants.closes[shop].astype(np.float64)
    ahead = countries.UTC_OFFSET[merchants.country[shop]]
    day = (time[doors] - world.plan.start_ms) // DAY
    hour = ((time[doors] - world.plan.start_ms) % DAY / HOUR + ahead) % 24
    late = np.flatnonzero((hour < opens) | (hour >= closes))
    if not len(late):
        return time
    rows = doors[late]
    share = 0.02 + 0.96 * unit(time[rows], world.plan.seed + 3)
    local = opens[late] + share * (closes[late] - opens[late])
    within = ((local - ahead[late]) % 24 * HOUR).astype(np.int64)
    moved = time.copy()
    moved[rows] = world.plan.start_ms + day[late] * DAY + within
    return moved
