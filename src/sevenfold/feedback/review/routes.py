"""The review queue over HTTP: every route needs a key that is good for ``review``.

Who does something is the name of the key. What somebody else changed meanwhile is 409, ``changed``.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.feedback.review.refusals import ChangedError, NoCaseError
from sevenfold.feedback.review.steps import Opinion
from sevenfold.serving.http.plugged import Plugged
from sevenfold.serving.http.problem import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.feedback.review.case import Status
    from sevenfold.feedback.review.queue import ReviewQueue
    from sevenfold.serving.http.plugged import Asked

__all__ = ["review_routes"]


class CaseQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which cases: ``open`` (with those for a second person), ``second``, ``closed`` or ``all``."""

    status: str = "open"
    overdue: bool = False
    disputed: bool = False
    assignee: str | None = None
    limit: int = 50


class Assigning(msgspec.Struct, forbid_unknown_fields=True):
    """Whose the case shall be."""

    to: str


class Noting(msgspec.Struct, forbid_unknown_fields=True):
    """What is written down."""

    text: str = ""
    tags: tuple[str, ...] = ()


class Judging(msgspec.Struct, forbid_unknown_fields=True):
    """What was found; ``positive`` is null where the reviewer is not sure."""

    positive: bool | None
    reason: str | None = None
    text: str = ""
    tags: tuple[str, ...] = ()
    version: int | None = None

    def opinion(self) -> Opinion:
        """The same as the queue takes it."""
        return Opinion(self.positive, self.reason, self.text, self.tags)


class JudgingMany(msgspec.Struct, forbid_unknown_fields=True):
    """What was found about many cases."""

    cases: tuple[str, ...]
    positive: bool | None
    reason: str | None = None
    text: str = ""
    tags: tuple[str, ...] = ()


STATES: dict[str, tuple[Status, ...]] = {
    "open": ("open", "second"),
    "second": ("second",),
    "closed": ("closed",),
    "all": ("open", "second", "closed"),
}
"""What may be listed, and the states that it stands for."""


def review_routes(opened: Callable[[], ReviewQueue]) -> list[Plugged]:
    """Return the routes of a review queue.

    Parameters
    ----------
    opened
        Opens it; called at the first request.
    """
    desk = _Desk(opened)
    routes: list[tuple[str, str, Callable[[Asked], Any], str, dict[str, Any]]] = [
        ("GET", "/v1/cases", desk.cases, "List cases, the most urgent first.", {"query": CaseQuery}),
        ("POST", "/v1/cases/next", desk.next, "Lock the most urgent case that is free.", {}),
        ("GET", "/v1/cases/agreement", desk.agreement, "Say how far two people agree.", {}),
        ("POST", "/v1/cases/bulk", desk.bulk, "Say the same of many cases, or of none.", _MANY),
        ("GET", "/v1/cases/{case}", desk.show, "Show a case and every step so far.", {}),
        ("POST", "/v1/cases/{case}/take", desk.take, "Lock a case for a while.", {}),
        ("POST", "/v1/cases/{case}/release", desk.release, "Let go of a case.", {}),
        ("POST", "/v1/cases/{case}/assign", desk.assign, "Make a case somebody's.", _TO),
        ("POST", "/v1/cases/{case}/note", desk.note, "Write something down.", _NOTE),
        ("POST", "/v1/cases/{case}/verdict", desk.verdict, "Say what was found.", _ONE),
        ("POST", "/v1/cases/{case}/undo", desk.undo, "Take back the last verdict.", {}),
    ]
    return [
        Plugged(method, path, "review", _told(handler), summary, room="review", **rest)  # type: ignore[arg-type]
        for method, path, handler, summary, rest in routes
    ]


_ONE: dict[str, Any] = {"body": Judging, "example": {"positive": True, "reason": "stolen"}}
_MANY: dict[str, Any] = {
    "body": JudgingMany,
    "example": {"cases": ["c17", "c40"], "positive": False, "reason": "usual"},
}
_TO: dict[str, Any] = {"body": Assigning, "example": {"to": "ann"}}
_NOTE: dict[str, Any] = {"body": Noting, "example": {"text": "Asked the bank.", "tags": ["mule"]}}


class _Desk:
    """Answers requests with a queue that is opened when the first one comes."""

    def __init__(self, opened: Callable[[], ReviewQueue]) -> None:
        self._open = opened
        self._queue: ReviewQueue | None = None
        self._lock = threading.Lock()

    @property
    def queue(self) -> ReviewQueue:
        with self._lock:
            if self._queue is None:
                self._queue = self._open()
            return self._queue

    def cases(self, asked: Asked) -> Any:
        query: CaseQuery = asked.query
        if query.status not in STATES:
            detail = f"The status is one of {', '.join(STATES)}."
            raise ProblemError("invalid", detail)
        found = self.queue.cases(
            STATES[query.status],
            overdue=query.overdue,
            disputed=query.disputed,
            assignee=query.assignee,
            limit=min(max(query.limit, 1), _MOST_LISTED),
        )
        return {"cases": found}

    def next(self, asked: Asked) -> Any:
        return {"next": self.queue.next(asked.caller.name)}

    def agreement(self, _: Asked) -> Any:
        return self.queue.agreement()._asdict()

    def show(self, asked: Asked) -> Any:
        return self.queue.show(asked.path["case"])

    def take(self, asked: Asked) -> Any:
        return self.queue.take(asked.path["case"], asked.caller.name)

    def release(self, asked: Asked) -> Any:
        return self.queue.release(asked.path["case"], asked.caller.name)

    def assign(self, asked: Asked) -> Any:
        return self.queue.assign(asked.path["case"], asked.body.to, asked.caller.name)

    def note(self, asked: Asked) -> Any:
        return self.queue.note(asked.path["case"], asked.caller.name, asked.body.text, asked.body.tags)

    def verdict(self, asked: Asked) -> Any:
        body: Judging = asked.body
        return self.queue.verdict(asked.path["case"], asked.caller.name, body.opinion(), version=body.version)

    def bulk(self, asked: Asked) -> Any:
        body: JudgingMany = asked.body
        opinion = Opinion(body.positive, body.reason, body.text, body.tags)
        return {"changes": self.queue.bulk(body.cases, asked.caller.name, opinion)}

    def undo(self, asked: Asked) -> Any:
        return self.queue.undo(asked.path["case"], asked.caller.name)


_MOST_LISTED = 1_000


def _told(handler: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
    """Have the queue's refusals be problems that HTTP knows."""

    @functools.wraps(handler)
    def answer(asked: Asked) -> Any:
        try:
            return handler(asked)
        except ChangedError as error:
            raise ProblemError("changed", error.summary, error.faults) from error
        except NoCaseError as error:
            raise ProblemError("not-found", error.summary, error.faults) from error

    return answer
