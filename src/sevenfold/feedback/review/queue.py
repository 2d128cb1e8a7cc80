"""The review queue: what people do, each step an event of the log, and what they see, a fold over it."""

from __future__ import annotations

import hashlib
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.feedback.review.agreement import cohen_kappa
from sevenfold.feedback.review.casebook import Casebook
from sevenfold.feedback.review.events import tag_entries, verdict_entries
from sevenfold.feedback.review.fold import fold_rows
from sevenfold.feedback.review.refusals import ChangedError, NoCaseError
from sevenfold.feedback.review.steps import Stepping
from sevenfold.feedback.review.store import Kept, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from sevenfold.data.log import NewEntry
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.feedback.review.agreement import Agreement
    from sevenfold.feedback.review.case import Case, Status
    from sevenfold.feedback.review.change import ReviewChange
    from sevenfold.feedback.review.parts import ReviewParts
    from sevenfold.feedback.review.steps import Opinion

__all__ = ["Listed", "ReviewQueue", "Shown"]

_ROWS_A_STEP = 50_000


class Listed(msgspec.Struct, frozen=True):
    """A case as a list shows it.

    Attributes
    ----------
    priority
        Major units of money a minute of a reviewer.
    due_ms, overdue
        When it should be closed, and whether that is past.
    """

    case: str
    status: str
    decisions: int
    amount: float
    gain: float
    learning: float
    priority: float
    due_ms: int
    overdue: bool
    version: int
    assignee: str | None = None
    locked_by: str | None = None
    disputed: bool = False


class Shown(msgspec.Struct, frozen=True):
    """A case with everything about it: what is known, and every step so far."""

    case: dict[str, Any]
    listed: Listed
    trail: list[dict[str, Any]]


