"""The service in one process: decides events, remembers what it decided, and takes in other events."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sevenfold.data.log import NewEntry
from sevenfold.errors import DataError, Fault, LogError
from sevenfold.features.engine import FeatureEngine
from sevenfold.serving.committer import Committer
from sevenfold.serving.engine import DecisionEngine
from sevenfold.serving.names import DECISION, PROGRAM
from sevenfold.serving.outcome import Accepted, Outcome
from sevenfold.serving.pipeline import Pipeline
from sevenfold.serving.reception import Reception
from sevenfold.serving.record import Decision, Program, decode_record
from sevenfold.serving.recovery import Snapshots, recover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.features.taker import Features
    from sevenfold.serving.model import ServedModel
    from sevenfold.serving.parts import Parts

__all__ = ["DecisionService"]

_RETRY_S = 1.0

T = TypeVar("T")


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
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = self._closing = False
        self._trouble: list[str] = []
        self.flush_s = 0.0
        self._programs: dict[str, Program] = {}
        self._model = parts.model
        self._snapshots = Snapshots(parts.snapshots, parts.plan, parts.serving.snapshots_kept)
        self._reception = Reception(parts)
        self._appender = parts.log.appender()
        self._pipeline = Pipeline(self._recovered(), self._reception, self._appender)
        self._committer = Committer(self._appender.commit)
        self._note_program()

    # What callers use.

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
        loop = self._loop
        if loop is not None and loop.is_running():
            return asyncio.run_coroutine_threadsafe(self.decided(values), loop).result()
        with self._lock:
            return self._decide_here(values)

    async def decided(self, values: Mapping[str, object] | bytes) -> Outcome:
        """Decide one event together with whatever else waits, and return once the decision is durable."""
        loop = self._attached()
        if (full := self._full()) is not None:
            return full
        job = self._reception.decide(values)
        if isinstance(job, Outcome):
            return job
        future: asyncio.Future[Outcome] = loop.create_future()
        repeated = bool(job.settled)
        job.settled.append(partial(_resolve, future))
        if not repeated:
            self._pipeline.queue.append(job)
        self._wake(loop)
        outcome = await future
        return (
            Outcome("repeated", outcome.body, event_id=job.key) if repeated and outcome.decided else outcome
        )

    async def accept(self, event: str, rows: Sequence[Mapping[str, object]]) -> Accepted:
        """Take in events that are only to be known, and return once they are durable.

        Raises
        ------
        UsageError
            Where the design has no such event.
        """
        loop = self._attached()
        if (full := self._full()) is not None:
            return Accepted(unavailable=str(full.faults[0]), retry_after_s=full.retry_after_s)
        job = self._reception.take(event, rows)
        if isinstance(job, Accepted):
            return job
        future: asyncio.Future[Accepted] = loop.create_future()
        job.settled.append(partial(_resolve, future))
        self._pipeline.queue.append(job)
        self._wake(loop)
        return await future

    def find(self, event_id: str) -> Decision | None:
        """The decision about an event, by its key."""
        found = self.parts.log.find(DECISION, event_id)
        if found is None:
            return None
        offset, decided_ms, body = found
        record = decode_record(body)
        return Decision(offset, event_id, decided_ms, record, self._program(record.program))

    def record(self, event_id: str) -> dict[str, Any] | None:
        """The decision about an event as plain data, features by name; `None` where there is none."""
        decision = self.find(event_id)
        return None if decision is None else decision.describe()

    def read(self, event: str, rows: Sequence[Mapping[str, object]]) -> list[Features]:
        """The features that events would have now; nothing is folded, nothing is logged."""
        with self._lock:
            return self._pipeline.engine.features.read(event, rows)

    def ready(self) -> list[str]:
        """Why it does not decide just now; nothing where it does."""
        return list(self._trouble)

    def swap(self, model: ServedModel | None) -> None:
        """Score with another model from the next event on.

        Raises
        ------
        BundleError
            Where it takes other features than the design computes; the one before stays.
        """
        with self._lock:
            self._pipeline.engine.use(model)
            self._model = model

    async def close(self) -> None:
        """Finish what was accepted, take no more, and let go of the files."""
        self._closing = True
        self._trouble = ["closing"]
        while self._pipeline.busy and self._loop is not None:
            await asyncio.sleep(0.001)
        self.close_now()

    def close_now(self) -> None:
        """As `close`, where no event loop has work under way."""
        self._closing = True
        self._trouble = ["closing"]
        self._committer.close()
        self.parts.log.close()

    # How it works.

    def _attached(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and self._loop.is_running():
                raise RuntimeError("A service works for one event loop")
            self._loop = loop
        return loop

    def _full(self) -> Outcome | None:
        """Why nothing more is taken just now."""
        if self._trouble:
            return _unavailable("a service that decides", self._trouble[0], _RETRY_S)
        waiting = len(self._reception.pending)
        if waiting >= self.parts.serving.most_waiting:
            return _unavailable(
                f"fewer than {self.parts.serving.most_waiting} events waiting", f"{waiting}", _RETRY_S
            )
        return None

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the pipeline run once the loop has read what else has come in."""
        if not self._woken:
            self._woken = True
            loop.call_soon(self._run)

    def _run(self) -> None:
        self._woken = False
        pipeline, loop = self._pipeline, self._loop
        if loop is None:
            return
        with self._lock:
            try:
                if pipeline.can_compute:
                    pipeline.compute()
                if pipeline.can_place:
                    pipeline.place()
                    self._committer.begin(self._told)
                    pipeline.prepare()
            except Exception as error:  # noqa: BLE001 - whatever it was, the state has to be rebuilt
                self._fail(error)
                return
        if pipeline.can_compute:
            self._wake(loop)

    def _told(self, seconds: float, error: BaseException | None) -> None:
        """On the committer's thread: hand over to the loop's."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._committed, seconds, error)

    def _committed(self, seconds: float, error: BaseException | None) -> None:
        self.flush_s = seconds
        if error is not None:
            self._fail(error)
            return
        with self._lock:
            self._pipeline.finish()
        if self._loop is not None and (self._pipeline.can_place or self._pipeline.can_compute):
            self._run()

    def _fail(self, error: BaseException) -> None:
        """Tell everybody who waits that it did not work, and rebuild the state aside."""
        if self._trouble:
            return
        self._trouble = [f"rebuilding the state after: {error}"]
        self._pipeline.drop(_unavailable("a log that takes it", str(error), _RETRY_S))
        loop = self._loop
        if loop is not None:
            loop.run_in_executor(None, self._rebuild)

    def _rebuild(self) -> None:
        try:
            self._appender.abandon()
            engine = self._recovered()
        except Exception as error:  # noqa: BLE001 - readiness tells it
            self._trouble = [f"the state cannot be rebuilt: {error}"]
            return
        with self._lock:
            self._pipeline.engine = engine
            self._trouble = []

    def _decide_here(self, values: Mapping[str, object] | bytes) -> Outcome:
        """Decide one event on this thread."""
        if (full := self._full()) is not None:
            return full
        job = self._reception.decide(values)
        if isinstance(job, Outcome):
            return job
        told: list[Outcome] = []
        job.settled.append(told.append)
        pipeline = self._pipeline
        pipeline.queue.append(job)
        try:
            pipeline.compute()
            pipeline.place()
            self._appender.commit()
            pipeline.finish()
        except Exception as error:  # noqa: BLE001 - whatever it was, the state has to be rebuilt
            self._trouble = ["rebuilding"]
            pipeline.drop(_unavailable("a log that takes it", str(error), _RETRY_S))
            self._rebuild()
        return told[0]

    def _recovered(self) -> DecisionEngine:
        """An engine over the state that the log stands for."""
        parts = self.parts
        found = recover(parts.log, self._snapshots, parts.plan, parts.events, parts.lateness)
        features = FeatureEngine(parts.plan, parts.events, found.state, parts.lateness)
        return DecisionEngine(features, parts.decides, self._model, parts.judge(), parts.clock_ms)

    def _note_program(self) -> None:
        """Have the log say once what the values in records mean."""
        program = self._pipeline.engine.program
        if self.parts.log.find(PROGRAM, program.key) is None:
            self._appender.place([NewEntry(PROGRAM, program.key, self.parts.clock_ms(), program.encode())])
            self._appender.commit()

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


def _unavailable(expected: str, got: str, retry_after_s: float) -> Outcome:
    fault = Fault("service", expected, got, "Send it again")
    return Outcome("unavailable", faults=(fault,), retry_after_s=retry_after_s)
