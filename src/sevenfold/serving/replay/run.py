"""A run: requests with the moments at which they are due, sent whether or not those before are answered."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sevenfold.errors import Fault, UsageError
from sevenfold.serving.replay.client import Connection, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.serving.replay.tally import Tally

__all__ = ["Call", "Pace", "replay"]

_TICK_S = 0.0005
_PATIENCE_S = 30.0
"""How long answers are waited for after the last request was due."""


class Call(NamedTuple):
    """One request.

    Attributes
    ----------
    path
        Where it goes.
    body
        One event as JSON.
    amount
        In major units; 0 where the event has none.
    """

    path: str
    body: bytes
    amount: float


class Pace(NamedTuple):
    """How fast.

    Attributes
    ----------
    rate
        Events a second.
    connections
        The most connections; a request that finds none free waits, and its latency shows it.
    """

    rate: float
    connections: int

    def check(self) -> None:
        """Refuse what can't be done.

        Raises
        ------
        UsageError
            With everything that can't.
        """
        faults = []
        if not 0 < self.rate <= 1e6:
            faults.append(Fault("--rate", "above 0 and at most 1,000,000", f"{self.rate:g}"))
        if not 0 < self.connections <= 4096:
            faults.append(Fault("--connections", "1 to 4,096", str(self.connections)))
        if faults:
            raise UsageError("Nothing can be replayed like this.", faults)


class _Answer(msgspec.Struct):
    action: str = ""
    fallback: bool = False


_DECODER = msgspec.json.Decoder(_Answer)


async def replay(
    calls: Sequence[Call],
    target: Target,
    pace: Pace,
    tally: Tally,
    show: Callable[[], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Send requests at a rate, and tally the answers.

    Parameters
    ----------
    calls
        In the order in which they are due.
    target, pace
        Where to, and how fast.
    tally
        Where the answers are counted.
    show
        Called about four times a second.
    stop
        Ends the sending early; what is under way is waited for.

    Raises
    ------
    UsageError
        Nobody answers there.
    """
    await _Run(calls, target, pace, tally).go(show, stop or asyncio.Event())


class _Run:
    def __init__(self, calls: Sequence[Call], target: Target, pace: Pace, tally: Tally) -> None:
        self._calls, self._target, self._pace, self._tally = calls, target, pace, tally
        self._free: deque[Connection] = deque()
        self._due: deque[int] = deque()
        self._open = 0
        self._opening: set[asyncio.Task[None]] = set()

    async def go(self, show: Callable[[], None] | None, stop: asyncio.Event) -> None:
        await self._connect(first=True)
        tally, rate = self._tally, self._pace.rate
        begun = tally.begun = time.perf_counter()
        sent, shown, total = 0, begun, len(self._calls)
        while sent < total and not stop.is_set():
            now = time.perf_counter()
            due = min(total, int((now - begun) * rate) + 1)
            self._due.extend(range(sent, due))
            tally.sent = sent = max(sent, due)
            self._send()
            if show is not None and now - shown > 0.25:
                show()
                shown = now
            await asyncio.sleep(max(_TICK_S, begun + sent / rate - time.perf_counter()))
        given_up = time.perf_counter() + _PATIENCE_S
        while tally.settled < sent and time.perf_counter() < given_up:
            await asyncio.sleep(_TICK_S * 10)
        tally.ended = time.perf_counter()
        for connection in self._free:
            connection.close()

    def _send(self) -> None:
        """Send what is due, as far as connections are free; open more where they are not."""
        while self._due and self._free:
            connection = self._free.popleft()
            if not connection.is_open:
                self._open -= 1
                continue
            number = self._due.popleft()
            call = self._calls[number]
            connection.send(number, self._target.request(call.path, call.body))
        missing = min(len(self._due), self._pace.connections) - len(self._opening)
        for _ in range(min(missing, self._pace.connections - self._open)):
            self._open += 1
            task = asyncio.ensure_future(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _connect(self, *, first: bool = False) -> None:
        target = self._target
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self._answered), target.host, target.port, ssl=target.tls
            )
        except OSError as error:
            if first:
                hint = "Is the service running? `sevenfold serve` starts it"
                where = f"{target.host}:{target.port}"
                fault = Fault("--to", "a service that answers", f"{where}: {error.strerror or error}", hint)
                raise UsageError("Nothing was sent.", [fault]) from None
            self._open -= 1
            if self._due:
                self._settle(self._due.popleft(), 0, b"")
            return
        self._open += first
        self._free.append(connection)
        self._send()

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        number, connection.under_way = connection.under_way, -1
        self._settle(number, status, body)
        if connection.is_open:
            self._free.append(connection)
        else:
            self._open -= 1
        if self._due:
            self._send()

    def _settle(self, number: int, status: int, body: bytes) -> None:
        tally = self._tally
        latency = time.perf_counter() - (tally.begun + number / self._pace.rate)
        action, fallback = _read(status, body)
        tally.settle(number, status, latency, action, self._calls[number].amount, fallback=fallback)


def _read(status: int, body: bytes) -> tuple[str, bool]:
    if status != 200:
        return "", False
    answer: Any = _DECODER.decode(body)
    return answer.action, answer.fallback
