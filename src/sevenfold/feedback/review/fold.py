"""From the log to cases: which entries matter to reviews, and how the casebook is brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.body import read_body
from sevenfold.data.log import LogEntry
from sevenfold.errors import LogError
from sevenfold.feedback.review.case import Member
from sevenfold.feedback.review.change import REVIEW_CHANGE, SELECTION, ReviewChange, Selection
from sevenfold.feedback.review.parts import Decided
from sevenfold.serving.names import DECISION
from sevenfold.serving.record import decode_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.data.seal import Row
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.feedback.review.casebook import Casebook
    from sevenfold.feedback.review.parts import ReviewParts

__all__ = ["entropy", "find_decided", "fold_rows"]

_REVIEW = b'"action":"review"'


def fold_rows(
    parts: ReviewParts, log: SqliteEventLog, book: Casebook, rows: Sequence[Row]
) -> list[tuple[int, ReviewChange]]:
    """Bring a casebook up to date with some rows of the log; gives the changes among them, with offsets."""
    entries = [
        LogEntry(*row[:6])
        for row in rows
        if row[1] in (SELECTION, REVIEW_CHANGE) or (row[1] == DECISION and _REVIEW in row[5])
    ]
    selected = {entry.key: Selection.of(entry) for entry in entries if entry.event == SELECTION}
    members = _members(parts, log, entries, selected)
    changes: list[tuple[int, ReviewChange]] = []
    for entry in entries:
        if entry.event == REVIEW_CHANGE:
            change = ReviewChange.of(entry)
            book.apply(change)
            changes.append((entry.offset, change))
        elif entry.key in members:
            book.add(members[entry.key])
    return changes


def find_decided(parts: ReviewParts, log: SqliteEventLog, key: str) -> Decided | None:
    """The decision about an event, and the event; nothing where it was not decided."""
    found = log.find(DECISION, key)
    if found is None:
        return None
    offset, decided_ms, body = found
    return _decided(parts, log, key, offset, decided_ms, body)


def entropy(score: float | None) -> float:
    """How uncertain a probability is, in bits: 1 for a half and where nothing is known, 0 for 0 and 1.

    >>> entropy(0.5), round(entropy(0.01), 3), entropy(None)
    (1.0, 0.081, 1.0)
    """
    if score is None:
        return 1.0
    if not 0.0 < score < 1.0:
        return 0.0
    return float(-(score * np.log2(score) + (1.0 - score) * np.log2(1.0 - score)))


def _members(
    parts: ReviewParts, log: SqliteEventLog, entries: Sequence[LogEntry], selected: dict[str, Selection]
) -> dict[str, Member]:
    """The decisions that are to be reviewed, by the key of their event."""
    decided: dict[str, Decided] = {}
    for entry in entries:
        if entry.event == DECISION:
            decided[entry.key] = _decided(parts, log, entry.key, entry.offset, entry.arrived_ms, entry.body)
        elif entry.event == SELECTION and entry.key not in decided:
            found = find_decided(parts, log, entry.key)
            if found is not None:
                decided[entry.key] = found
    if not decided:
        return {}
    amounts, gains = parts.weigh(list(decided.values()))
    return {
        one.event_id: _member(parts, one, amount, gain, selected.get(one.event_id))
        for one, amount, gain in zip(decided.values(), amounts.tolist(), gains.tolist(), strict=True)
    }


def _decided(
    parts: ReviewParts, log: SqliteEventLog, key: str, offset: int, decided_ms: int, body: bytes
) -> Decided:
    found = log.find(parts.event.__name__, key)
    if found is None:
        raise LogError(f"The log holds a decision about {key}, and not the {parts.event.__name__} itself")
    event_body = found[2]
    row = read_body(parts.event, event_body)
    event_ms = row[list(parts.event.__fields__).index(parts.event.__time__)]
    return Decided(key, offset, event_ms, decided_ms, decode_record(body), event_body)


def _member(
    parts: ReviewParts, one: Decided, amount: float, gain: float, selection: Selection | None
) -> Member:
    values = dict(zip(parts.event.__fields__, read_body(parts.event, one.body), strict=True))
    links = tuple(
        (parts.event.__fields__[name].entity or name, str(values[name]))
        for name in parts.review.shared(parts.event)
        if values[name] is not None
    )
    return Member(
        event_id=one.event_id,
        offset=one.offset,
        event_ms=one.event_ms,
        decided_ms=one.decided_ms,
        action=one.record.action,
        score=one.record.score,
        links=links,
        amount=amount,
        gain=max(gain, 0.0),
        learning=parts.review.learning_worth * entropy(one.record.score),
        strategy=None if selection is None else selection.strategy,
        probability=None if selection is None else selection.probability,
    )
