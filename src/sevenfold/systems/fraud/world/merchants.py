"""Merchants: what they sell and where, how well known they are, and how they set prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries
from sevenfold.systems.fraud.world.categories import CATEGORIES, NAMES, ONLINE, OPEN, RETAIL
from sevenfold.systems.fraud.world.chance import locate, pick, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.systems.fraud.world.arrays import Flags, Floats, Indices
    from sevenfold.systems.fraud.world.plan import Plan

__all__ = ["Merchants"]

_COUNTRIES = len(countries.COUNTRIES)

_REST = np.isin(NAMES, ["grocery", "pharmacy", "clothing", "household"])
_RESTING = np.isin([country.code for country in countries.COUNTRIES], ["DE", "AT", "CH", "PL"])
"""Where shops of the categories in `_REST` are closed on Sundays."""
_SALES_EVERY, _SALES_LAST = 182, 10
"""Days from one sale of a merchant to the next, and how long each lasts."""


@dataclass(frozen=True, slots=True)
class Merchants:
    """All merchants, as columns; sorted by market so that each market is a run of rows.

    A market is a category and, for shops with a door, a country: a customer picks a merchant from one
    market, in proportion to how well the merchants are known.

    Parameters
    ----------
    category
        Position in `CATEGORIES`, int8.
    country
        Position in `COUNTRIES`, int8.
    online
        Whether it has no door.
    level
        Its prices relative to its category, float32.
    ending
        How its prices end: 0 any cent, 1 in .99, 2 in .95, 3 in .50 or .00, 4 in whole units, int8.
    opens, closes
        Hours of the local day between which shops are open, float32.
    rests
        Whether it is closed on Sundays.
    sale
        Day of its first sale since the world's start, -1 for those without; int16.
    known
        Running sum of how well known they are; float64.
    begin, stop
        For each market (see `market`), its rows; int64.
    """

    category: NDArray[np.int8]
    country: NDArray[np.int8]
    online: NDArray[np.bool_]
    level: NDArray[np.float32]
    ending: NDArray[np.int8]
    opens: NDArray[np.float32]
    closes: NDArray[np.float32]
    rests: NDArray[np.bool_]
    sale: NDArray[np.int16]
    known: Floats
    begin: Indices
    stop: Indices

    def __len__(self) -> int:
        return len(self.category)

    @classmethod
    def settle(cls, plan: Plan) -> Merchants:
        """Found the merchants of a world."""
        chance = stream(plan.seed, "merchants")
        count = plan.shops
        share = np.array([category.share for category in CATEGORIES])
        category = pick(chance, share**0.75, count)  # rare categories have many small merchants
        country = pick(chance, countries.HOME_WEIGHT, count)
        # the first merchants take one market each, so that in all but tiny worlds nobody lacks a grocer
        every = np.array([(c, k) for c in np.flatnonzero(~ONLINE) for k in range(_COUNTRIES)])
        every = np.concatenate([np.array([(c, 0) for c in np.flatnonzero(ONLINE)]), every])[:count]
        category[: len(every)], country[: len(every)] = every[:, 0], every[:, 1]
        order = np.argsort(cls.market(category, country), kind="stable")
        category, country = category[order], country[order]
        markets = cls.market(category, country)
        numbers = np.arange(len(CATEGORIES) * _COUNTRIES)
        begin, stop = np.searchsorted(markets, numbers), np.searchsorted(markets, numbers, side="right")
        rank = np.arange(count) - begin[markets]
        fame = (rank + 4.0) ** -1.05 * chance.lognormal(0, 0.4, count)
        none = begin == stop
        begin[none], stop[none] = 0, count
        always = OPEN[category, 1] - OPEN[category, 0] >= 24.0
        earlier, later = chance.uniform(-0.75, 0.75, (2, count)) * ~always
        return cls(
            category=category.astype(np.int8),
            country=country.astype(np.int8),
            online=ONLINE[category],
            level=chance.lognormal(0, 0.35, count).astype(np.float32),
            ending=pick(chance, [0.42, 0.26, 0.1, 0.12, 0.1], count).astype(np.int8),
            opens=(OPEN[category, 0] + earlier).astype(np.float32),
            closes=np.minimum(OPEN[category, 1] + later, 24.0).astype(np.float32),
            rests=_REST[category] & _RESTING[country],
            sale=np.where(RETAIL[category], chance.integers(0, _SALES_EVERY, count), -1).astype(np.int16),
            known=np.concatenate([[0.0], np.cumsum(fame)]),
            begin=begin,
            stop=stop,
        )

    @staticmethod
    def market(category: Indices, country: Indices) -> Indices:
        """Return the number of the market: online, all countries are one."""
        return category * _COUNTRIES + np.where(ONLINE[category], 0, country)

    def on_sale(self, merchant: Indices, day: Indices) -> Flags:
        """Return which merchants have a sale on which day since the world's start."""
        first = self.sale[merchant]
        flags: Flags = (first >= 0) & ((day - first) % _SALES_EVERY < _SALES_LAST)
        return flags

    def choose(self, chance: np.random.Generator, category: Indices, country: Indices) -> Indices:
        """Pick a merchant of each market, the better known the likelier."""
        market = self.market(category, country)
        low, high = self.known[self.begin[market]], self.known[self.stop[market]]
        at = low + chance.random(len(market)) * (high - low)
        return np.clip(locate(self.known, at), self.begin[market], self.stop[market] - 1)

    def obscure(self, chance: np.random.Generator, categories: list[int], size: int) -> Indices:
        """Pick online merchants of the given categories, all equally likely: mostly small ones."""
        market = self.market(
            np.asarray(categories, dtype=np.int64), np.zeros(len(categories), dtype=np.int64)
        )
        drawn = market[chance.integers(0, len(market), size)]
        return chance.integers(self.begin[drawn], self.stop[drawn])
