"""What keeps the pipeline going: on an event loop or without one, through failures, and beside other writers.

Whatever fails after an event was folded leaves a state that the log knows nothing of. Then all that is not
durable is dropped, nobody is answered, and the state is built anew from the log while requests are told to
come back. Others may write to the log too, such as a change of a rule: that is noticed before the next group,
and what they wrote is folded first.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from sevenfold.data.log import LogEntry
from sevenfold.data.sqlite_appender import OvertakenError
from sevenfold.data.sqlite_bulk import bulk_of
from sevenfold.errors import Fault, StateError
from sevenfold.features.engine import FeatureEngine
from sevenfold.serving.background import Background
from sevenfold.serving.checkpoints import Checkpoints
from sevenfold.serving.collecting import collecting_later, settled_in
from sevenfold.serving.committer import Committer
from sevenfold.serving.engine import DecisionEngine
from sevenfold.serving.names import JUDGED
from sevenfold.serving.outcome import Outcome
from sevenfold.serving.pipeline import Pipeline
from sevenfold.serving.reception import Reception
from sevenfold.serving.recovery import DAY_MS, Recovered, Replay, recover
from sevenfold.serving.rollout.arms import JointJudge
from sevenfold.serving.snapshots import Snapshots
from sevenfold.serving.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sevenfold.serving.jobs import Deciding, Taking
    from sevenfold.serving.model import ServedModel
    from sevenfold.serving.parts import Parts
    from sevenfold.serving.record import DecisionRecord
    from sevenfold.serving.rollout.routing import Routing
    from sevenfold.serving.verdict import Judge

__all__ = ["Worker", "unavailable"]

_RETRY_S = 1.0
_LEFT_BEHIND = 10_000
_FEW = 1_000
"""Entries of others that are looked at on the deciding thread."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0


