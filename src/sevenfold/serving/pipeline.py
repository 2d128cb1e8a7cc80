"""From the queue to the disk: groups are computed while the one before is flushed.

What is computed is folded at once, in the order in which the log will have it. It is placed in the log when
the commit before is done, and answered when its own commit is. Reviews and blocks are answered when their
reasons are durable, too, which are found one at a time behind all else: no approval waits for them.
If anything fails, all that is not durable is taken back: nobody was told of it, and the state is rebuilt from
the log.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sevenfold.serving.jobs import Deciding, Taking
from sevenfold.serving.outcome import Accepted, Outcome
from sevenfold.serving.record import encode_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.data.log import NewEntry
    from sevenfold.data.sqlite_appender import Appender
    from sevenfold.serving.engine import DecisionEngine
    from sevenfold.serving.reception import Reception

__all__ = ["Pipeline"]

MOST_TOGETHER = 256
"""Jobs that are computed before anything else gets its turn."""

MOST_HELD = 4_096
"""Log entries that wait, computed, for the commit before them."""


class Pipeline:
    """Queue, what is computed, and what is being committed; for one thread at a time.

    Parameters
    ----------
    engine
        What computes.
    reception
        What forgets jobs once they are settled.
    appender
        What writes to the log.
    """

    def __init__(self, engine: DecisionEngine, reception: Reception, appender: Appender) -> None:
        self.engine, self.appender = engine, appender
        self._reception = reception
        self.queue: deque[Deciding | Taking] = deque()
        self._entries: list[NewEntry] = []
        self._computed: list[Deciding | Taking] = []
        self._committing: list[Deciding | Taking] | None = None
        self._unexplained: deque[Deciding] = deque()
        self.groups = self.decided = self.taken = 0

    @property
    def committing(self) -> bool:
        """Whether a commit is under way."""
        return self._committing is not None

    @property
    def busy(self) -> bool:
        """Whether anybody waits for anything."""
        return bool(self.queue or self._computed or self._unexplained or self._committing is not None)

    @property
    def can_explain(self) -> bool:
        """Whether a decision is durable that waits for its reasons."""
        return bool(self._unexplained)

    @property
    def ahead(self) -> bool:
        """Whether the state holds events that have no place in the log yet."""
        return any(not (isinstance(job, Deciding) and job.durable) for job in self._computed)

    @property
    def can_compute(self) -> bool:
        """Whether something waits, and there is room for it."""
        return bool(self.queue) and len(self._entries) < MOST_HELD

    @property
    def can_place(self) -> bool:
        """Whether something is computed, and the log is free."""
        return bool(self._computed) and self._committing is None

    def compute(self) -> None:
        """Fold and decide what waits, in order."""
        queue = self.queue
        group: list[Deciding] = []
        for _ in range(min(MOST_TOGETHER, len(queue))):
            job = queue.popleft()
            self._computed.append(job)
            if isinstance(job, Deciding):
                if job.result is None:
                    group.append(job)
                continue
            self._decide(group)
            group = []
            self._take(job)
        self._decide(group)

    def _decide(self, group: Sequence[Deciding]) -> None:
        if not group:
            return
        first = len(self._entries)
        self._entries += self.engine.decide(group)
        at = first
        for job in group:
            if job.fault is None:
                job.offset = (
                    at + 1
                )  # the record, counted from the first entry of the group until it is placed
                at += 2
            else:
                job.result = Outcome("refused", faults=job.fault.faults, event_id=job.key)

    def _take(self, job: Taking) -> None:
        kept = self.engine.take(job)
        self._entries += kept
        before = job.found
        job.result = Accepted(len(kept), before.duplicates, (*before.faults, *job.refused), before.conflicts)

    def place(self) -> bool:
        """Put what is computed in the log, ready to be committed; whether there is anything to commit.

        Raises
        ------
        OvertakenError
            Where someone else has written to the log.
        LogError
            Where it cannot be written.
        """
        jobs, entries = self._computed, self._entries
        first = self.appender.place(entries) if entries else 0
        self._computed, self._entries = [], []
        self._committing = jobs
        for job in jobs:
            if isinstance(job, Deciding) and job.reasons is None:
                job.offset += first
        return bool(entries)

    def recall(self) -> None:
        """Put what is computed back into the queue, to be computed again over another state."""
        explained: list[Deciding | Taking] = []
        entries: list[NewEntry] = []
        for job in reversed(self._computed):
            if isinstance(job, Deciding):
                if job.reasons is not None:
                    explained.append(job)
                    entries.append(job.reasons)
                    continue
                if job.record is not None or job.fault is not None:
                    job.record = job.fault = job.result = None
            else:
                job.refused.clear()
            self.queue.appendleft(job)
        self._computed, self._entries = explained, entries

    def explain(self) -> None:
        """Find the reasons of one decision that is durable; it is answered when they are, too."""
        job = self._unexplained.popleft()
        if job.record is None:
            return
        reasons, job.reasons = self.engine.explain(job.key, job.record, job.earlier)
        body = encode_answer(job.offset, job.key, job.record, reasons)
        job.result = Outcome("new", body, event_id=job.key)
        self._computed.append(job)
        self._entries.append(job.reasons)

    def prepare(self) -> None:
        """Write the answers of what is being committed; time well spent while the disk works."""
        for job in self._committing or ():
            if isinstance(job, Deciding) and job.record is not None and job.result is None:
                if job.record.action != "approve":
                    continue
                body = encode_answer(job.offset, job.key, job.record)
                job.result = Outcome("new", body, event_id=job.key)

    def finish(self) -> None:
        """Answer what is durable now."""
        self.prepare()
        jobs, self._committing = self._committing or [], None
        self.groups += 1
        for job in jobs:
            if isinstance(job, Deciding) and job.result is None:
                job.durable = True
                self._unexplained.append(job)
                continue
            self._reception.forget(job)
            if isinstance(job, Deciding):
                self.decided += job.record is not None
                job.settle(job.result or Outcome("unavailable"))
            else:
                result = job.result or Accepted()
                self.taken += result.new
                job.settle(result)

    def unwatch(self) -> None:
        """Do what is under way for its own sake: whoever asked for it is gone."""
        for job in (*(self._committing or ()), *self._unexplained, *self._computed, *self.queue):
            job.settled.clear()

    def drop(self, outcome: Outcome, *, committing: bool) -> None:
        """Take back what is not durable, and tell those who wait for it.

        Parameters
        ----------
        outcome
            What they are told.
        committing
            Whether this includes what is being committed.
        """
        jobs: list[Deciding | Taking] = [*self._unexplained, *self._computed, *self.queue]
        self._unexplained.clear()
        if committing:
            jobs = [*(self._committing or ()), *jobs]
            self._committing = None
        self._computed, self._entries = [], []
        self.queue.clear()
        reason = str(outcome.faults[0]) if outcome.faults else "not just now"
        for job in jobs:
            self._reception.forget(job)
            if isinstance(job, Deciding):
                job.settle(outcome)
            else:
                job.settle(Accepted(unavailable=reason, retry_after_s=outcome.retry_after_s))
