"""A world that goes on step by step and hears what was decided: what is blocked changes what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.batch import Batch
from sevenfold.systems.fraud.world.clock import DAY, MINUTE
from sevenfold.systems.fraud.world.course import Course
from sevenfold.systems.fraud.world.customers import Customers
from sevenfold.systems.fraud.world.following import KINDS, Following, follow
from sevenfold.systems.fraud.world.plan import Plan, Slice
from sevenfold.systems.fraud.world.tables import event_frame, payments_frame, truth_frame
from sevenfold.systems.fraud.world.thieves import Thieves
from sevenfold.systems.fraud.world.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from sevenfold.systems.fraud.world.turns import Turn

__all__ = ["LiveWorld", "Step"]

_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Step:
    """Some minutes of a live world.

    Parameters
    ----------
    begin, end
        From when to before when, UTC.
    payments
        What is to be decided, in the order of time; the columns of ``Payment.parquet``.
    truth
        What really happened, row by row; never to be learned from.
    """

    begin: datetime
    end: datetime
    payments: pl.DataFrame
    truth: pl.DataFrame
    _decide: Callable[[Step, Iterable[str]], dict[str, pl.DataFrame]] = field(repr=False)

    def decide(self, blocked: Iterable[str] = ()) -> dict[str, pl.DataFrame]:
        """Tell the world which payments were blocked, and hear what happened by the end of the step.

        Parameters
        ----------
        blocked
            Ids of payments of this step; all others were let through.

        Returns
        -------
        Tables by event: ``Decline``, ``Refund`` and ``Chargeback``, each in the order of time. Of what was
        blocked nothing is ever heard.

        Raises
        ------
        UsageError
            For ids that are none of this step's, and where the step was decided before.
        """
        return self._decide(self, blocked)


class LiveWorld:
    """A world that runs live: iterate over its steps, and decide each.

    A step that is not decided before the next one begins counts as let through. The same arguments and the
    same decisions give the same world; where nothing is ever blocked, it is the one that `simulate` writes
    from slices of a day.

    Parameters
    ----------
    payments, seed, days, start, fraud_share, customers, merchants, turns
        As for `simulate`. What is blocked makes the number of payments another one: thieves give up or change
        their ways, customers try again or leave.
    minutes
        How long a step is; a whole part of a day.
    adapt
        Whether thieves and customers react to what is blocked.

    Attributes
    ----------
    thieves, customers
        What they have learned and who has left.
    made, blocked
        How many payments there were so far, and how many of them were blocked.

    Raises
    ------
    UsageError
        If no such world can be made; with all reasons at once.

    Examples
    --------
    >>> world = LiveWorld(2_000, 7, days=10, minutes=720)
    >>> heard = [step.decide(step.payments["payment_id"].head(1)) for step in world]
    >>> len(heard), world.blocked, sorted(world.rest())
    (20, 20, ['Chargeback', 'Decline', 'Refund'])
    """

    def __init__(
        self,
        payments: int,
        seed: int,
        *,
        days: int = 180,
        start: date = date(2026, 1, 1),
        fraud_share: float = 0.006,
        customers: int | None = None,
        merchants: int | None = None,
        turns: Sequence[Turn] = (),
        minutes: int = 60,
        adapt: bool = True,
    ) -> None:
        if not 1 <= minutes <= _DAY_MINUTES or _DAY_MINUTES % minutes:
            hint = "60 makes steps of an hour."
            fault = Fault("minutes", f"a whole part of {_DAY_MINUTES}", str(minutes), hint)
            raise UsageError("This world can't run live.", [fault])
        self.plan = Plan(payments, seed, days, start, fraud_share, customers, merchants, tuple(turns))
        self._course = Course(self.plan)
        self._tokens = Tokens(seed)
        self._length = minutes * MINUTE
        self._adapt = adapt
        self._ahead = Batch.empty()
        self._waiting = {kind: Following(kind) for kind in KINDS}
        self._open: tuple[Step, Batch] | None = None
        self.thieves = Thieves(self._course.world)
        self.customers = Customers(seed, len(self._course.world.people))
        self.made = self.blocked = 0
        if adapt:
            self._course.underworld.thieves = self.thieves

    def __iter__(self) -> Iterator[Step]:
        """Go on, step by step, to the end of the world."""
        for day in range(self.plan.days):
            coming = self._course.payments(Slice(day, day, day + 1))
            self._add(self.customers.stay(coming))
            begin = self.plan.start_ms + day * DAY
            for moment in range(begin, begin + DAY, self._length):
                self._settle()
                yield self._step(moment)
        self._settle()

    def rest(self) -> dict[str, pl.DataFrame]:
        """Return what is told after the last step: refunds and chargebacks keep coming for months."""
        self._settle()
        return self._told(None)

    def _step(self, begin: int) -> Step:
        end = begin + self._length
        now = self._ahead.time < end
        batch, self._ahead = self._ahead.take(now), self._ahead.take(~now)
        identity = self._tokens.write("payment", np.arange(self.made, self.made + len(batch)))
        self.made += len(batch)
        step = Step(
            _moment(begin),
            _moment(end),
            payments_frame(batch, identity, self._tokens),
            truth_frame(batch, identity, self._course.world.people),
            self._decided,
        )
        self._open = step, batch
        return step

    def _settle(self) -> None:
        """Let through what nobody decided."""
        if self._open is not None:
            self._apply(self._open[1], np.zeros(len(self._open[1]), dtype=np.bool_), _ms(self._open[0].end))

    def _decided(self, step: Step, blocked: Iterable[str]) -> dict[str, pl.DataFrame]:
        ids, wanted = step.payments["payment_id"].to_list(), set(blocked)
        unknown = sorted(wanted.difference(ids))
        where = f"step of {step.begin:%Y-%m-%d %H:%M}"
        faults = [Fault(where, "ids of its payments", repr(name)) for name in unknown[:10]]
        if self._open is None or self._open[0] is not step:
            faults.append(Fault(where, "one decision, before the next step begins", "another one"))
        if faults or self._open is None:
            raise UsageError("This can't be decided.", faults)
        flags = np.fromiter((name in wanted for name in ids), dtype=np.bool_, count=len(ids))
        end = _ms(step.end)
        self._apply(self._open[1], flags, end)
        return self._told(end)

    def _apply(self, batch: Batch, blocked: np.ndarray, end: int) -> None:
        """Let what was let through take its course, and everybody react to the rest."""
        self._open = None
        number = np.arange(self.made - len(batch), self.made)
        for kind, columns in follow(batch.take(~blocked), number[~blocked], self.plan.seed).items():
            self._waiting[kind].add(columns)
        self.blocked += int(blocked.sum())
        if not self._adapt:
            return
        hit = self.thieves.learn(batch, blocked)
        if blocked.any():
            burnt = batch.card[blocked & (batch.attack >= 0)]
            underworld = self._course.underworld
            self._ahead = self.thieves.react(self._ahead, hit, burnt, end)
            underworld.ahead = self.thieves.react(underworld.ahead, hit, burnt, end)
            self._add(self.customers.turned_away(batch.take(blocked), end, self.plan.end_ms))

    def _add(self, batch: Batch) -> None:
        """Put payments among those that lie ahead, in the order of time."""
        whole = Batch.concat([self._ahead, batch])
        self._ahead = whole.take(np.argsort(whole.time, kind="stable"))

    def _told(self, moment: int | None) -> dict[str, pl.DataFrame]:
        return {
            kind: event_frame(kind, queue.until(moment), self._tokens)
            for kind, queue in self._waiting.items()
        }


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