class ReviewQueue:
    """The review queue of a design, for any number of threads and processes.

    Parameters
    ----------
    parts
        What it is made of.

    Raises
    ------
    StateError
        Its database cannot be opened.
    """

    def __init__(self, parts: ReviewParts) -> None:
        self.parts = parts
        self._store = Store(parts.url, parts.design, parts.review)
        declared = repr((parts.review, parts.event.__name__)).encode()
        self._declared = hashlib.sha256(declared).hexdigest()[:32]
        self._lock = threading.RLock()

    def update(self) -> int:
        """Take note of what the log has gained, and return how many entries that was.

        Raises
        ------
        LogError
            The log is damaged.
        StateError
            The database does not answer.
        """
        with self._lock, self.parts.open_log() as log:
            return self._update(log)

    def cases(
        self,
        status: Sequence[Status] = ("open", "second"),
        *,
        overdue: bool = False,
        disputed: bool = False,
        assignee: str | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        """List cases, the most urgent first.

        Parameters
        ----------
        status
            Of which state.
        overdue, disputed
            Whether only those past their due time, or those on which two people differ.
        assignee
            Only those of this person.
        limit
            How many at most.
        """
        with self._current() as (connection, _):
            found = self._store.listed(connection, status)
        listed = [self._listed(case, priority, due) for case, priority, due in found]
        return [
            one
            for one in listed
            if (not overdue or one.overdue)
            and (not disputed or one.disputed)
            and (assignee is None or one.assignee == assignee)
        ][:limit]

    def show(self, name: str) -> Shown:
        """Everything about a case.

        Raises
        ------
        NoCaseError
            There is none.
        """
        with self._current() as (connection, book):
            case = self._case(book, name)
            trail = self._store.changes(connection, case.id)
        hidden = case.status == "second"
        shown = [_plain(change) for change in trail if not (hidden and change.what == "verdict")]
        due = case.opened_ms + self.parts.review.due_ms
        return Shown(case.describe(), self._listed(case, self._store.priority(case), due), shown)

    def next(self, by: str) -> Shown | None:
        """Lock the most urgent case that a person may work on; nothing where there is none."""
        with self._current() as (connection, _):
            found = [case for case, _, _ in self._store.listed(connection, ("open", "second"))]
        mine = [case for case in found if case.assignee == by]
        for case in (*mine, *(case for case in found if case.assignee is None)):
            own = case.first is not None and case.first.by == by
            if own or case.locked_for(by, self.parts.clock_ms()):
                continue
            try:
                self._step([case.id], by, Stepping.take)
            except ChangedError:  # somebody was faster; there are others
                continue
            return self.show(case.id)
        return None

    def take(self, name: str, by: str) -> ReviewChange:
        """Lock a case for a person, for the declared time."""
        return self._step([name], by, Stepping.take)[0]

    def assign(self, name: str, to: str, by: str) -> ReviewChange:
        """Make a case somebody's, until they release it."""
        return self._step([name], by, lambda step, case: step.assign(case, to))[0]

    def release(self, name: str, by: str) -> ReviewChange:
        """Let go of a case."""
        return self._step([name], by, Stepping.release)[0]

    def note(self, name: str, by: str, text: str = "", tags: Sequence[str] = ()) -> ReviewChange:
        """Write something down about a case; tags may count as weak labels."""
        return self._step([name], by, lambda step, case: step.note(case, text, tuple(tags)))[0]

    def verdict(self, name: str, by: str, opinion: Opinion, *, version: int | None = None) -> ReviewChange:
        """Say what was found about a case.

        Parameters
        ----------
        version
            The case's version that was looked at; where given, anything that happened since is a conflict.

        Raises
        ------
        ChangedError
            Somebody else works on it, or was faster.
        NoCaseError, UsageError
            There is no such case; the reason is none of the codes; the same person looked at it before.
        """
        second = self.parts.chance() < self.parts.review.second
        return self._step(
            [name],
            by,
            lambda step, case: step.verdict(case, opinion, version=version, second=second),
        )[0]

    def bulk(self, names: Sequence[str], by: str, opinion: Opinion) -> list[ReviewChange]:
        """Say the same of many cases: all of them, or none where one of them can't be."""
        if not names:
            raise UsageError("There is nothing to do.", [Fault("cases", "at least one case", "none")])
        together = uuid.uuid4().hex[:12]
        share, chance = self.parts.review.second, self.parts.chance
        return self._step(
            list(dict.fromkeys(names)),
            by,
            lambda step, case: step.verdict(case, opinion, second=chance() < share, bulk=together),
        )

    def undo(self, name: str, by: str) -> ReviewChange:
        """Take back the last verdict on a case; its labels are taken back, too."""
        return self._step([name], by, Stepping.undo)[0]

    def agreement(self) -> Agreement:
        """How far two people agree on the cases that both looked at."""
        with self._current() as (connection, _):
            cases = self._store.seconded(connection)
        return cohen_kappa(
            [(case.first.positive, case.second.positive) for case in cases if case.first and case.second]
        )

    def trail(self, name: str | None = None) -> list[dict[str, Any]]:
        """Every step of a case, or of all of them, in the order of the log."""
        with self._current() as (connection, book):
            case = None if name is None else self._case(book, name).id
            return [_plain(change) for change in self._store.changes(connection, case)]

    def has(self, event_id: str) -> bool:
        """Whether a decided event is part of a case."""
        with self._current() as (_, book):
            return book.case_of(event_id) is not None

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def _step(
        self, names: Sequence[str], by: str, make: Callable[[Stepping, Case], ReviewChange]
    ) -> list[ReviewChange]:
        """Have changes of some cases become events, all or none."""
        if not by.strip():
            raise UsageError("A step of a review is somebody's.", [Fault("by", "a name", "nothing")])
        stepping = Stepping(self.parts.review, by, self.parts.clock_ms())
        with self._lock, self.parts.open_log() as log:
            self._update(log)
            with self._store.writing() as connection:
                book = self._book(connection)
                before = [self._case(book, name) for name in names]
                changes = [make(stepping, case) for case in before]
            pairs = zip(changes, before, strict=True)
            entries = [entry for change, case in pairs for entry in _all(change, case)]
            try:
                log.append(entries)
            except DataError as error:
                expected = [(f"case {change.case}", f"version {change.version - 1}") for change in changes]
                faults = [Fault(where, version, "a newer one", "Look again") for where, version in expected]
                raise ChangedError("Somebody else was faster.", faults) from error
            self._update(log)
        return changes

    @contextmanager
    def _current(self) -> Iterator[tuple[Connection, Casebook]]:
        """The database and the casebook, up to date with the log."""
        self.update()
        with self._lock, self._store.writing() as connection:
            yield connection, self._book(connection)

    def _update(self, log: SqliteEventLog) -> int:
        end, done = log.end(), 0
        while True:
            with self._store.writing() as connection:
                kept = self._kept(connection, log)
                if kept.stop >= end:
                    return done
                stop = min(end, kept.stop + _ROWS_A_STEP)
                book = self._book(connection)
                for case in self._store.unfinished(connection):
                    book.remember(case)
                changes: list[tuple[int, ReviewChange]] = []
                seal = kept.seal
                for rows in log.pages(kept.stop, stop):
                    changes += fold_rows(self.parts, log, book, rows)
                    seal = rows[-1][-1]
                dirty = [book.cases[name] for name in sorted(book.dirty)]
                reached = Kept(stop, seal, self._declared)
                self._store.save(connection, dirty, sorted(book.gone), changes, reached)
                done += stop - kept.stop

    def _kept(self, connection: Connection, log: SqliteEventLog) -> Kept:
        """How far the log is folded; from the beginning where it is another log, or declared otherwise."""
        kept = self._store.kept(connection)
        same = kept.declared == self._declared and kept.stop <= log.end()
        if kept.stop and not (same and log.seal_at(kept.stop - 1) == kept.seal):
            self._store.clear(connection)
            return Kept()
        return kept

    def _book(self, connection: Connection) -> Casebook:
        store = self._store
        return Casebook(
            self.parts.review,
            lambda name: store.case(connection, name),
            lambda event_id: store.case_of(connection, event_id),
        )

    def _case(self, book: Casebook, name: str) -> Case:
        case = book.case(name)
        if case is None:
            hint = "See: sevenfold review list DESIGN. A case may have become part of another one"
            raise NoCaseError("There is no such case.", [Fault("case", "the id of a case", repr(name), hint)])
        return case

    def _listed(self, case: Case, priority: float, due: int) -> Listed:
        now = self.parts.clock_ms()
        locked = case.locked_by if now < case.lock_until else None
        return Listed(
            case=case.id,
            status=case.status,
            decisions=len(case.members),
            amount=sum(member.amount for member in case.members.values()),
            gain=case.gain,
            learning=case.learning,
            priority=priority,
            due_ms=due,
            overdue=case.status != "closed" and due < now,
            version=case.version,
            assignee=case.assignee,
            locked_by=locked,
            disputed=case.disputed,
        )


def _all(change: ReviewChange, case: Case) -> list[NewEntry]:
    """The entries of a change: itself, the verdicts about single events, and their tags."""
    entries = [change.entry()]
    last = case.second or case.first
    said = change.positive is not None
    undone = change.what == "undo" and last is not None and last.positive is not None
    if (change.what == "verdict" and said) or undone or (change.what == "undo" and said):
        entries += verdict_entries(change)
    return entries + tag_entries(change)


def _plain(change: ReviewChange) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(change)
    return plain
