"""Bodies: read within limits of size and time, and parted into the events they hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sevenfold.data.refusal import RefusedError
from sevenfold.data.rows import parse
from sevenfold.serving.http.problem import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sevenfold.serving.http.limits import Limits

__all__ = ["JSON", "LINES", "Batch", "Headers", "Incoming", "Reader", "check_encoding", "parted"]

JSON = "application/json"
LINES = "application/x-ndjson"
_LINES = frozenset({LINES, "application/jsonl", "application/jsonlines", "application/ndjson"})
_MOST_DIGITS = 15
_TAKEN = f"{JSON}, for an object or an array, or {LINES}, for one object a line"


class Headers(Protocol):
    """Headers of a request, by names in small letters."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of one."""
        ...

    def items(self) -> list[tuple[str, str]]:
        """Return all of them."""
        ...


class Incoming(Protocol):
    """The body of a request that is still arriving."""

    async def __call__(self) -> bytes:
        """Return all of it."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give it piece by piece."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What a body holds.

    Parameters
    ----------
    form
        One event by itself, an array of them, or one a line.
    rows
        Each as JSON has it, whatever that is, or the reason why a line can't be read.
    """

    form: Literal["one", "array", "lines"]
    rows: list[object | RefusedError]


class Reader:
    """Reads bodies within limits of size and time.

    All bodies have the same time, so that those that arrive are a queue with the latest at its end, and one
    timer for the first of them is enough. A timeout for each would cost more than the reading.

    Parameters
    ----------
    limits
        How large, and how long.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._arriving: dict[asyncio.Task[Any], float] = {}
        """Tasks whose bodies arrive, with the loop's time at which they are late; the oldest first."""
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, incoming: Incoming, headers: Headers) -> bytes:
        """Read a body.

        Raises
        ------
        ProblemError
            It is too large, by what its header says or by what comes, or takes too long.
        """
        length = headers.get("content-length")
        if length is not None:
            # The server holds the client to the length it gave, and refuses what is no number.
            digits = len(length) if length.isdecimal() else _MOST_DIGITS
            if digits >= _MOST_DIGITS or int(length) > self._limits.body_bytes:
                raise _too_large(self._limits)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("A body is read by a task")
        self._arriving[task] = loop.time() + self._limits.body_seconds
        if self._timer is None:
            self._timer = loop.call_later(self._limits.body_seconds, self._look, loop)
        try:
            return await incoming() if length is not None else await self._piecewise(incoming)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            detail = f"The body has to be here within {self._limits.body_seconds:g} s."
            raise ProblemError("timeout", detail, close=True) from None
        finally:
            self._arriving.pop(task, None)
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the waiting for those that are late, and come back when the next one would be."""
        self._timer = None
        now = loop.time()
        for task, late_at in list(self._arriving.items()):
            if late_at > now:
                self._timer = loop.call_at(late_at, self._look, loop)
                return
            del self._arriving[task]
            self._late.add(task)
            task.cancel()

    async def _piecewise(self, incoming: Incoming) -> bytes:
        """Read a body whose length nobody told."""
        pieces, size = [], 0
        async for piece in incoming:
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.body_bytes:
                raise _too_large(self._limits)
        return b"".join(pieces)


def _too_large(limits: Limits) -> ProblemError:
    return ProblemError("too-large", f"A body may have {limits.body_bytes:,} bytes.", close=True)


def check_encoding(headers: Headers) -> None:
    """Refuse a compressed body.

    Raises
    ------
    ProblemError
        It says that it is one.
    """
    encoding = headers.get("content-encoding")
    if encoding is not None and encoding.lower() != "identity":
        raise ProblemError("unsupported-media-type", "Bodies are not compressed here.")


def parted(body: bytes, media_type: str | None, limits: Limits) -> Batch:
    """Part a body into its events.

    Parameters
    ----------
    body
        The bytes.
    media_type
        The ``Content-Type``, with parameters or without; JSON where it is not given.
    limits
        How many events it may hold.

    Raises
    ------
    ProblemError
        It is of another type, no JSON, empty, or holds too many.
    """
    essence = JSON if media_type in (None, JSON) else media_type.partition(";")[0].strip().lower()
    if essence == JSON:
        try:
            value = parse(body)
        except RefusedError as refused:
            raise ProblemError("malformed", "The body is no JSON.", [refused.at("body")]) from None
        if not isinstance(value, list):
            return Batch("one", [value])
        return Batch("array", _counted(value, limits))
    if essence in _LINES:
        lines = [line for line in body.split(b"\n") if line.strip()]
        return Batch("lines", [_line(line) for line in _counted(lines, limits)])
    raise ProblemError("unsupported-media-type", f"Send {_TAKEN}.")


def _counted(items: list[Any], limits: Limits) -> list[Any]:
    if not items:
        raise ProblemError("malformed", "The body holds no event.")
    if len(items) > limits.batch:
        raise ProblemError(
            "too-large", f"A request may hold {limits.batch:,} events, and this one holds more."
        )
    return items


def _line(line: bytes) -> object:
    try:
        return parse(line)
    except RefusedError as refused:
        return refused
