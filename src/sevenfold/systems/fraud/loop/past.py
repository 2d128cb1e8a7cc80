"""What a system knows on its first live day: payments that nobody decided, and what was heard of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.body import encode_table
from sevenfold.data.log import NewEntry
from sevenfold.data.table import normalise
from sevenfold.systems.fraud.world.clock import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sevenfold.data.event import EventType
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.systems.fraud.world.live import Step

__all__ = ["live_past"]


def live_past(
    log: SqliteEventLog,
    events: Mapping[str, EventType],
    steps: Iterator[Step],
    days: int,
    minutes: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Let everything through for some days, and write what happens to a log, as it comes to be known.

    Parameters
    ----------
    log
        Where it is written; each event arrives at its own time.
    events
        The design's events.
    steps
        The world's; those of the days are taken.
    days, minutes
        How many days, and how long a step is.
    progress
        Told the days that are done, of how many.
    """
    a_day = DAY // (minutes * 60_000)
    for day in range(days):
        entries: list[NewEntry] = []
        for step in islice(steps, a_day):
            heard = step.decide(())
            for name, frame in {"Payment": step.payments, **heard}.items():
                entries += _entries(events[name], frame)
        log.append(sorted(entries, key=lambda entry: entry.time_ms))
        progress(day + 1, days)


def _entries(event: EventType, frame: pl.DataFrame) -> list[NewEntry]:
    if not frame.height:
        return []
    rows = normalise(event, frame)
    columns = rows[event.__key__].cast(pl.String).to_list(), rows[event.__time__].cast(pl.Int64).to_list()
    return [
        NewEntry(event.__name__, key, time, body, time)
        for key, time, body in zip(*columns, encode_table(event, rows), strict=True)
    ]
