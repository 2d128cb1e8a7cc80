"""Thieves who learn from what is blocked, where the world runs live.

Within an attack: whose payments are blocked gives up, the likelier the more often it happened; or goes on
with another device and another way into the network, for smaller sums, more slowly, and without the cards
that he takes for burnt. Between attacks: what was blocked of a pattern lately is known to all who use it.
The more that is, the more of its next attacks begin as carefully as others end, and the more thieves turn
to the pattern that is blocked least, of those that live on cards and accounts which can be bought.

Sources: Bolton, Hand, "Statistical Fraud Detection: A Review", Statistical Science 17(3), 2002 (when one way
is closed, thieves turn to another); Dalvi, Domingos, Mausam, Sanghai, Verma, "Adversarial Classification",
KDD 2004 (an adversary answers each classifier at the least cost); Carminati, Santini, Polino, Zanero,
"Evasion Attacks against Banking Fraud Detection Systems", RAID 2020 (sums and times are chosen to pass).
The numbers below are assumptions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.chance import mix, stream, unit
from sevenfold.systems.fraud.world.network import NONE
from sevenfold.systems.fraud.world.patterns import PATTERNS
from sevenfold.systems.fraud.world.patterns.attack import Attacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.systems.fraud.world.arrays import Flags, Floats, Indices
    from sevenfold.systems.fraud.world.batch import Batch
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["Thieves"]

_MEMORY = 60.0
"""Payments of a pattern after which what happened before counts for a third."""
_GIVE_UP = 0.12
"""Share of the attacks that end with a blocked payment; grows with each further one."""
_LESS, _SLOWER = 0.6, 2.0
"""What is spent after a block, relative to before, and how much more time passes between payments."""
_LEAST = 100
"""Hundredths below which no sum is made smaller."""
_BURNT = 0.7
"""Share of the blocked cards that are not tried again."""
_DISPLACED = 0.5
"""Share of the attacks that turn to another pattern where everything of their own is blocked."""
_FRESH = np.int64(1) << 50
"""First number of the devices that thieves take up after a block."""
_BOUGHT = np.array([pattern.bought for pattern in PATTERNS])


class Thieves:
    """What all thieves of a live world have learned.

    Parameters
    ----------
    world
        Where they steal.

    Attributes
    ----------
    heat
        For each pattern, the share of its payments that was blocked lately; float64.
    given_up, changed
        How many attacks ended early, and how many went on in another way.
    """

    def __init__(self, world: Society) -> None:
        self._world = world
        self._chance = stream(world.plan.seed, "thieves")
        self._blocked: Counter[int] = Counter()
        self._fresh = 0
        self.heat: Floats = np.zeros(len(PATTERNS))
        self.given_up = 0
        self.changed = 0

    def learn(self, batch: Batch, blocked: Flags) -> Indices:
        """Take note of how the payments of a step went; returns the attacks of which some were blocked."""
        for code in range(1, len(PATTERNS) + 1):
            own = batch.pattern == code
            tried = int(own.sum())
            if tried:
                keep = np.exp(-tried / _MEMORY)
                share = blocked[own].mean()
                self.heat[code - 1] = keep * self.heat[code - 1] + (1 - keep) * share
        hit, times = np.unique(batch.attack[blocked & (batch.attack >= 0)], return_counts=True)
        self._blocked.update(dict(zip(hit.tolist(), times.tolist(), strict=True)))
        return hit

    def react(self, ahead: Batch, hit: Indices, burnt: Indices, now: int) -> Batch:
        """Let attacks that were blocked go on in another way, or not at all.

        Parameters
        ----------
        ahead
            Payments that lie ahead.
        hit
            Attacks of which payments were blocked in this step.
        burnt
            Cards whose payments were blocked.
        now
            ms UTC.
        """
        if not len(hit) or not len(ahead):
            return ahead
        times = np.array([self._blocked[number] for number in hit.tolist()])
        ends = self._chance.random(len(hit)) < 1 - (1 - _GIVE_UP) ** times
        self.given_up += int(ends.sum())
        self.changed += int((~ends).sum())
        dropped = burnt[self._chance.random(len(burnt)) < _BURNT]
        own = np.isin(ahead.attack, hit)
        gone = np.isin(ahead.attack, hit[ends]) | (own & np.isin(ahead.card, dropped))
        ahead, own = ahead.take(~gone), own[~gone]
        return self._disguised(ahead, own, now)

    def careful(self, fresh: Batch) -> Batch:
        """Let some new attacks of patterns that are often blocked begin with care."""
        if not len(fresh) or not self.heat.any():
            return fresh
        luck = unit(fresh.attack, self._world.plan.seed + 41)
        return self._disguised(fresh, luck < self.heat[fresh.pattern - 1], None)

    def displaced(self, begun: Sequence[Attacks]) -> list[Attacks]:
        """Let some attacks turn from patterns that are often blocked to the one that is blocked least.

        Both live on what is sold among thieves: who has bought cards cannot turn to abusing refunds.
        """
        if not self.heat.any():
            return list(begun)
        target = int(np.argmin(np.where(_BOUGHT, self.heat, np.inf)))
        parts: list[Attacks] = []
        turned: list[Attacks] = []
        for code, attacks in enumerate(begun):
            excess = max(self.heat[code] - self.heat[target], 0.0) * _BOUGHT[code]
            turns = self._chance.random(len(attacks)) < _DISPLACED * excess
            parts.append(attacks.take(~turns))
            turned.append(attacks.take(turns))
        moved = Attacks.concat(turned)
        size = PATTERNS[target].sizes(self._chance, len(moved))
        room = int(moved.size.sum()) - (np.cumsum(size) - size)  # as many payments as they would have made
        moved = Attacks(moved.number, moved.start, np.minimum(size, room)).take(room > 0)
        joined = Attacks.concat([parts[target], moved])
        parts[target] = joined.take(np.argsort(joined.start, kind="stable"))
        return parts

    def _disguised(self, batch: Batch, which: Flags, now: int | None) -> Batch:
        """Give payments smaller sums, other devices and addresses, and more time since ``now``."""
        rows = np.flatnonzero(which)
        if not len(rows):
            return batch
        cases, case = np.unique(batch.attack[rows], return_inverse=True)
        since = np.full(len(cases), np.iinfo(np.int64).max)
        np.minimum.at(since, case, batch.time[rows])
        if now is not None:
            since[:] = now
        time, cents, device, ip = (
            column.copy() for column in (batch.time, batch.cents, batch.device, batch.ip)
        )
        later = since[case] + ((batch.time[rows] - since[case]) * _SLOWER).astype(np.int64)
        time[rows] = np.minimum(later, np.maximum(self._world.plan.end_ms - 1, batch.time[rows]))
        cents[rows] = np.maximum(batch.cents[rows] * _LESS, np.minimum(batch.cents[rows], _LEAST))
        online = rows[batch.device[rows] != NONE]
        machine = self._fresh + case[batch.device[rows] != NONE]
        self._fresh += len(cases)
        device[online] = _FRESH + machine
        network = self._world.network
        owner = mix(machine, network.key + 43, 40).astype(np.int64) % len(self._world.people)
        ip[online] = network.home(owner, time[online])
        return replace(batch, time=time, cents=cents.astype(np.int64), device=device, ip=ip)
