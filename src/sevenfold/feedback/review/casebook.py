"""All cases that are open, and how the log's entries change them: the fold, without a database.

A decision joins the oldest open case with which it shares an entity within the declared window, and brings
together the other cases that it shares one with, as long as nobody has worked on those (union by shared
entities). What a person did is taken at its word: a change names the decided events that it is about, so that
what was found stays with them even where decisions would be grouped otherwise today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.feedback.review.case import Case, Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.feedback.review.case import Member
    from sevenfold.feedback.review.change import ReviewChange
    from sevenfold.feedback.review.declaration import Review

__all__ = ["Casebook"]


def _nothing(_: str) -> Case | None:
    return None


class Casebook:
    """The open cases, and those that were looked up.

    Parameters
    ----------
    review
        How decisions become cases.
    recall
        Finds a case by its id where it is not open: in what was kept.
    recall_event
        Finds the case of a decided event likewise.

    Attributes
    ----------
    cases
        By id.
    dirty
        Ids of cases that were changed.
    gone
        Ids of cases that became part of another one, with that one's id.
    """

    def __init__(
        self,
        review: Review,
        recall: Callable[[str], Case | None] = _nothing,
        recall_event: Callable[[str], Case | None] = _nothing,
    ) -> None:
        self.review = review
        self.cases: dict[str, Case] = {}
        self.dirty: set[str] = set()
        self.gone: dict[str, str] = {}
        self._recall, self._recall_event = recall, recall_event
        self._of_event: dict[str, str] = {}
        self._links: dict[tuple[str, str], dict[str, int]] = {}

    def remember(self, case: Case) -> None:
        """Have a case that was kept take part again."""
        self.cases[case.id] = case
        for member in case.members.values():
            self._of_event[member.event_id] = case.id
            if case.status == "open":
                self._link(case, member)

    def case(self, name: str) -> Case | None:
        """A case by its id, also where it became part of another one."""
        name = self.gone.get(name, name)
        if name not in self.cases:
            found = self._recall(name)
            if found is not None:
                self.remember(found)
        return self.cases.get(name)

    def case_of(self, event_id: str) -> Case | None:
        """The case that a decided event is part of."""
        if event_id not in self._of_event:
            found = self._recall_event(event_id)
            if found is not None and found.id not in self.cases:
                self.remember(found)
        name = self._of_event.get(event_id)
        return None if name is None else self.cases[name]

    def add(self, member: Member) -> Case:
        """Put a decision into a case: that of its company, or one of its own."""
        known = self.case_of(member.event_id)
        if known is not None:
            return known
        near = self._near(member)
        fitting = [case for case in near if len(case.members) < self.review.most]
        case = fitting[0] if fitting else self._open(f"c{member.offset}")
        self._put(case, member)
        for other in fitting[1:]:
            if not other.version and len(case.members) + len(other.members) <= self.review.most:
                self._merge(case, other)
        return case

    def apply(self, change: ReviewChange) -> Case | None:
        """Do what a person did; nothing where none of the events it is about is known."""
        case = self.case(change.case)
        if case is None:
            if not any(self.case_of(event_id) for event_id in change.events):
                return None
            case = self._open(change.case)
        elif case.id != change.case:  # it was put into another case since; the change takes it out again
            case = self._open(change.case)
        for event_id in change.events:
            self._move(event_id, case)
        case.version = change.version
        case.tags = tuple(dict.fromkeys((*case.tags, *change.tags)))
        _STEPS[change.what](case, change)
        self.dirty.add(case.id)
        if change.what == "verdict":
            self._split(case, change)
        self._relink(case)
        return case

    def _near(self, member: Member) -> list[Case]:
        """Open cases that share an entity with a decision, within the window; the oldest first."""
        found = {
            name
            for link in member.links
            for name, last_ms in self._links.get(link, {}).items()
            if abs(member.event_ms - last_ms) <= self.review.within_ms
        }
        return sorted((self.cases[name] for name in found), key=_age)

    def _open(self, name: str) -> Case:
        self.gone.pop(name, None)
        case = self.cases[name] = Case(name)
        self.dirty.add(name)
        return case

    def _put(self, case: Case, member: Member) -> None:
        case.members[member.event_id] = member
        self._of_event[member.event_id] = case.id
        self.dirty.add(case.id)
        if case.status == "open":
            self._link(case, member)

    def _take_out(self, case: Case, event_id: str) -> Member:
        member = case.members.pop(event_id)
        del self._of_event[event_id]
        self._unlink(case, member)
        self._relink(case)
        self.dirty.add(case.id)
        return member

    def _move(self, event_id: str, case: Case) -> None:
        before = self.case_of(event_id)
        if before is None or before is case:
            return
        self._put(case, self._take_out(before, event_id))
        if not before.members:
            self._drop(before, case)

    def _merge(self, case: Case, other: Case) -> None:
        for event_id in list(other.members):
            self._put(case, self._take_out(other, event_id))
        self._drop(other, case)

    def _drop(self, empty: Case, into: Case) -> None:
        del self.cases[empty.id]
        self.dirty.discard(empty.id)
        self.gone[empty.id] = into.id

    def _split(self, case: Case, change: ReviewChange) -> None:
        """Decisions that came while a person looked at the others make a case of their own."""
        rest = [event_id for event_id in case.members if event_id not in change.events]
        if not rest:
            return
        members = [self._take_out(case, event_id) for event_id in rest]
        name = f"c{min(member.offset for member in members)}"
        fresh = self._open(name if self.case(name) is None else f"{name}.{change.version}")
        for member in members:
            self._put(fresh, member)

    def _relink(self, case: Case) -> None:
        """Have only an open case draw others to it."""
        for member in case.members.values():
            self._unlink(case, member)
        if case.status == "open":
            for member in case.members.values():
                self._link(case, member)

    def _link(self, case: Case, member: Member) -> None:
        for link in member.links:
            known = self._links.setdefault(link, {})
            known[case.id] = max(known.get(case.id, 0), member.event_ms)

    def _unlink(self, case: Case, member: Member) -> None:
        for link in member.links:
            known = self._links.get(link, {})
            known.pop(case.id, None)
            if not known:
                self._links.pop(link, None)


def _age(case: Case) -> int:
    return min(member.offset for member in case.members.values())


def _assign(case: Case, change: ReviewChange) -> None:
    case.assignee = change.to
    case.locked_by, case.lock_until = None, 0


def _take(case: Case, change: ReviewChange) -> None:
    case.locked_by, case.lock_until = change.by, change.until_ms or 0
    case.seen = change.events


def _release(case: Case, _: ReviewChange) -> None:
    case.assignee = case.locked_by = None
    case.lock_until, case.seen = 0, ()


def _note(case: Case, change: ReviewChange) -> None:
    """A note changes nothing but the trail, and the tags."""


def _verdict(case: Case, change: ReviewChange) -> None:
    found = Finding(change.by, change.at_ms, change.version, change.positive, change.reason, change.text)
    if case.first is None:
        case.first = found
        case.status = "second" if change.second else "closed"
    else:
        case.second = found
        case.status = "closed"
    _release(case, change)


def _undo(case: Case, change: ReviewChange) -> None:
    if case.second is not None:
        case.second, case.status = None, "second"
    else:
        case.first, case.status = None, "open"
    _release(case, change)


_STEPS = {
    "assign": _assign,
    "take": _take,
    "release": _release,
    "note": _note,
    "verdict": _verdict,
    "undo": _undo,
}
