"""What reviewers leave in the log for others to read: verdicts and tags, one entry a decided event.

Both are events like those that a design declares, so that the lake lays them and labels are joined from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Timestamp
from sevenfold.data.log import NewEntry, new_entry

if TYPE_CHECKING:
    from sevenfold.feedback.review.change import ReviewChange

__all__ = ["ReviewTag", "ReviewVerdict", "RuleHit", "tag_entries", "verdict_entries"]


class ReviewVerdict(EventRecord, key="verdict_id", time="given_at"):
    """What a reviewer found about one decided event; ``positive`` is null where a verdict was taken back."""

    verdict_id: str
    given_at: Timestamp
    event_id: str
    positive: bool | None = None
    reason: Category | None = None
    reviewer: str
    case: str


class ReviewTag(EventRecord, key="tag_id", time="tagged_at"):
    """A free tag that a reviewer put on one decided event."""

    tag_id: str
    tagged_at: Timestamp
    event_id: str
    tag: Category
    reviewer: str
    case: str


class RuleHit(EventRecord, key="hit_id", time="hit_at"):
    """That a rule was true of a decided event; read from decision records, never logged by itself."""

    hit_id: str
    hit_at: Timestamp
    event_id: str
    rule: Category


def verdict_entries(change: ReviewChange) -> list[NewEntry]:
    """The entries of a verdict or of its undoing, one for each event of the case that was looked at."""
    return [
        new_entry(
            ReviewVerdict,
            ReviewVerdict.__convert__(
                {
                    "verdict_id": f"{change.key}:{event_id}",
                    "given_at": change.at_ms,
                    "event_id": event_id,
                    "positive": change.positive,
                    "reason": change.reason,
                    "reviewer": change.by,
                    "case": change.case,
                }
            ),
        )
        for event_id in change.events
    ]


def tag_entries(change: ReviewChange) -> list[NewEntry]:
    """The entries of a change's tags, one for each tag and event."""
    return [
        new_entry(
            ReviewTag,
            ReviewTag.__convert__(
                {
                    "tag_id": f"{change.key}:{event_id}:{tag}",
                    "tagged_at": change.at_ms,
                    "event_id": event_id,
                    "tag": tag,
                    "reviewer": change.by,
                    "case": change.case,
                }
            ),
        )
        for tag in change.tags
        for event_id in change.events
    ]
