"""The batch door: many events of a table decided by the same engine, durable batch by batch.

While the disk works on one batch the next is computed. Features are folded by the kernel's batch path, which
gives the same bits as one event at a time.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.body import encode_table
from sevenfold.data.fields import Kind
from sevenfold.data.log import NewEntries
from sevenfold.data.sqlite_appender import OvertakenError
from sevenfold.data.table import normalise
from sevenfold.errors import LogError, UsageError
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.serving.collecting import collecting_later
from sevenfold.serving.names import DECISION
from sevenfold.serving.record import DecisionRecord, decode_record
from sevenfold.serving.verdict import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sevenfold.serving.worker import Worker

__all__ = ["ROWS_A_BATCH", "decide_table"]

ROWS_A_BATCH = 10_000
"""Events that become durable together."""

_EVICTED_EVERY = 10
_SCHEMA: dict[str, type[pl.DataType]] = {
    "decision_id": pl.String,
    "status": pl.String,
    "action": pl.String,
    "score": pl.Float64,
    "risk_score": pl.Int64,
}


_Line = tuple[int | None, str, DecisionRecord | None]
"""One row of the answer: where its record stands, what became of it, and the record."""


def decide_table(
    worker: Worker,
    frame: pl.DataFrame,
    progress: Callable[[int, int], None] | None = None,
    *,
    physical: bool = False,
) -> pl.DataFrame:
    """Decide the events of a table in the order of its rows.

    Parameters
    ----------
    worker
        That of a service no event loop works for.
    frame
        Columns as users have them, or physical ones.
    progress
        Called with rows that are durable, and rows in all.
    physical
        Whether the columns are physical: amounts in minor units.

    Returns
    -------
    pl.DataFrame
        One row an event: its key, ``decision_id``, ``status`` (``new``, ``repeated``, or ``conflict`` where
        another event is known under its key), ``action``, ``score``, ``risk_score``.

    Raises
    ------
    DataError
        With everything in the table that the event refuses; then nothing of it is decided.
    UsageError
        Where an event loop works for the service.
    LogError
        Where a batch cannot be made durable; those before it are.
    """
    if worker.loop is not None and worker.loop.is_running():
        raise UsageError("The batch door opens while no event loop works for the service")
    event = worker.parts.events[worker.parts.decides]
    rows = normalise(event, frame, physical=physical).cast({event.__time__: pl.Datetime("ms", "UTC")})
    with worker.lock, collecting_later():
        job = _Job(worker)
        try:
            for begin in range(0, rows.height, ROWS_A_BATCH):
                job.decide(rows[begin : begin + ROWS_A_BATCH])
                if progress is not None:
                    progress(min(begin, rows.height), rows.height)
            job.settle()
        except BaseException:
            job.give_up()
            raise
    if progress is not None:
        progress(rows.height, rows.height)
    return _answer(rows[event.__key__].cast(pl.String), job.lines)


class _Job:
    """One call of `decide_table`."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.lines: list[_Line] = []
        self._event = worker.parts.events[worker.parts.decides]
        self._done = threading.Event()
        self._done.set()
        self._under_way = False
        self._failure: BaseException | None = None
        self._placed: dict[str, tuple[bytes, _Line]] = {}
        self._batches = 0

    def decide(self, frame: pl.DataFrame) -> None:
        """Compute a batch, and place it when the one before is durable."""
        worker, event = self.worker, self._event
        if worker.trouble:
            worker.rebuild()
        keys = frame[event.__key__].cast(pl.String).to_list()
        bodies = encode_table(event, frame)
        known = worker.parts.log.bodies(event.__name__, keys)
        if not known and self._placed.keys().isdisjoint(keys) and len(set(keys)) == len(keys):
            self._placed = self._decide_new(frame, keys, bodies)
            self.lines += [line for _, line in self._placed.values()]
            return
        lines: list[_Line | None] = [None] * len(keys)
        new: list[int] = []
        here: dict[str, int] = {}
        for place, (key, body) in enumerate(zip(keys, bodies, strict=True)):
            if key in known:
                lines[place] = self._known(key, same=known[key] == body)
            elif key in self._placed:
                before, line = self._placed[key]
                lines[place] = _repeated(line, same=before == body)
            elif key in here:
                continue
            else:
                here[key] = place
                new.append(place)
        placed: dict[str, tuple[bytes, _Line]] = {}
        if new:
            placed = self._decide_new(frame[new], [keys[i] for i in new], [bodies[i] for i in new])
        for place, (key, body) in enumerate(zip(keys, bodies, strict=True)):
            if lines[place] is None:
                before, line = placed[key]
                lines[place] = line if here[key] == place else _repeated(line, same=before == body)
        self._placed = placed
        self.lines += [line for line in lines if line is not None]

    def _known(self, key: str, *, same: bool) -> _Line:
        found = self.worker.parts.log.find(DECISION, key) if same else None
        if found is None:
            return None, "conflict", None
        return found[0], "repeated", decode_record(found[2])

    def _decide_new(
        self, frame: pl.DataFrame, keys: list[str], bodies: list[bytes]
    ) -> dict[str, tuple[bytes, _Line]]:
        worker, event = self.worker, self._event
        started = time.perf_counter_ns()
        words, fields = self._fold(frame)
        engine = worker.pipeline.engine
        asked = Asked(_plain_rows(frame, event.__fields__), words, None, fields)
        decided = engine.judge_many(keys, asked, [0] * len(keys), started)
        both = 2 * len(keys)
        entries = NewEntries(
            [event.__name__, DECISION] * len(keys), [""] * both, [0] * both, [], [b""] * both
        )
        entries.arrived.extend([decided.now] * both)
        entries.keys[::2] = entries.keys[1::2] = keys
        entries.times[::2] = frame[event.__time__].dt.epoch("ms").to_list()
        entries.times[1::2] = [decided.now] * len(keys)
        entries.bodies[::2], entries.bodies[1::2] = bodies, decided.bodies
        reasons = [
            engine.explain(keys[place], record, decided.earlier.get(place, ()))[1]
            for place, record in enumerate(decided.records)
            if record.action != "approve"
        ]
        entries.extend(NewEntries.of(reasons))
        first = self._place(entries)
        worker.pipeline.decided += len(keys)
        lines = zip(range(first + 1, first + both, 2), repeat("new"), decided.records)
        return dict(zip(keys, zip(bodies, lines, strict=True), strict=True))

    def _fold(self, frame: pl.DataFrame) -> tuple[NDArray[np.int64], dict[int, NDArray[np.int64]]]:
        """Features of the rows, (rows, features), as words; and the words of fields, by position."""
        parts, features = self.worker.parts, self.worker.pipeline.engine.features
        state, name, plan = features.state, parts.decides, parts.plan
        names = plan.asking[name].names
        batch = make_batch(plan, parts.events, {name: frame}, name, None, parts.lateness, state)
        out = np.empty((len(names), frame.height), np.int64)
        fold_batch(state, batch, name, out, np.zeros(len(names), np.int64))
        self._batches += 1
        if self._batches % _EVICTED_EVERY == 0:
            features.evict()
        raw = batch.raw[name]
        read = plan.streams[name].program.fields[:, 0], plan.asking[name].program.fields[:, 0]
        return np.ascontiguousarray(out.T), {int(place): raw[place] for place in np.concatenate(read)}

    def _place(self, entries: NewEntries) -> int:
        """Have a batch placed in the log and flushed, once the one before is durable."""
        self.settle()
        appender = self.worker.appender
        first = appender.tail.end
        self._done.clear()
        self._under_way = True
        self.worker.commit_aside(self._told, partial(appender.place, entries))
        return first

    def _told(self, seconds: float, error: BaseException | None) -> None:
        self.worker.tally.spent("flush", int(seconds * 1e9))
        self._failure = error
        self._done.set()

    def settle(self) -> None:
        """Wait until what was placed is durable.

        Raises
        ------
        LogError
            Where it is not.
        """
        self._done.wait()
        if isinstance(self._failure, OvertakenError):
            raise self._failure
        if self._failure is not None:
            raise LogError("A batch could not be made durable; those before it are") from self._failure
        self.worker.pipeline.groups += self._under_way
        self._under_way = False
        self.worker.background.advance(self.worker.appender.tail.end)
        self.worker.checkpoints.advance(self.worker.appender.tail.end)

    def give_up(self) -> None:
        """Have the state say again what the log says."""
        self._done.wait()
        self.worker.rebuild()


def _repeated(line: _Line, *, same: bool) -> _Line:
    return (line[0], "repeated", line[2]) if same else (None, "conflict", None)


def _plain_rows(frame: pl.DataFrame, fields: Any) -> list[tuple[Any, ...]]:
    """Physical values of the rows, as one event has them."""
    columns = []
    for name, field in fields.items():
        column = frame[name]
        if field.kind is Kind.TIMESTAMP:
            column = column.dt.epoch("ms")
        elif field.kind in (Kind.ENTITY, Kind.CATEGORY):
            column = column.cast(pl.String)
        columns.append(column.to_list())
    return list(zip(*columns, strict=True))


def _answer(keys: pl.Series, lines: Sequence[_Line]) -> pl.DataFrame:
    records = [record for _, _, record in lines]
    return pl.DataFrame(
        {
            keys.name: keys,
            "decision_id": [None if offset is None else str(offset) for offset, _, _ in lines],
            "status": [status for _, status, _ in lines],
            "action": [None if record is None else record.action for record in records],
            "score": [None if record is None else record.score for record in records],
            "risk_score": [None if record is None else record.risk_score for record in records],
        },
        schema={keys.name: pl.String, **_SCHEMA},
    )
