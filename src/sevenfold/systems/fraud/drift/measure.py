"""One world measured: what was said of it, when, and what it had cost by then."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.learning.days import DAY_MS
from sevenfold.learning.extra import require
from sevenfold.monitoring.drift import DriftWatcher
from sevenfold.systems.fraud.drift.stream import stream
from sevenfold.systems.fraud.drift.worlds import LIVE_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.systems.fraud.drift.stream import Stream
    from sevenfold.systems.fraud.drift.worlds import Order

__all__ = ["Outcome", "measure"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened in one world.

    Parameters
    ----------
    key, kind, name, first, seed
        The order: ``kind`` is ``quiet`` where nothing changes, ``first`` the first day of the change.
    days
        Days that were judged.
    alarms
        Everything that fired: day of the world at whose end it was said, kind, subject, and the sentence.
    missed_by_day
        Money of fraud of the changed pattern that was not blocked, day by day from the first; of every
        pattern where no pattern of fraud changed.
    event_us
        Microseconds of processor time for a decision, all days judged and all of the calibration included.
    count_us
        Microseconds of processor time for each further decision of a day: counting alone.
    """

    key: str
    kind: str
    name: str
    first: int
    seed: int
    days: int
    alarms: list[tuple[int, str, str, str]]
    missed_by_day: list[float]
    event_us: float
    count_us: float

    @property
    def alarm_days(self) -> list[int]:
        """The days at whose end something fired that had not before: what fires together is one alert."""
        return sorted({day for day, *_ in self.alarms})

    def noticed(self, quiet: Outcome | None = None) -> int | None:
        """Give the days from the first one of the change to the end of that on which it was noticed.

        Parameters
        ----------
        quiet
            The world of the same seed without the change: what is said there, too, within a week, is not
            about the change.
        """
        there = () if quiet is None else quiet.alarms
        after = [
            day
            for day, kind, subject, _ in self.alarms
            if day >= self.first
            and not any(own[1:3] == (kind, subject) and abs(own[0] - day) <= 7 for own in there)
        ]
        return min(after) - self.first + 1 if after else None

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """Build what `to_json` described."""
        return cls(**{**data, "alarms": [tuple(alarm) for alarm in data["alarms"]]})


def measure(order: Order) -> Outcome:
    """Make the world, let it be decided and watched, and take notes."""
    world = stream(order)
    require("river.drift", "watching concepts", "monitor")  # its import is not what is measured
    watcher = DriftWatcher(lambda _: world.reference, 45)
    alarms, spent = [], 0.0
    for page in world.pages():
        _ = page.decisions.features  # laid out once for all watchers, and not by this one
        begun = time.thread_time()
        watcher.see(page)
        found = watcher.findings(page.newest_ms)
        spent += time.thread_time() - begun
        alarms += [
            (one.at_ms // DAY_MS - 1 - world.start_day, one.kind, one.subject, one.summary)
            for one in found
            if one.firing and one.severity != "info"
        ]
    turn, payments = order.turn, world.payments
    frauds = payments.filter("is_fraud", ~pl.col("blocked"))
    if turn is not None and turn.name in frauds["pattern"].unique().to_list():
        frauds = frauds.filter(pl.col("pattern") == turn.name)
    last, first = int(payments["day"].max()), 0 if turn is None else turn.first  # type: ignore[arg-type]
    by_day = dict(frauds.group_by("day").agg(pl.col("amount").sum()).iter_rows())
    return Outcome(
        key=order.key,
        kind="quiet" if turn is None else turn.kind,
        name="" if turn is None else turn.name,
        first=first,
        seed=order.seed,
        days=last - LIVE_DAY,
        alarms=alarms,
        missed_by_day=[round(float(by_day.get(day, 0.0)), 2) for day in range(first, last + 1)],
        event_us=1e6 * spent / payments.height,
        count_us=_count_us(world),
    )


def _count_us(world: Stream) -> float:
    """Let a fresh watcher see all decisions as if they were of one day, and time the second page."""
    watcher, pages = DriftWatcher(lambda _: world.reference, 45), list(world.pages())
    one_day = np.zeros(len(pages[0].decisions), np.int64)
    same = replace(pages[0], decisions=replace(pages[0].decisions, decided_ms=one_day))
    _ = same.decisions.features
    watcher.see(same)
    begun = time.thread_time()
    watcher.see(same)
    return 1e6 * (time.thread_time() - begun) / len(one_day)
