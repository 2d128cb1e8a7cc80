"""Many threads, one flush: whoever comes while a commit is under way joins the next.

The first thread to come leads: it commits its own work with everything that waits, and then passes the
lead to the first of those that have come meanwhile. The others sleep until their own work is settled, so
nobody waits for a lock behind work that is already done.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["GroupCommit"]

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


class _Request(Generic[Work, Outcome]):
    """Work that waits to be committed by whoever leads; its turn comes when it is settled, or must lead."""

    __slots__ = ("outcome", "turn", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.outcome: Outcome | Exception | None = None
        self.turn = threading.Event()


class GroupCommit(Generic[Work, Outcome]):
    """Commits the work of several threads together.

    Parameters
    ----------
    commit
        Takes what waits, in the order in which it came, and gives an outcome for each: an exception for
        work that is refused by itself. What it raises is the outcome of all. Never called by two threads
        at once.
    size
        Tells the size of a piece of work.
    most
        How large the work of one commit may grow before the rest waits for the next.
    """

    def __init__(
        self,
        commit: Callable[[list[Work]], Sequence[Outcome | Exception]],
        size: Callable[[Work], int],
        most: int,
    ) -> None:
        self._commit, self._size, self._most = commit, size, most
        self._waiting: deque[_Request[Work, Outcome]] = deque()
        self._leader: _Request[Work, Outcome] | None = None
        self._lock = threading.Lock()

    def __call__(self, work: Work) -> Outcome:
        """Commit work and return its outcome, or raise it where it is an exception."""
        request: _Request[Work, Outcome] = _Request(work)
        try:
            with self._lock:
                self._waiting.append(request)
                if self._leader is None:
                    self._lead_next()
            request.turn.wait()
            while request.outcome is None:
                self._commit_group(request)
        finally:
            self._leave(request)
        if isinstance(request.outcome, Exception):
            raise request.outcome
        return request.outcome

    def _commit_group(self, own: _Request[Work, Outcome]) -> None:
        group = self._taken()
        try:
            outcomes = self._commit([request.work for request in group])
        except Exception as error:  # noqa: BLE001 - raised again in the thread of each that took part
            outcomes = [error] * len(group)
        except BaseException:  # an interrupt is meant for this thread alone: the others' work waits on
            with self._lock:
                self._waiting.extendleft(request for request in reversed(group) if request is not own)
            raise
        for request, outcome in zip(group, outcomes, strict=True):
            request.outcome = outcome
            request.turn.set()

    def _taken(self) -> list[_Request[Work, Outcome]]:
        group: list[_Request[Work, Outcome]] = []
        size = 0
        with self._lock:
            while self._waiting and size < self._most:
                group.append(self._waiting.popleft())
                size += self._size(group[-1].work)
        return group

    def _leave(self, request: _Request[Work, Outcome]) -> None:
        with self._lock:
            if request in self._waiting:  # interrupted before its work was taken
                self._waiting.remove(request)
            if self._leader is request:
                self._lead_next()

    def _lead_next(self) -> None:
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.turn.set()
