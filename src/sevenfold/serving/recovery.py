"""From the log to a running state: the newest sound snapshot, and the log's tail folded behind it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.body import read_table
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.serving.names import DECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.seal import Row
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.features.plan import Plan
    from sevenfold.features.state import FeatureState
    from sevenfold.serving.snapshots import Snapshots

__all__ = ["DAY_MS", "Recovered", "Replay", "count_review", "recover"]

_EVENTS_A_PART = 200_000
_REVIEW = b'"action":"review"'
DAY_MS = 86_400_000


@dataclass
class Recovered:
    """A state, and the offset up to which the log is folded into it.

    Attributes
    ----------
    state, offset
        Both.
    seal
        Of the entry before the offset.
    reviews
        How many reviews were given, by day since the epoch; of the last day in the log.
    snapshot
        What it began with.
    folded
        Entries of the log that were read behind that.
    unusable
        Snapshots that could not be used, and why.
    """

    state: FeatureState
    offset: int = 0
    seal: bytes = b""
    reviews: dict[int, int] = field(default_factory=dict)
    snapshot: Path | None = None
    folded: int = 0
    unusable: list[str] = field(default_factory=list)


def count_review(reviews: dict[int, int], at_ms: int) -> None:
    """Count a review on its day, and forget other days."""
    day = at_ms // DAY_MS
    if day not in reviews:
        reviews.clear()
    reviews[day] = reviews.get(day, 0) + 1


class Replay:
    """Folds entries of the log into a state, many at a time: the same bits as one by one.

    Parameters
    ----------
    plan, events, lateness
        Those of the design; entries that are no event of the plan are passed over.
    found
        What is folded into.
    """

    def __init__(
        self, plan: Plan, events: Mapping[str, EventType], lateness: int | None, found: Recovered
    ) -> None:
        self._plan, self._events, self._lateness = plan, events, lateness
        self.found = found
        self._bodies: dict[str, list[bytes]] = {}
        self._places: dict[str, list[int]] = {}
        self._count = 0

    def add(self, rows: list[Row]) -> None:
        """Take rows that follow those before."""
        streams, bodies, places = self._plan.streams, self._bodies, self._places
        for place, (_, event, _, time_ms, _, body, _) in enumerate(rows, self._count):
            if event in streams:
                if event not in bodies:
                    bodies[event], places[event] = [], []
                bodies[event].append(body)
                places[event].append(place)
            elif event == DECISION and _REVIEW in body:
                count_review(self.found.reviews, time_ms)
        self._count += len(rows)
        self.found.offset += len(rows)
        self.found.folded += len(rows)
        *_, self.found.seal = rows[-1]
        if self._count >= _EVENTS_A_PART:
            self.fold()

    def fold(self) -> None:
        """Fold what was added."""
        bodies, places = self._bodies, self._places
        self._bodies, self._places, self._count = {}, {}, 0
        if not bodies:
            return
        events, lateness, state = self._events, self._lateness, self.found.state
        frames = {name: read_table(events[name], bodies[name]) for name in bodies}
        order = None
        if len(frames) > 1:
            order = np.argsort(np.concatenate([np.array(places[name], np.int64) for name in frames]))
        fold_batch(
            state, make_batch(self._plan, events, frames, None, order, lateness, state), None, None, None
        )


def _ahead(pages: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Read and check the next page while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, pages, None)
        while (rows := following.result()) is not None:
            following = reader.submit(next, pages, None)
            yield rows


def recover(
    log: SqliteEventLog,
    end: int,
    snapshots: Snapshots,
    events: Mapping[str, EventType],
    lateness: int | None,
    progress: Callable[[int, int], None] | None = None,
) -> Recovered:
    """Give the state that the log stands for up to an offset.

    Raises
    ------
    LogError
        Where the log is damaged.
    """
    found = snapshots.newest(log, end)
    begin = found.offset
    replay = Replay(snapshots.plan, events, lateness, found)
    for rows in _ahead(log.pages(begin, end)):
        replay.add(rows)
        if progress is not None:
            progress(found.offset - begin, end - begin)
    replay.fold()
    return found
