"""One step of a review, as the log keeps it; the audit trail of a case is the list of them."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from sevenfold.data.log import LogEntry, NewEntry
from sevenfold.errors import LogError

__all__ = ["REVIEW_CHANGE", "SELECTION", "ReviewChange", "Selection", "What"]

REVIEW_CHANGE = "ReviewChange"
"""Its event in the log, under ``case@version``: of two changes at once, one finds its key taken."""

SELECTION = "ReviewSelection"
"""The event of a decision that is to be reviewed to learn from it, under the decided event's key."""

What = Literal["assign", "take", "release", "note", "verdict", "undo"]


class ReviewChange(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One step of a review.

    Attributes
    ----------
    case, version
        Which case, and its how manyth change, from 1.
    at_ms, by
        When and by whom.
    what
        ``assign`` to somebody, ``take`` (a lock that expires), ``release``, ``note``, ``verdict`` or ``undo``
        (of the last verdict).
    events
        Keys of the decided events that it is about, as the case was when it was looked at.
    to, until_ms
        Who works on it, and until when it is locked for them.
    text, tags
        Of a note or a verdict.
    positive, reason
        The verdict: positive, negative or, where it is null, unsure; and its code.
    second
        Of a first verdict: whether a second person shall look.
    bulk
        What verdicts given together have in common.
    """

    case: str
    version: int
    at_ms: int
    by: str
    what: What
    events: tuple[str, ...] = ()
    to: str | None = None
    until_ms: int | None = None
    text: str = ""
    tags: tuple[str, ...] = ()
    positive: bool | None = None
    reason: str | None = None
    second: bool = False
    bulk: str | None = None

    @property
    def key(self) -> str:
        """Its key in the log."""
        return f"{self.case}@{self.version}"

    def entry(self) -> NewEntry:
        """Its entry for the log."""
        return NewEntry(REVIEW_CHANGE, self.key, self.at_ms, msgspec.json.encode(self))

    @staticmethod
    def of(entry: LogEntry) -> ReviewChange:
        """Read one from the log.

        Raises
        ------
        LogError
            It is none.
        """
        return _read(entry, ReviewChange)


class Selection(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """That a decided event is to be reviewed, so that a model learns from it.

    Attributes
    ----------
    event_id
        The key of the decided event.
    at_ms
        When it was drawn.
    strategy
        How: ``random`` for the share that is always kept.
    probability
        The chance that it had of being drawn, above 0 and at most 1: one over it is what its label stands
        for in a training set (Horvitz and Thompson, 1952).
    pool
        How many events it was drawn from.
    """

    event_id: str
    at_ms: int
    strategy: str
    probability: float
    pool: int

    def entry(self) -> NewEntry:
        """Its entry for the log."""
        return NewEntry(SELECTION, self.event_id, self.at_ms, msgspec.json.encode(self))

    @staticmethod
    def of(entry: LogEntry) -> Selection:
        """Read one from the log.

        Raises
        ------
        LogError
            It is none.
        """
        return _read(entry, Selection)


T = TypeVar("T", ReviewChange, Selection)


def _read(entry: LogEntry, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(entry.body, type=kind)
    except msgspec.MsgspecError as error:
        raise LogError(f"The entry at offset {entry.offset} is no {entry.event}: {error}") from None
