"""What a review queue is made of: the design's part, already put together."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.feedback.active.declaration import Active
    from sevenfold.feedback.review.declaration import Review
    from sevenfold.learning.arrays import FloatVector
    from sevenfold.serving.record import DecisionRecord

__all__ = ["Decided", "ReviewParts", "Weigh", "Worth", "now_ms"]


def now_ms() -> int:
    """Epoch milliseconds by the machine's clock."""
    return time.time_ns() // 1_000_000


class Decided(NamedTuple):
    """A decision and the event that it is about."""

    event_id: str
    offset: int
    event_ms: int
    decided_ms: int
    record: DecisionRecord
    body: bytes


class Worth(NamedTuple):
    """What is at stake and what a review is expected to save, major units; float64, shape (decisions,)."""

    amount: FloatVector
    gain: FloatVector


class Weigh(Protocol):
    """Computes what reviews are worth, from what the problem says that mistakes cost."""

    def __call__(self, decided: Sequence[Decided]) -> Worth:
        """What each decision's review is worth."""
        ...


@dataclass(frozen=True)
class ReviewParts:
    """What a review queue is made of.

    Parameters
    ----------
    design
        The design's name.
    event
        The event that is decided.
    review, active
        What was declared.
    open_log
        Opens the event log, for reading and for appending.
    url
        Of the database in which cases are looked up, see `Store`.
    weigh
        What reviews are worth.
    clock_ms
        What tells the time.
    chance
        Draws a number from 0 to 1: whether a case is to be looked at by a second person.
    """

    design: str
    event: EventType
    review: Review
    active: Active
    open_log: Callable[[], SqliteEventLog]
    url: str
    weigh: Weigh
    clock_ms: Callable[[], int] = now_ms
    chance: Callable[[], float] = random.SystemRandom().random