class Worker:
    """Runs the pipeline of a service.

    Parameters
    ----------
    parts
        What the service is made of.

    Attributes
    ----------
    trouble
        Why nothing is decided just now; empty where it is.
    lock
        Held while the state is read or changed.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.lock = threading.RLock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.model, self.routing = parts.model, parts.routing
        self.trouble = ""
        self.tally = Tally()
        self.rebuilt = self._failures = 0
        self._woken = self._closed = False
        self.snapshots = Snapshots(parts.snapshots, parts.plan, parts.serving.snapshots_kept)
        self.reception = Reception(parts)
        self.appender = parts.log.appender()
        self.pipeline = Pipeline(self._recovered(), self.reception, self.appender)
        self.reception.explain = self._explain
        self.pipeline.engine.warm(parts.events[parts.decides], parts.judge(parts.model))
        self._committer = Committer(self.appender.commit)
        self.checkpoints = Checkpoints(parts.log)
        self.background = Background(
            self.snapshots, parts.log.path, parts.events, parts.lateness,
            parts.serving.snapshot_every, parts.snapshot_command,
        )  # fmt: skip

    def use(self, model: ServedModel | None, routing: Routing | None = None) -> None:
        """Score with other models, and judge by the policies that go with them, from the next event on."""
        with self.lock:
            engine = self.pipeline.engine
            engine.use(model, routing)
            self.model, self.routing = model, routing
            engine.judge = self._judge(self.appender.tail.end, engine.reviews)

    # On an event loop.

    def attach(self) -> asyncio.AbstractEventLoop:
        """Work for the loop that runs."""
        loop = asyncio.get_running_loop()
        if self.loop is not loop:
            if self.loop is not None and self.loop.is_running():
                raise RuntimeError("A service works for one event loop")
            self.let_go()
            self.loop = loop
            if self.pipeline.busy:
                self.wake()
            settled_in()
        return loop

    def wake(self) -> None:
        """Have the pipeline run once the loop has read what else has come in."""
        if not self._woken and self.loop is not None:
            self._woken = True
            self.loop.call_soon(self._run)

    def _run(self) -> None:
        self._woken = False
        with self.lock:
            if self.trouble:
                return
            try:
                placed = self._advance()
                if placed:
                    self._committer.begin(self._told)
                    self.pipeline.prepare()
                if self.pipeline.can_explain:
                    self.pipeline.explain()
            except OvertakenError as error:
                if not self._only_notes(error):
                    self._begin_again(error)
            except Exception as error:  # noqa: BLE001 - whatever it was, the state is not what the log says
                self._fail(error)
        if self.pipeline.can_compute or self.pipeline.can_explain or self.pipeline.can_place:
            self.wake()

    def _told(self, seconds: float, error: BaseException | None) -> None:
        """On the committer's thread: hand over to the loop's."""
        try:
            if self.loop is not None:
                self.loop.call_soon_threadsafe(self._committed, seconds, error)
        except RuntimeError:  # it has ended without closing the service: nobody waits any more
            with self.lock:
                self.pipeline.unwatch()
                if error is None:
                    self._succeeded(seconds)
                else:
                    self.pipeline.drop(_not_taken(error), committing=True)
                    self.trouble = f"the state has to be rebuilt after a failure: {error}"

    def let_go(self) -> None:
        """Leave a loop that has ended, and wait for what it had under way."""
        if self.loop is None or not self.loop.is_closed():
            return
        while self.pipeline.committing:
            time.sleep(0.001)
        with self.lock:
            self.pipeline.unwatch()
            self.loop, self._woken = None, False

    def _committed(self, seconds: float, error: BaseException | None) -> None:
        with self.lock:
            if error is not None:
                self.pipeline.drop(_not_taken(error), committing=True)
                if not self.trouble:
                    self._fail(error)
                return
            self._succeeded(seconds)
        if self.pipeline.can_place or self.pipeline.can_compute or self.pipeline.can_explain:
            self._run()

    def _succeeded(self, seconds: float) -> None:
        self.tally.spent("flush", int(seconds * 1e9))
        self._failures = 0
        self.pipeline.finish()
        self.background.advance(self.appender.tail.end)
        self.checkpoints.advance(self.appender.tail.end)

    def _fail(self, error: BaseException) -> None:
        """Tell everybody who waits that it did not work, and rebuild the state aside."""
        self.trouble = f"the state is being rebuilt after a failure: {error}"
        self._failures += 1
        self.pipeline.drop(_not_taken(error), committing=False)
        self._rebuild_aside()

    def _begin_again(self, error: BaseException) -> None:
        """Compute what waits once more, behind what someone else has written."""
        self.trouble = f"the state is being rebuilt: {error}"
        self.pipeline.recall()
        self._rebuild_aside()

    def give_up(self, reason: str) -> None:
        """Tell everybody who waits for a state that is being rebuilt that it will not be."""
        with self.lock:
            self.pipeline.drop(unavailable("a service that decides", reason), committing=False)

    def _rebuild_aside(self) -> None:
        if self.loop is not None:
            self.loop.run_in_executor(None, self._rebuild_until_it_works)

    def _rebuild_until_it_works(self) -> None:
        while not self._closed:
            if self._failures:
                time.sleep(min(_FIRST_PAUSE_S * 2 ** (self._failures - 1), _LONGEST_PAUSE_S))
            try:
                self.rebuild()
            except Exception as error:  # noqa: BLE001 - readiness tells it, and it is tried again
                self._failures += 1
                self.trouble = f"the state cannot be rebuilt: {error}"
            else:
                break
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.wake)

    # Without a loop.

    def run_here(self, job: Deciding | Taking) -> None:
        """Do one job on this thread, which holds the lock."""
        if self.trouble:
            self.rebuild()
        self.pipeline.queue.append(job)
        try:
            self._run_here()
        except Exception as error:  # noqa: BLE001 - whatever it was, the state is not what the log says
            self.trouble = f"the state has to be rebuilt after a failure: {error}"
            self.pipeline.drop(_not_taken(error), committing=True)
            self.rebuild()

    def _run_here(self) -> None:
        while self.pipeline.busy:
            try:
                if self._advance():
                    self._succeeded(self.appender.commit())
                while self.pipeline.can_explain:
                    self.pipeline.explain()
            except OvertakenError as error:
                if not self._only_notes(error):
                    self.pipeline.recall()
                    self.rebuild()

    # Both.

    def _advance(self) -> bool:
        """Compute what waits and place it, if the log is free; whether there is something to commit."""
        pipeline = self.pipeline
        # Where the state is ahead, what others wrote comes too late to be folded first: placing will tell.
        if not pipeline.committing and not pipeline.ahead and self.appender.overtaken():
            self._catch_up()
        if pipeline.can_compute:
            pipeline.compute()
        if not pipeline.can_place:
            return False
        placed = pipeline.place()
        if not placed:
            pipeline.finish()
        return placed

    def _only_notes(self, error: OvertakenError) -> bool:
        """Whether what others wrote changes neither state nor policy: then what is computed stays right.

        Changes of alerts, steps of reviews and the like are written while decisions are made all the time.
        """
        stop = self.appender.tail.end
        if stop - error.since > _FEW:
            return False
        folded = {*self.parts.events, *JUDGED}
        rows = (row for page in self.parts.log.pages(error.since, stop) for row in page)
        return all(row[1] not in folded for row in rows)

    def catch_up(self) -> None:
        """Fold what someone else has written, where nothing is under way."""
        with self.lock:
            if not self.trouble and not self.pipeline.busy and self.appender.overtaken():
                self._catch_up()

    def _catch_up(self) -> None:
        """Fold what someone else has written."""
        first = self.appender.tail.end
        self.appender.abandon()
        stop = self.appender.tail.end
        engine, parts = self.pipeline.engine, self.parts
        replay = Replay(
            parts.plan,
            parts.events,
            parts.lateness,
            Recovered(engine.features.state, first, reviews=engine.reviews),
        )
        for rows in parts.log.pages(first, stop):
            replay.add(bulk_of(rows))
            for row in rows:
                engine.judge.update(LogEntry(*row[:6]))
        replay.fold()
        if stop > first:
            self.reception.recheck()

    def rebuild(self) -> None:
        """Have the state say again what the log says, and go on behind it."""
        self.appender.overtaken()
        self.appender.abandon()
        engine = self._recovered()
        with self.lock:
            if engine.model is not self.model or engine.routing is not self.routing:  # changed meanwhile
                engine.use(self.model, self.routing)
                engine.judge = self._judge(self.found.offset, engine.reviews)
            self.pipeline.engine = engine
            self.reception.recheck()
            self.rebuilt += 1
            self.trouble = ""

    def _recovered(self) -> DecisionEngine:
        """An engine over the state that the log stands for."""
        parts = self.parts
        end = self.appender.tail.end
        with collecting_later():
            found = recover(parts.log, end, self.snapshots, parts.events, parts.lateness)
        self.found = found
        features = FeatureEngine(parts.plan, parts.events, found.state, parts.lateness)
        judge = self._judge(end, found.reviews)
        return DecisionEngine(
            features,
            parts.decides,
            self.model,
            judge,
            parts.clock_ms,
            self.tally,
            found.reviews,
            parts.explain,
            None if parts.about is None else [*parts.events[parts.decides].__fields__].index(parts.about),
            self.routing,
        )

    def _judge(self, end: int, reviews: Mapping[int, int]) -> Judge:
        """The policy, with the rules and lists that the log holds up to an offset, and the day's reviews."""
        judge, log = self.parts.judge(self.model), self.parts.log
        if self.routing is not None:
            others = {name: self.parts.judge(model) for name, model in self.routing.models.items()}
            judge = JointJudge(judge, others)
        changes = [entry for name in JUDGED for entry in log.entries_of(name) if entry.offset < end]
        for entry in sorted(changes, key=lambda entry: entry.offset):
            judge.update(entry)
        for day, count in reviews.items():
            for _ in range(count):
                judge.recall("review", day * DAY_MS)
        return judge

    def _explain(self, key: str, record: DecisionRecord) -> tuple[dict[str, Any], ...]:
        """The reasons of a decision that lost them to a crash between the two."""
        return self.pipeline.engine.explain(key, record)[0]

    def snapshot(self, path: Path | None = None) -> Path:
        """Write a snapshot of the state as it stands: on this thread, not in the background."""
        with self.lock:
            if self.pipeline.busy or self.trouble:
                raise StateError("The state is not what the log says just now", [])
            tail, engine = self.appender.tail, self.pipeline.engine
            found = Recovered(engine.features.state, tail.end, tail.seal, engine.reviews)
            return self.snapshots.save(found, path)

    def commit_aside(
        self, told: Callable[[float, BaseException | None], None], place: Callable[[], object]
    ) -> None:
        """Place and commit on the committer's thread, which tells when it is done."""
        self._committer.begin(told, place)

    def close(self) -> None:
        """End the threads; a state that is far ahead of the newest snapshot leaves one behind."""
        self._closed = True
        self._committer.close()
        self.background.close()
        self.checkpoints.close()
        behind = self.appender.tail.end - self.snapshots.offset()
        if behind > _LEFT_BEHIND and not self.pipeline.busy and not self.trouble:
            try:
                self.snapshot()
            except OSError as error:
                self.trouble = f"no snapshot could be written: {error}"


def unavailable(expected: str, got: str) -> Outcome:
    """Say why not just now."""
    fault = Fault("service", expected, got, "Send it again")
    return Outcome("unavailable", faults=(fault,), retry_after_s=_RETRY_S)


def _not_taken(error: BaseException) -> Outcome:
    return unavailable("a log that takes the decision", str(error))
