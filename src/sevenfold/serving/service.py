"""The service in one process: decides events, remembers what it decided, and takes in other events."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sevenfold.data.log import NewEntry
from sevenfold.data.sqlite_appender import OvertakenError
from sevenfold.errors import DataError, Fault, LogError, UsageError
from sevenfold.serving.names import DECISION, MODEL_CHANGE, PROGRAM
from sevenfold.serving.outcome import Accepted, Outcome
from sevenfold.serving.reception import Rival
from sevenfold.serving.record import Decision, Program, decode_record
from sevenfold.serving.rollout.shadow import SILENT_S, Minder
from sevenfold.serving.rollout.watch import Watch
from sevenfold.serving.stats import Stats, measure
from sevenfold.serving.worker import Worker, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from sevenfold.features.taker import Features
    from sevenfold.serving.model import ServedModel
    from sevenfold.serving.parts import Parts
    from sevenfold.serving.rollout.routing import Resolved

__all__ = ["DecisionService"]

T = TypeVar("T")

_TRIES = 8


class DecisionService:
    """Decides events, durably.

    `decided` and `accept` are for one event loop, which does all the work but the flushing: requests that
    come while others are worked on are decided together. `decide` is for any other thread, and for programs
    without a loop.

    Parameters
    ----------
    parts
        What it is made of.

    Raises
    ------
    LogError
        Where the log is damaged.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._closing = False
        self._programs: dict[str, Program] = {}
        self._worker = Worker(parts)
        self._note_program()
        self._watch: Watch | None = None
        self._minder: Minder | None = None
        self._minded: str | None = None
        if parts.resolve is not None:
            changes = partial(parts.log.entries_of, MODEL_CHANGE)
            self._watch = Watch(changes, parts.resolve, self._take_up, parts.resolved)
            self._mind(parts.shadow)
            self._watch.start()

    def decide(self, values: Mapping[str, object]) -> Decision:
        """Decide one event and return once the decision is durable.

        Raises
        ------
        DataError
            With all faults of the event; or where another event is known under its key.
        LogError
            Where it cannot be made durable; then nothing is known to have been logged.
        """
        outcome = self.outcome(values)
        if outcome.status == "unavailable":
            raise LogError("The event cannot be decided just now", outcome.faults)
        if not outcome.decided or outcome.event_id is None:
            raise DataError(f"The {self.parts.decides} is refused", outcome.faults)
        decision = self.find(outcome.event_id)
        if decision is None:
            raise LogError(f"The log lost the decision about {outcome.event_id}")
        return decision

    def outcome(self, values: Mapping[str, object] | bytes) -> Outcome:
        """As `decided`, for threads other than the event loop's, and for programs without one."""
        worker = self._worker
        if worker.loop is not None and worker.loop.is_running():
            return asyncio.run_coroutine_threadsafe(self.decided(values), worker.loop).result()
        worker.let_go()
        with worker.lock:
            if self._closing:
                return unavailable("a service that decides", "closed")
            job = worker.reception.decide(values)
            if isinstance(job, Rival):  # left by a loop that ended without closing the service
                return unavailable("a service that decides", "work under way on an event loop that has ended")
            if isinstance(job, Outcome):
                return job
            told: list[Outcome] = []
            job.settled.append(told.append)
            worker.run_here(job)
            return told[0]

    async def decided(self, values: Mapping[str, object] | bytes) -> Outcome:
        """Decide one event together with whatever else waits, and return once the decision is durable."""
        worker = self._worker
        loop = worker.attach()
        if (full := self._full()) is not None:
            return full
        job = worker.reception.decide(values)
        while isinstance(job, Rival):
            settled: asyncio.Future[Outcome | Accepted] = loop.create_future()
            job.job.settled.append(partial(_resolve, settled))
            await settled
            job = worker.reception.decide(values)
        if isinstance(job, Outcome):
            return job
        future: asyncio.Future[Outcome] = loop.create_future()
        repeated = bool(job.settled)
        job.settled.append(partial(_resolve, future))
        if not repeated:
            worker.pipeline.queue.append(job)
            worker.wake()
        outcome = await future
        return (
            Outcome("repeated", outcome.body, event_id=job.key) if repeated and outcome.decided else outcome
        )

    def decide_table(
        self,
        frame: pl.DataFrame,
        progress: Callable[[int, int], None] | None = None,
        *,
        physical: bool = False,
    ) -> pl.DataFrame:
        """Decide the events of a table, durable batch by batch; see `serving.table.decide_table`."""
        from sevenfold.serving.table import decide_table

        self._worker.let_go()
        for _ in range(_TRIES):
            self._worker.catch_up()
            try:
                return decide_table(self._worker, frame, progress, physical=physical)
            except OvertakenError:  # somebody wrote between two batches: what is durable is found again
                continue
        return decide_table(self._worker, frame, progress, physical=physical)

    async def accept(self, event: str, rows: Sequence[Mapping[str, object]]) -> Accepted:
        """Take in events that are only to be known, and return once they are durable.

        Raises
        ------
        UsageError
            Where the design has no such event.
        """
        worker = self._worker
        loop = worker.attach()
        if (full := self._full()) is not None:
            return Accepted(unavailable=str(full.faults[0]), retry_after_s=full.retry_after_s)
        job = worker.reception.take(event, rows)
        if isinstance(job, Accepted):
            return job
        future: asyncio.Future[Accepted] = loop.create_future()
        job.settled.append(partial(_resolve, future))
        worker.pipeline.queue.append(job)
        worker.wake()
        return await future

    def take(self, event: str, rows: Sequence[Mapping[str, object]]) -> Accepted:
        """As `accept`, for threads other than the event loop's, and for programs without one."""
        worker = self._worker
        if worker.loop is not None and worker.loop.is_running():
            return asyncio.run_coroutine_threadsafe(self.accept(event, rows), worker.loop).result()
        worker.let_go()
        with worker.lock:
            if self._closing:
                return Accepted(unavailable="closed")
            job = worker.reception.take(event, rows)
            if isinstance(job, Accepted):
                return job
            told: list[Accepted] = []
            job.settled.append(told.append)
            worker.run_here(job)
            return told[0]

    def observe(self, event: str, values: Mapping[str, object]) -> Features:
        """Take in one event without deciding it, durably, and give the features that it was folded with.

        Raises
        ------
        DataError
            With all faults of the event; or where an event is known under its key.
        UsageError
            When the design has no such event; or while an event loop works for the service.
        LogError
            Where it cannot be made durable.
        """
        worker = self._worker
        if worker.loop is not None and worker.loop.is_running():
            raise UsageError("One event is observed at a time, and an event loop works for the service")
        with worker.lock:
            if worker.trouble:
                worker.rebuild()
            (found,) = self.read(event, [values])
            accepted = self.take(event, [values])
        if accepted.unavailable:
            raise LogError(f"The {event} cannot be taken in just now: {accepted.unavailable}")
        if not accepted.new:
            known = Fault(event, "a new event", "one that is known under its key")
            raise DataError(f"The {event} is refused", accepted.faults or [known])
        return found

    def find(self, event_id: str) -> Decision | None:
        """The decision about an event, by its key."""
        found = self.parts.log.find(DECISION, event_id)
        if found is None:
            return None
        offset, decided_ms, body = found
        record = decode_record(body)
        reasons = self._worker.reception.reasons(event_id, record)
        return Decision(offset, event_id, decided_ms, record, self._program(record.program), reasons)

    def record(self, event_id: str) -> dict[str, Any] | None:
        """The decision about an event as plain data, features by name; `None` where there is none."""
        decision = self.find(event_id)
        return None if decision is None else decision.describe()

    def read(self, event: str, rows: Sequence[Mapping[str, object]]) -> list[Features]:
        """The features that events would have now; nothing is folded, nothing is logged."""
        with self._worker.lock:
            return self._worker.pipeline.engine.features.read(event, rows)

    def ready(self) -> list[str]:
        """Why it does not decide just now; nothing where it does."""
        if self._closing:
            return ["closing"]
        return [self._worker.trouble] if self._worker.trouble else []

    @property
    def model(self) -> ServedModel | None:
        """What scores at the moment; `None` where rules alone decide."""
        return self._worker.model

    def swap(self, model: ServedModel | None) -> None:
        """Score with another model from the next event on.

        Raises
        ------
        BundleError
            Where it takes other features than the design computes; the one before stays.
        """
        self._worker.use(model)

    def refresh(self) -> bool:
        """Take up changes of models that the log holds, now; by itself it happens within a second.

        Returns
        -------
        bool
            Whether something changed.
        """
        return self._watch is not None and self._watch.look()

    @property
    def rollout_trouble(self) -> str:
        """Why the newest change of models is not in use; empty where it is."""
        return "" if self._watch is None else self._watch.trouble

    def _take_up(self, resolved: Resolved) -> None:
        self._worker.use(resolved.champion, resolved.routing)
        self._mind(resolved.shadow)

    def _mind(self, bundle: str | None) -> None:
        """Have a bundle scored in the shadow, and no other one."""
        command = self.parts.shadow_command
        if command is None or bundle == self._minded:
            return
        if self._minder is not None:
            self._minder.close()
        self._minder, self._minded = None, bundle
        if bundle is not None:
            self._minder = Minder(command(bundle), SILENT_S, partial(self.parts.unfit, bundle))

    def snapshot(self, path: Path | str | None = None) -> Path:
        """Write a snapshot of feature state now; in the background it happens by itself.

        Parameters
        ----------
        path
            Where to, for `Design.engine` to go on from; by default among those that a start begins with.

        Raises
        ------
        StateError
            Where something is under way, or the state is being rebuilt.
        """
        return self._worker.snapshot(None if path is None else Path(path))

    @property
    def folded_at_start(self) -> int:
        """Log entries that were folded behind the snapshot when the service was opened, or rebuilt last."""
        return self._worker.found.folded

    def stats(self) -> Stats:
        """What it has done since it was opened, and how far snapshots lie behind."""
        return measure(self._worker)

    async def close(self) -> None:
        """Take no more, finish what was accepted, and let go of the files."""
        self._closing = True
        while self._worker.pipeline.busy:
            if self._worker.trouble:
                self._worker.give_up("closing")
            await asyncio.sleep(0.001)
        self.close_now()

    def close_now(self) -> None:
        """Let go of the files; what waits on an event loop is lost, and nobody was answered."""
        self._closing = True
        if self._watch is not None:
            self._watch.close()
        if self._minder is not None:
            self._minder.close()
        self._worker.close()
        self.parts.log.close()

    def _full(self) -> Outcome | None:
        """Why nothing more is taken just now."""
        trouble = self.ready()
        if trouble:
            return unavailable("a service that decides", trouble[0])
        waiting, most = len(self._worker.reception.pending), self.parts.serving.most_waiting
        if waiting >= most:
            return unavailable(f"fewer than {most:,} events that wait", f"{waiting:,}")
        return None

    def _note_program(self) -> None:
        """Have the log say once what the values in records mean."""
        worker = self._worker
        program = worker.pipeline.engine.program
        if self.parts.log.find(PROGRAM, program.key) is None:
            worker.appender.place([NewEntry(PROGRAM, program.key, self.parts.clock_ms(), program.encode())])
            worker.appender.commit()

    def _program(self, key: str) -> Program:
        if key not in self._programs:
            found = self.parts.log.find(PROGRAM, key)
            if found is None:
                raise LogError(f"The log does not say what the features of program {key} are")
            self._programs[key] = Program.decode(found[2])
        return self._programs[key]


def _resolve(future: asyncio.Future[T], result: T) -> None:
    if not future.done():  # who asked may have gone
        future.set_result(result)
