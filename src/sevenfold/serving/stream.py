"""The stream door: batches from a source, decided, written out, and only then counted as done.

The order makes every event decided at least once and, since the same event gets the same answer, decided only
once: batch, decisions durable in the log, answers durable in the sink, position committed. A run that is
killed between any two of them goes on from the last position; what it meets again is answered as before.

A `Source` may be a file, a pipe, or a partition of Kafka, whose offsets are such positions.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from sevenfold.data.durable import replacing
from sevenfold.data.refusal import RefusedError
from sevenfold.data.rows import convert, parse
from sevenfold.data.table import from_physical_rows
from sevenfold.errors import DataError, Fault, StateError
from sevenfold.serving.http.problem import encode_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from sevenfold.data.event import EventType
    from sevenfold.serving.door import Doorman

__all__ = ["Batch", "LinesSink", "LinesSource", "Service", "Sink", "Source", "Streamed", "decide_stream"]

_DETAIL = "Nothing was decided."
_LONGEST_LINE = 1 << 20


class Batch(NamedTuple):
    """What a source gave at once.

    Attributes
    ----------
    events
        Each as JSON.
    position
        Where the next batch begins; whatever the source makes of it.
    """

    events: list[bytes]
    position: int


class Source(Protocol):
    """Where events come from."""

    def batches(self) -> Iterator[Batch]:
        """Yield batches from the last committed position on; ends where there will be no more."""
        ...

    def commit(self, position: int) -> None:
        """Note, durably, that everything before a position is done."""
        ...


class Sink(Protocol):
    """Where answers go."""

    def write(self, answers: Sequence[bytes]) -> None:
        """Write the answers of a batch, in its order, and return when they are durable."""
        ...


class Service(Protocol):
    """What decides tables; `sevenfold.serving.service.DecisionService` is the one."""

    def decide_table(
        self,
        frame: pl.DataFrame,
        progress: Callable[[int, int], None] | None = None,
        *,
        physical: bool = False,
    ) -> pl.DataFrame:
        """Decide the events of a table, durable when it returns."""
        ...


@dataclass(slots=True)
class Streamed:
    """What became of a stream.

    Attributes
    ----------
    decided, refused, conflicts
        How many got a decision, how many were no such event, and under how many keys another event is known.
    actions
        How many by action.
    """

    decided: int
    refused: int
    conflicts: int
    actions: dict[str, int]


def decide_stream(
    event: EventType,
    doorman: Doorman,
    service: Service,
    source: Source,
    sink: Sink,
    progress: Callable[[Streamed], None] = lambda _: None,
) -> Streamed:
    """Decide everything that a source gives.

    Parameters
    ----------
    event
        What is decided.
    doorman
        Keeps card numbers out.
    service, source, sink
        What decides, where events come from, and where answers go.
    progress
        Told what became of it so far, after each batch.

    Raises
    ------
    LogError
        Decisions cannot be made durable; the position stays before the batch.
    """
    done = Streamed(0, 0, 0, {})
    for batch in source.batches():
        sink.write(_answers(event, doorman, service, batch.events, done))
        source.commit(batch.position)
        progress(done)
    return done


def _answers(
    event: EventType, doorman: Doorman, service: Service, events: Sequence[bytes], done: Streamed
) -> list[bytes]:
    rows: list[tuple[Any, ...]] = []
    answers: list[bytes | None] = []
    for line in events:
        row = _row(event, doorman, line)
        if isinstance(row, tuple):
            rows.append(row)
            answers.append(None)
        else:
            done.refused += 1
            answers.append(encode_problem("invalid", _DETAIL, row))
    decided = iter(
        service.decide_table(from_physical_rows(event, rows), physical=True).to_dicts() if rows else ()
    )
    return [_told(next(decided), event, done) if answer is None else answer for answer in answers]


def _row(event: EventType, doorman: Doorman, line: bytes) -> tuple[Any, ...] | list[Fault]:
    """Return the physical values of an event, or what is wrong with it."""
    if len(line) > _LONGEST_LINE:
        return [Fault(event.__name__, f"at most {_LONGEST_LINE:,} bytes", f"{len(line):,}")]
    try:
        row = parse(line)
    except RefusedError as refused:
        return [refused.at(event.__name__)]
    try:
        if isinstance(row, dict):
            row, faults = doorman(row)
            if faults:
                return faults
        return convert(event, row, strict=True)
    except DataError as error:
        return list(error.faults)


def _told(row: dict[str, Any], event: EventType, done: Streamed) -> bytes:
    if row["status"] == "conflict":
        done.conflicts += 1
        fault = Fault(f"{event.__name__}.{event.__key__}", "a new event, or one as it was", "another one")
        return encode_problem("conflict", "The first event under this key stands.", [fault])
    done.decided += 1
    done.actions[row["action"]] = done.actions.get(row["action"], 0) + 1
    row["event_id"] = row.pop(event.__key__)
    return msgspec.json.encode(row)


class LinesSource:
    """NDJSON: a file, whose positions are kept, or a pipe, which has none.

    Parameters
    ----------
    stream
        Where the lines come from, in binary.
    position
        The file that holds the position; `None` for a pipe.
    rows
        How many lines make a batch.

    Raises
    ------
    StateError
        The file of the position holds something else.
    """

    def __init__(self, stream: IO[bytes], position: Path | None, rows: int = 10_000) -> None:
        self._stream, self._position, self._rows = stream, position, rows
        if position is not None:
            self._stream.seek(_position(position))

    def batches(self) -> Iterator[Batch]:
        """See `Source.batches`; blank lines count for nothing."""
        at = 0 if self._position is None else self._stream.tell()
        while lines := list(islice(self._stream, self._rows)):
            at += sum(map(len, lines))
            yield Batch([line for line in lines if line.strip()], at)

    def commit(self, position: int) -> None:
        """See `Source.commit`."""
        if self._position is not None:
            with replacing(self._position) as unfinished:
                unfinished.write_text(f"{position}\n")


class LinesSink:
    """NDJSON, a line for each event, in the order in which they came.

    Parameters
    ----------
    stream
        Where to, in binary.
    durable
        Whether to wait for the disk after each batch; a pipe has none.
    """

    def __init__(self, stream: IO[bytes], *, durable: bool) -> None:
        self._stream, self._durable = stream, durable

    def write(self, answers: Sequence[bytes]) -> None:
        """See `Sink.write`."""
        self._stream.write(b"".join(answer + b"\n" for answer in answers))
        self._stream.flush()
        if self._durable:
            os.fsync(self._stream.fileno())


def _position(path: Path) -> int:
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return 0
    if not text.isdecimal():
        fault = Fault(str(path), "a position in bytes", "other text", "Remove it to begin anew")
        raise StateError("The stream can't go on", [fault])
    return int(text)
