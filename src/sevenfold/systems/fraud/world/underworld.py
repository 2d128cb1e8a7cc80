"""All attacks of a world: how many of each pattern, when they begin, and their payments slice by slice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import NEVER, REASONS, Batch
from sevenfold.systems.fraud.world.chance import pick, stream
from sevenfold.systems.fraud.world.clock import DAY, HOUR
from sevenfold.systems.fraud.world.patterns import PATTERNS
from sevenfold.systems.fraud.world.patterns.attack import Attacks, Pattern
from sevenfold.systems.fraud.world.reissue import Reissues

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices
    from sevenfold.systems.fraud.world.plan import Plan, Slice
    from sevenfold.systems.fraud.world.society import Society
    from sevenfold.systems.fraud.world.thieves import Thieves

__all__ = ["Underworld", "apportion"]


class Underworld:
    """The attacks of a world, planned ahead so that their payments come to the share that was asked for.

    An attack that begins in one slice may last into the next ones: what lies ahead is kept until then.
    `reissues` knows which cards were replaced after a report, `thieves` what has worked so far where the
    world runs live, `ahead` holds the payments of attacks that have begun and go on after the newest slice.

    Parameters
    ----------
    plan
        The order for the world.
    """

    def __init__(self, plan: Plan) -> None:
        waves = [_wave(plan, pattern) for pattern in PATTERNS]
        shares = np.array(
            [pattern.share * np.mean(wave) for pattern, wave in zip(PATTERNS, waves, strict=True)]
        )
        self._planned: list[Attacks] = []
        numbered = 0
        for pattern, wave, payments in zip(PATTERNS, waves, apportion(plan.frauds, shares), strict=True):
            attacks = _schedule(plan, pattern, wave, int(payments), numbered)
            numbered += len(attacks)
            self._planned.append(attacks)
        self.ahead = Batch.empty()
        self.thieves: Thieves | None = None
        self.reissues = Reissues(plan.population, plan.start_ms)

    def payments(self, world: Society, piece: Slice) -> Batch:
        """Return the fraudulent payments of a slice; slices must be asked for in order.

        Parameters
        ----------
        world
            Whom they steal from.
        piece
            The days.
        """
        begin, end = (world.plan.start_ms + day * DAY for day in (piece.first, piece.stop))
        made, starts = [], []
        begun = [planned.between(begin, end) for planned in self._planned]
        if self.thieves is not None:
            begun = self.thieves.displaced(begun)
        for code, (pattern, attacks) in enumerate(zip(PATTERNS, begun, strict=True), start=1):
            if len(attacks):
                chance = stream(world.plan.seed, pattern.name, piece.number)
                strike = pattern.strike(world, chance, attacks)
                made.append(strike.charged(world, chance, pattern, code, attacks))
                starts.append(np.repeat(attacks.start, attacks.size))
        fresh = self._stolen(Batch.concat(made), starts)
        if self.thieves is not None:
            fresh = self.thieves.careful(fresh)
        batch = Batch.concat([self.ahead, fresh])
        now = batch.time < end
        self.ahead = batch.take(~now)
        return batch.take(now)

    def _stolen(self, fresh: Batch, starts: list[Indices]) -> Batch:
        """Give new attacks the cards that the accounts had when the thieves got hold of them.

        What they pay with a card after it was replaced is declined, and heard of no more.
        """
        if not len(fresh):
            return fresh
        self.reissues.block(fresh)
        card = self.reissues.issued(fresh.card, np.concatenate(starts))
        dead = card != self.reissues.issued(fresh.card, fresh.time)
        return replace(
            fresh,
            card=card,
            declined=np.where(dead, REASONS.index("lost_or_stolen") + 1, fresh.declined).astype(np.int8),
            refunded=np.where(dead, NEVER, fresh.refunded),
            reported=np.where(dead, NEVER, fresh.reported),
        )


def apportion(total: int, shares: np.ndarray) -> Indices:
    """Divide a whole number in proportion to shares, by largest remainder.

    >>> apportion(7, np.array([0.5, 0.3, 0.2]))
    array([4, 2, 1])
    """
    exact = total * np.asarray(shares, dtype=np.float64) / np.sum(shares)
    parts: Indices = np.floor(exact).astype(np.int64)
    rest = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:rest]] += 1
    return parts


def _wave(plan: Plan, pattern: Pattern) -> Floats:
    """Return how much of a pattern there is on each day, 1 where nothing changes it."""
    wave: Floats = np.ones(plan.days)
    for turn in plan.of_kind("wave"):
        if turn.name == pattern.name:
            wave = wave * turn.wave(plan.days)
    fresh = [
        turn.wave(plan.days)
        for kind in ("campaign", "onset")
        for turn in plan.of_kind(kind)
        if turn.name == pattern.name
    ]
    if fresh:
        wave = wave * np.sum(fresh, axis=0)
    return wave + 1e-12  # where there is none at all, a day must still be found for the last attack


def _schedule(plan: Plan, pattern: Pattern, wave: Floats, payments: int, numbered: int) -> Attacks:
    """Plan attacks of so many payments in total, sorted by their start."""
    chance = stream(plan.seed, pattern.name, "schedule")
    size = _sizes(chance, pattern, payments)
    count = len(size)
    day = pick(chance, wave, count)
    hour = pick(chance, list(pattern.hours), count)
    start = plan.start_ms + day * DAY + hour * HOUR + chance.integers(0, HOUR, count)
    return Attacks(np.arange(numbered, numbered + count), np.sort(start), size)


def _sizes(chance: np.random.Generator, pattern: Pattern, payments: int) -> Indices:
    """Draw sizes until they add up; the last is cut to fit."""
    drawn: list[Indices] = []
    missing = payments
    while missing > 0:
        more = pattern.sizes(chance, min(missing, 1 << 20))
        running = np.cumsum(more)
        fits = int(np.searchsorted(running, missing, side="left")) + 1
        more = more[:fits]
        drawn.append(more)
        missing -= int(more.sum())
    size = np.concatenate(drawn) if drawn else np.empty(0, dtype=np.int64)
    if missing < 0:
        size[-1] += missing
    return size
