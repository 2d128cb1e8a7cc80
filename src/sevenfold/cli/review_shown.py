"""How cases and the steps of reviews are told to people and to scripts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.cli.options import Options
    from sevenfold.feedback.review.change import ReviewChange
    from sevenfold.feedback.review.queue import Listed, Shown

__all__ = ["case_row", "plain", "tell_case", "tell_changes", "when"]


def tell_changes(options: Options, changes: Sequence[ReviewChange]) -> None:
    """Say what was done."""
    terminal = options.terminal()
    for change in changes:
        terminal.say(f"{change.case}: {_said(change)}")
    terminal.result({"changes": [plain(change) for change in changes]})


def _said(change: ReviewChange) -> str:
    finding = "unsure" if change.positive is None else "positive" if change.positive else "negative"
    texts = {
        "assign": f"assigned to {change.to} by {change.by}",
        "take": f"locked for {change.by} until {when(change.until_ms)}",
        "release": f"released by {change.by}",
        "note": f"noted by {change.by}",
        "verdict": f"{finding}, says {change.by}" + (f" ({change.reason})" if change.reason else ""),
        "undo": f"the last verdict was taken back by {change.by}",
    }
    return texts[change.what] + (f"; {len(change.events):,} decisions" if change.what == "verdict" else "")


def tell_case(options: Options, shown: Shown, name: str) -> None:
    """Show a case and its trail; `name` is the field of the JSON line."""
    terminal = options.terminal()
    one = shown.listed
    locked = f", locked by {one.locked_by}" if one.locked_by else ""
    terminal.say(f"Case {one.case} is {one.status}, version {one.version}{locked}; due {when(one.due_ms)}.")
    count = Counter(tuple(link) for member in shown.case["members"] for link in member.get("links", ()))
    terminal.table(
        ["event", "action", "score", "amount", "saves", "shares"],
        [
            (
                member["event_id"],
                member["action"],
                member.get("score"),
                round(member.get("amount", 0.0), 2),
                round(member.get("gain", 0.0), 2),
                " ".join(
                    f"{kind}:{value}" for kind, value in member.get("links", ()) if count[kind, value] > 1
                ),
            )
            for member in shown.case["members"]
        ],
    )
    for step in shown.trail:
        words = step.get("text", "")
        terminal.say(f"{when(step['at_ms'])} {step['by']}: {step['what']}{f': {words}' if words else ''}")
    terminal.result({name: plain(shown)})


def case_row(one: Listed) -> tuple[object, ...]:
    """A line of the list of cases."""
    return (
        one.case,
        one.status,
        one.decisions,
        round(one.amount, 2),
        round(one.gain, 2),
        round(one.learning, 2),
        round(one.priority, 3),
        when(one.due_ms) + (" overdue" if one.overdue else ""),
        one.locked_by or one.assignee or "",
    )


def plain(value: object) -> object:
    """The same as plain data."""
    import msgspec

    return msgspec.to_builtins(value)


def when(moment: int | None) -> str:
    """A moment, to the minute, UTC."""
    if moment is None:
        return "never"
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(sep=" ", timespec="minutes")[:16]
