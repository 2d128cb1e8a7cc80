"""From the queue to the disk: groups are computed while the one before is flushed.

What is computed is folded at once, in the order in which the log will have it. It is placed in the log when
the commit before is done, and answered when its own commit is. Reviews and blocks are answered when their
reasons are durable, too, which are found one at a time behind all else: no approval waits for them. Those of
a group that waits for the commit before it are found meanwhile, and lie in the group's own commit; where the
log is free, the group does not wait, and they take another.
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
    from sevenfold.serving.record import DecisionRecord

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
        self._waiting: deque[Deciding] = deque()  # computed, to be explained before they are placed
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
        """Whether a decision waits for its reasons: it is durable, or waits for the commit before it."""
        return bool(self._unexplained or (self._waiting and self._committing is not None))

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
                if job.record is not None and job.record.action != "approve":
                    self._waiting.append(job)
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
        self._waiting.clear()
        self._committing = jobs
        for job in jobs:
            if isinstance(job, Deciding) and not job.durable:
                job.offset += first
        return bool(entries)

    def recall(self) -> None:
        """Put what is computed back into the queue, to be computed again over another state."""
        explained: list[Deciding | Taking] = []
        entries: list[NewEntry] = []
        for job in reversed(self._computed):
            if isinstance(job, Deciding):
                if job.durable and job.reasons is not None:
                    explained.append(job)
                    entries.append(job.reasons)
                    continue
                job.reasons, job.why = None, ()
                if job.record is not None or job.fault is not None:
                    job.record = job.fault = job.result = None
            else:
                job.refused.clear()
            self.queue.appendleft(job)
        self._computed, self._entries = explained, entries
        self._waiting.clear()

    def explain(self) -> None:
        """Find the reasons of one decision; it is answered when they are durable, too."""
        job = (self._unexplained or self._waiting).popleft()
        if job.record is None:
            return
        job.why, job.reasons = self.engine.explain(job.key, job.record, job.earlier)
        self._entries.append(job.reasons)
        if job.durable:
            self._computed.append(job)
            job.result = self._answer(job, job.record)

    @staticmethod
    def _answer(job: Deciding, record: DecisionRecord) -> Outcome:
        body = encode_answer(job.offset, job.key, record, job.why)
        return Outcome("new", body, event_id=job.key)

    def prepare(self) -> None:
        """Write the answers of what is being committed; time well spent while the disk works."""
        for job in self._committing or ():
            if not isinstance(job, Deciding) or job.record is None or job.result is not None:
                continue
            if job.record.action == "approve" or job.reasons is not None:
                job.result = self._answer(job, job.record)

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
        self._waiting.clear()
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
