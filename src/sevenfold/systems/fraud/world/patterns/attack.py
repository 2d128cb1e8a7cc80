"""What all patterns of fraud share: attacks with a start and a size, their payments, and who notices when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries, outcomes, prices
from sevenfold.systems.fraud.world.batch import NEVER, ONLINE, REASONS, SHOP, Batch
from sevenfold.systems.fraud.world.clock import DAY, HOUR
from sevenfold.systems.fraud.world.ordinary import blur_country

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sevenfold.systems.fraud.world.arrays import Flags, Floats, Indices
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["Attacks", "Pattern", "Strike"]

_DAYTIME = (*(0.5,) * 6, *(0.75,) * 3, *(1.1,) * 11, *(1.35,) * 3, 0.8)
"""Thieves have office hours, too, if longer ones (Bursztein et al., IMC 2014): weights of the hours, UTC."""

_LIMIT = 120 * DAY
"""After this the card schemes accept no chargeback (Visa Core Rules, dispute conditions 10.1 to 10.5)."""


@dataclass(frozen=True, slots=True)
class Attacks:
    """Attacks of one pattern.

    Parameters
    ----------
    number
        Unique in the world, int64.
    start
        When each begins, ms UTC.
    size
        How many payments each has, at least 1.
    """

    number: Indices
    start: Indices
    size: Indices

    def __len__(self) -> int:
        return len(self.number)

    @classmethod
    def concat(cls, parts: Iterable[Attacks]) -> Attacks:
        """Put attacks one after the other."""
        held = list(parts)
        return cls(*(np.concatenate([getattr(part, name) for part in held]) for name in cls.__slots__))

    def take(self, rows: Indices | Flags) -> Attacks:
        """Return some of them, by position or by flag."""
        return Attacks(self.number[rows], self.start[rows], self.size[rows])

    def between(self, begin: int, end: int) -> Attacks:
        """Return those that start in [begin, end); they must be sorted by start."""
        low, high = np.searchsorted(self.start, [begin, end])
        return Attacks(self.number[low:high], self.start[low:high], self.size[low:high])

    @property
    def of(self) -> Indices:
        """For each payment, the row of its attack."""
        return np.repeat(np.arange(len(self)), self.size)

    @property
    def step(self) -> Indices:
        """For each payment, its position in its attack."""
        first = np.cumsum(self.size) - self.size
        return np.arange(int(self.size.sum())) - np.repeat(first, self.size)

    def times(self, gaps: Floats, end: int) -> Indices:
        """Return when payments happen that follow each other in ``gaps`` ms; a late attack is squeezed.

        Parameters
        ----------
        gaps
            Before each payment; before the first of an attack it counts from the attack's start.
        end
            The end of the world, ms UTC: what would fall after it is drawn together before it.
        """
        first = np.cumsum(self.size) - self.size
        total = np.cumsum(gaps)
        offset = total - np.repeat(total[first] - gaps[first], self.size)
        longest = offset[np.cumsum(self.size) - 1]
        room = (end - 1 - self.start).astype(np.float64)
        squeeze = np.minimum(1.0, room / np.maximum(longest, 1.0))
        after: Indices = (offset * np.repeat(squeeze, self.size)).astype(np.int64)
        return np.repeat(self.start, self.size) + after


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to steal.

    Parameters
    ----------
    name
        As it stands in the truth.
    share
        Of all fraudulent payments.
    sizes
        Draws the sizes of so many attacks.
    strike
        Turns attacks into payments.
    noticed
        Share of the victims who ever report it.
    delay
        Median days until the chargeback arrives.
    spread
        Standard deviation of the logarithm of the delay.
    dead
        Share of the cards that no longer work when they are tried.
    suspected
        Share of the payments, with cards that work, that the issuer declines on suspicion.
    refunded, refund_days
        Share of the payments that their merchants give back, and the median days until then.
    hours
        Weights of the 24 hours, UTC, at which attacks begin.
    bought
        Whether all it takes is cards or accounts as they are sold, so that thieves can turn to it from
        another such pattern; a shop, mules, goods of one's own or a found card cannot be bought.
    """

    name: str
    share: float
    sizes: Callable[[np.random.Generator, int], Indices]
    strike: Callable[[Society, np.random.Generator, Attacks], Strike]
    noticed: float
    delay: float
    spread: float = 0.9
    dead: float = 0.06
    suspected: float = 0.08
    refunded: float = 0.02
    refund_days: float = 4.0
    hours: tuple[float, ...] = _DAYTIME
    bought: bool = True


