"""From the log to a running state: the newest sound snapshot, and the log's tail folded behind it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.body import read_lines
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.serving.names import DECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.data.sqlite_bulk import Bulk
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.features.plan import Plan
    from sevenfold.features.state import FeatureState
    from sevenfold.serving.snapshots import Snapshots

__all__ = ["DAY_MS", "Recovered", "Replay", "count_review", "recover"]

_EVENTS_A_PART = 100_000
_REVIEW = b'"action":"review"'
_NEW_LINE = 10
_READ_AHEAD = 6
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


def count_review(reviews: dict[int, int], at_ms: int, count: int = 1) -> None:
    """Count reviews on their day, and forget other days."""
    day = at_ms // DAY_MS
    if day not in reviews:
        reviews.clear()
    reviews[day] = reviews.get(day, 0) + count


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
        self._lines: dict[str, list[bytes]] = {}
        self._places: dict[str, list[NDArray[np.int64]]] = {}
        self._count = 0

    def add(self, bulk: Bulk) -> None:
        """Take entries that follow those before."""
        for event, places in bulk.places.items():
            if event in self._plan.streams and places.size:
                self._lines.setdefault(event, []).append(bulk.bodies[event])
                self._places.setdefault(event, []).append(places + self._count)
        for at_ms in _reviews(bulk):
            count_review(self.found.reviews, at_ms)
        entries = bulk.stop - bulk.first
        self._count += entries
        self.found.offset += entries
        self.found.folded += entries
        self.found.seal = bulk.seal
        if self._count >= _EVENTS_A_PART:
            self.fold()

    def fold(self) -> None:
        """Fold what was added."""
        lines, places = self._lines, self._places
        self._lines, self._places, self._count = {}, {}, 0
        if not lines:
            return
        events, lateness, state = self._events, self._lateness, self.found.state
        frames = {name: read_lines(events[name], b"\n".join(lines[name])) for name in lines}
        order = None
        if len(frames) > 1:
            order = np.argsort(np.concatenate([part for name in frames for part in places[name]]))
        fold_batch(
            state, make_batch(self._plan, events, frames, None, order, lateness, state), None, None, None
        )


def _reviews(bulk: Bulk) -> Iterator[int]:
    """The moments of the reviews among some entries, in their order."""
    records = bulk.bodies.get(DECISION, b"")
    at = records.find(_REVIEW)
    if at < 0:
        return
    ends = np.flatnonzero(np.frombuffer(records, np.uint8) == _NEW_LINE)
    while at >= 0:
        place = int(np.searchsorted(ends, at))
        yield int(bulk.times[bulk.places[DECISION][place]])
        at = -1 if place == ends.size else records.find(_REVIEW, int(ends[place]))


def _ahead(bulks: Iterator[Bulk]) -> Iterator[Bulk]:
    """Read and check the next entries while others are worked on."""
    with ThreadPoolExecutor(1) as reader:
        waiting = deque([reader.submit(next, bulks, None) for _ in range(_READ_AHEAD)])
        while (bulk := waiting.popleft().result()) is not None:
            waiting.append(reader.submit(next, bulks, None))
            yield bulk


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
    for bulk in _ahead(log.bulks(begin, end)):
        replay.add(bulk)
        if progress is not None:
            progress(found.offset - begin, end - begin)
    replay.fold()
    return found
