"""Subscriptions: the same sum to the same merchant on the same day of each month, and again if it fails.

Nobody is there when a subscription is charged: the merchant asks, with the card on file, so that there is no
device and no address. What the issuer declines is tried again three and seven days later, as merchants do.

Source: European Central Bank, "Study on the payment attitudes of consumers in the euro area (SPACE)"
(2020), whose section 3.2 is on recurring payments; their share here is an assumption, that of a gateway for
online merchants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world import countries, prices
from sevenfold.systems.fraud.world.batch import SUBSCRIPTION, Batch
from sevenfold.systems.fraud.world.categories import SUBSCRIBED
from sevenfold.systems.fraud.world.chance import pick, stream, unit
from sevenfold.systems.fraud.world.clock import DAY, HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.systems.fraud.world.arrays import Flags, Indices
    from sevenfold.systems.fraud.world.plan import Plan, Slice
    from sevenfold.systems.fraud.world.society import Society

__all__ = ["Subscriptions"]

_SHARE = 0.085
"""Share of the payments that people make themselves, or by subscription, that are subscriptions."""
_WANTED_BY_AGE = np.array([1.0, 0.85, 0.55, 0.25])
_LONGEST_MONTH = 31
_LATER = (0, 3, 7)
"""Days after which a charge is tried, and tried again."""
_FAILS = (0.07, 0.035, 0.012)
"""Share of the charges that fail at the first try, at the second, and at the last."""
_WHY = (1, 1, 1, 2, 5)
"""Reasons of declines, by their codes: mostly no money, some expired cards."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All subscriptions of a world, as columns; sorted by the day of the month on which they are charged.

    Parameters
    ----------
    customer, merchant
        Who pays whom; int32.
    first, stop
        Days since the world's start from which and before which it runs; int32.
    runs
        First row for each day of the month, from 1 to 31, and the end; int64, shape (32,).
    of_month
        Day of the month of each day of the world; int64.
    last
        Whether it is the last of its month, on which all are charged that were to be charged later.
    key
        Seed of the hashes.
    """

    customer: NDArray[np.int32]
    merchant: NDArray[np.int32]
    first: NDArray[np.int32]
    stop: NDArray[np.int32]
    runs: Indices
    of_month: Indices
    last: Flags
    key: int

    def __len__(self) -> int:
        return len(self.customer)

    @classmethod
    def sign(cls, world: Society) -> Subscriptions:
        """Sign as many as make their share of the payments, fewer where all payments are fraud or few."""
        plan = world.plan
        honest = plan.payments - plan.frauds
        months = max(plan.days / 30.44, 0.25)
        wanted = min(round(1.25 * _SHARE * honest / months), 4 * plan.population)
        while wanted > 0:
            signed = cls._draw(world, wanted)
            charged = int(signed.charges(plan).sum())
            if charged <= honest:
                return signed
            wanted = min(wanted - 1, wanted * honest // (charged + 1))
        return cls._draw(world, 0)

    @classmethod
    def _draw(cls, world: Society, count: int) -> Subscriptions:
        plan, people = world.plan, world.people
        chance = stream(plan.seed, "subscriptions")
        day = chance.integers(0, plan.days, 3 * count)
        customer = people.anyone(chance, day)
        wants = chance.random(3 * count) < _WANTED_BY_AGE[people.age[customer]]
        customer, day = customer[wants][:count], day[wants][:count]
        category = np.full(len(customer), SUBSCRIBED, dtype=np.int64)
        merchant = world.merchants.choose(chance, category, people.country[customer].astype(np.int64))
        once = np.sort(np.unique(customer * len(world.merchants) + merchant, return_index=True)[1])
        customer, day, merchant = customer[once], day[once], merchant[once]
        count = len(customer)
        before = (people.joined[customer] < 0) & (chance.random(count) < 0.7)
        first = np.where(before, -1, day)
        ends = chance.random(count) < 0.3
        stop = np.where(ends, first + 30 + chance.integers(0, plan.days + 1, count), 1 << 30)
        charged = pick(chance, [2.0, *[1.0] * 13, 2.0, *[1.0] * 16], count)
        order = np.argsort(charged, kind="stable")
        dates = [plan.start + timedelta(days=number) for number in range(plan.days)]
        return cls(
            customer=customer[order].astype(np.int32),
            merchant=merchant[order].astype(np.int32),
            first=first[order].astype(np.int32),
            stop=stop[order].astype(np.int32),
            runs=np.searchsorted(charged[order], np.arange(_LONGEST_MONTH + 1)),
            of_month=np.array([date.day for date in dates]),
            last=np.array([(date + timedelta(days=1)).day == 1 for date in dates]),
            key=plan.seed,
        )

    def due(self, day: int) -> tuple[Indices, Indices]:
        """Return the rows that are charged on a day, and whether the charge fails: at this try."""
        rows, fails = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for number, later in enumerate(_LATER):
            asked = day - later
            if asked < 0:
                continue
            date = int(self.of_month[asked])
            begin = self.runs[date - 1]
            stop = self.runs[_LONGEST_MONTH if self.last[asked] else date]
            run = np.arange(begin, stop)
            run = run[(self.first[begin:stop] <= asked) & (asked < self.stop[begin:stop])]
            luck = unit(run * 65_536 + asked, self.key + 17)
            if number:
                failed = luck < _FAILS[number - 1]
                run, luck = run[failed], luck[failed]
            rows.append(run)
            fails.append((luck < _FAILS[number]).astype(np.int64))
        return np.concatenate(rows), np.concatenate(fails)

    def charges(self, plan: Plan) -> Indices:
        """Return how many charges there are on each day; int64."""
        return np.array([len(self.due(day)[0]) for day in range(plan.days)], dtype=np.int64)

    def payments(self, world: Society, piece: Slice) -> Batch:
        """Return the payments by subscription in a slice of time."""
        due = [self.due(day) for day in range(piece.first, piece.stop)]
        row = np.concatenate([rows for rows, _ in due])
        fails = np.concatenate([failing for _, failing in due])
        day = np.repeat(np.arange(piece.first, piece.stop), [len(rows) for rows, _ in due])
        customer, merchant = self.customer[row].astype(np.int64), self.merchant[row].astype(np.int64)
        # merchants charge in a run of their own in the small hours
        hour = 0.5 + 5.0 * unit(merchant, self.key + 18) + 0.6 * unit(row, self.key + 19)
        home = world.people.country[customer].astype(np.int64)
        chance = stream(world.plan.seed, "charges", piece.number)
        means = world.people.means[customer]
        why = np.array(_WHY)[(unit(row, self.key + 20) * len(_WHY)).astype(np.int64)]
        return Batch.of(
            time=world.plan.start_ms + day * DAY + (hour * HOUR).astype(np.int64),
            card=customer * 2,
            merchant=merchant,
            cents=prices.amount(chance, world.merchants, merchant, customer, means, home),
            currency=countries.CURRENCY_OF[home],
            country=home,
            channel=np.full(len(row), SUBSCRIPTION),
            declined=np.where(fails == 1, why, 0),
        )