@dataclass(frozen=True, slots=True)
class Strike:
    """Payments of attacks before prices and reports: what a pattern decides.

    Parameters
    ----------
    time, card, merchant, device, ip
        As in `Batch`.
    country
        Where the payment seems to come from.
    paid_in
        Country whose money is paid in.
    factor
        What is spent relative to what the merchant's usual customer spends.
    cents
        The amount in hundredths of a euro where the attacker chose it, -1 where it is the merchant's price.
        Halves and wholes of a euro stay round in other currencies, the rest ends as the merchant's prices do.
    silent
        Which payments nobody disputes, since whoever holds the card takes part; none by default.
    """

    time: Indices
    card: Indices
    merchant: Indices
    device: Indices
    ip: Indices
    country: Indices
    paid_in: Indices
    factor: Floats
    cents: Indices
    silent: Flags | None = None

    def charged(
        self, world: Society, chance: np.random.Generator, pattern: Pattern, code: int, attacks: Attacks
    ) -> Batch:
        """Return the payments with their prices, and with the moment at which each is reported."""
        cents = prices.amount(chance, world.merchants, self.merchant, self.card, self.factor, self.paid_in)
        even = self.cents % 50 == 0
        ending = np.where(even, prices.HALVES, world.merchants.ending[self.merchant])
        chosen = prices.rounded(self.cents / 100 * countries.PRICE_LEVEL[self.paid_in], ending)
        size = len(self.time)
        batch = Batch.of(
            time=self.time,
            card=self.card,
            merchant=self.merchant,
            device=self.device,
            ip=self.ip,
            cents=np.where(self.cents >= 0, chosen, cents),
            currency=countries.CURRENCY_OF[self.paid_in],
            country=blur_country(chance, self.country),
            channel=np.where(world.merchants.online[self.merchant], ONLINE, SHOP),
            pattern=np.full(size, code),
            attack=np.repeat(attacks.number, attacks.size),
            declined=_declined(chance, pattern, self.card, attacks),
            reported=_reported(chance, pattern, self.card, self.time),
        )
        back = np.full(size, pattern.refunded)
        batch = outcomes.given_back(world, chance, batch, back, pattern.refund_days)
        unheard = (batch.declined != 0) | (batch.refunded != NEVER)
        if self.silent is not None:
            unheard |= self.silent
        batch.reported[unheard] = NEVER
        return batch


def _declined(chance: np.random.Generator, pattern: Pattern, card: Indices, attacks: Attacks) -> Indices:
    """Say what the issuers decline: all payments with a card that is dead, and some others on suspicion."""
    cards, which = np.unique(card, return_inverse=True)
    cases, case = np.unique(attacks.of * len(cards) + which, return_inverse=True)
    dead = (chance.random(len(cases)) < pattern.dead)[case]
    why = np.where(dead, outcomes.reasons(chance, len(card)), 0)
    suspicion = chance.random(len(card)) < pattern.suspected
    return np.where(~dead & suspicion, 1 + REASONS.index("suspected_fraud"), why)


def _reported(chance: np.random.Generator, pattern: Pattern, card: Indices, time: Indices) -> Indices:
    """Say when the chargebacks arrive: a victim notices all payments of a card together, or none.

    The delay is log-normal: most come with the next statement, some after months (Dal Pozzolo et al., "Credit
    Card Fraud Detection: A Realistic Modeling and a Novel Learning Strategy", IEEE TNNLS 29(8), 2018, section
    II, on delayed supervised samples).
    """
    victims, victim = np.unique(card, return_inverse=True)
    last = np.zeros(len(victims), dtype=np.int64)
    np.maximum.at(last, victim, time)
    days = pattern.delay * np.exp(pattern.spread * chance.standard_normal(len(victims)))
    heard = last + (days * DAY).astype(np.int64) + HOUR
    heard[chance.random(len(victims)) >= pattern.noticed] = NEVER
    when = heard[victim] + chance.integers(0, 36 * HOUR, len(card))
    return np.where((heard[victim] == NEVER) | (when - time > _LIMIT), NEVER, when)
