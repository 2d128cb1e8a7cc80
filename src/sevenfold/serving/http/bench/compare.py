"""The measurement: the door beside an empty handler, its latency at a load, the other stack, a soak."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.serving.http.bench.load import run_wrk, write_script
from sevenfold.serving.http.bench.processes import MeasurementError, free_port, resident_mb, running
from sevenfold.serving.replay.client import Target
from sevenfold.serving.replay.run import Call, Pace, replay
from sevenfold.serving.replay.tally import Tally

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from sevenfold.serving.http.bench.load import Load

__all__ = ["Door", "Figures", "measure"]

_CONNECTIONS = 16
_SATURATION = 0.7
_SOAK_PARTS = 10
_TIME = re.compile(rb'"@TIME@(\d+)"')


@dataclass(frozen=True)
class Door:
    """The service to measure.

    Parameters
    ----------
    command
        Starts it; ``@PORT@`` stands for its port.
    key
        A key of it.
    bodies
        Payments as JSON, with ``@KEY@`` where the key belongs and ``"@TIME@…"`` around the time.
    period_ms
        How long a time they span: whenever they are sent again, they happen so much later, so that what
        comes looks as it did before.
    """

    command: Sequence[str]
    key: str
    bodies: Sequence[bytes]
    period_ms: int
    _sent: list[int] = field(default_factory=lambda: [0])

    def script(self, folder: Path, run: str, path: str, key: str | None) -> Path:
        """Write what `wrk` sends next."""
        return write_script(folder, run, path, self.bodies, key, cycle=self._sent[0], period=self.period_ms)

    def sent(self, requests: float) -> None:
        """Note how many were sent, so that the next ones happen after them."""
        self._sent[0] += 1 + int(requests) // len(self.bodies)

    def calls(self, count: int, run: str) -> list[Call]:
        """Return the next payments as requests."""
        found = []
        for number in range(count):
            cycle, place = divmod(number, len(self.bodies))
            later = (self._sent[0] + cycle) * self.period_ms
            body = self.bodies[place].replace(b"@KEY@", f"{run}-{number}".encode())
            found.append(Call("/v1/decisions", _later(body, later), 0.0))
        self.sent(count)
        return found


def _later(body: bytes, milliseconds: int) -> bytes:
    """Put a time in a payment's body."""
    return _TIME.sub(lambda ms: b"%d" % (int(ms[1]) + milliseconds), body)


@dataclass
class Figures:
    """What was measured.

    Attributes
    ----------
    service, bare
        Requests a second, by round.
    latency_ms
        Of the service at `load` requests a second, from the moment each was due.
    soak
        By tenth of the soak: p99 in milliseconds, and memory in MB.
    stack
        Of the other stack; `None` where it was not measured.
    """

    service: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)
    load: float = 0.0
    latency_ms: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    soak: list[dict[str, float]] = field(default_factory=list)
    stack: Load | None = None

    @property
    def rate(self) -> float:
        """The service's median rate."""
        return statistics.median(load.rate for load in self.service)

    def summary(self) -> dict[str, Any]:
        """Everything, as plain data."""
        bare = statistics.median(load.rate for load in self.bare)
        told: dict[str, Any] = {
            "rate": round(self.rate),
            "bare_rate": round(bare),
            "share_of_bare": round(self.rate / bare, 3),
            "refused": sum(load.refused for load in self.service),
            "lost": sum(load.lost for load in self.service),
            "saturated_ms": self.service[-1].ms,
            "load": round(self.load),
            "latency_ms": self.latency_ms,
            "statuses": self.statuses,
            "soak": self.soak,
        }
        if self.stack is not None:
            told["stack_rate"] = round(self.stack.rate, 1)
            told["stack_ms"] = self.stack.ms
            told["times_the_stack"] = round(self.rate / self.stack.rate, 1)
        return told


def measure(
    door: Door,
    folder: Path,
    tell: Callable[[str], None],
    *,
    rounds: int,
    seconds: float,
    soak_s: float = 0.0,
    stack: Sequence[str] | None = None,
) -> Figures:
    """Measure.

    Parameters
    ----------
    door
        The service.
    folder
        For what is written meanwhile.
    tell
        Told how far it is.
    rounds, seconds
        How often each is measured, in turn, and for how long.
    soak_s
        How long the soak takes, at half of saturation; 0 for none.
    stack
        The interpreter of the other stack's environment; `None` leaves it out.

    Raises
    ------
    MeasurementError
        Something did not run.
    UsageError
        `wrk` is not installed.
    """
    figures = Figures()
    port, bare_port = free_port(), free_port()
    bare_words = [sys.executable, "-m", "sevenfold.serving.http.bench.bare", str(bare_port)]
    url, bare_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bare_port}"
    tell("starting the service")
    command = [word.replace("@PORT@", str(port)) for word in door.command]
    with running(command, port, folder / "service.log") as process:
        for number in range(-1, rounds):  # the first one warms up
            scripts = [
                door.script(folder, f"{name}{number}-", "/v1/decisions", door.key)
                for name in ("service", "bare")
            ]
            with running(bare_words, bare_port, folder / "bare.log"):
                bare = run_wrk(bare_url, scripts[1], seconds=seconds, connections=_CONNECTIONS)
            service = run_wrk(url, scripts[0], seconds=seconds, connections=_CONNECTIONS)
            door.sent(service.rate * seconds)
            if number >= 0:
                figures.service.append(service)
                figures.bare.append(bare)
                tell(f"round {number + 1}: {service.rate:,.0f}/s; an empty handler {bare.rate:,.0f}/s")
        figures.load = _SATURATION * figures.rate
        tally = _at_rate(door, url, figures.load, max(seconds, 5.0), "load")
        figures.latency_ms, figures.statuses = tally.percentiles_ms(), tally.summary()["statuses"]
        tell(f"at {figures.load:,.0f}/s: p99 {figures.latency_ms.get('p99', 0):.1f} ms")
        if soak_s:
            figures.soak = _soak(door, url, figures.rate / 2, soak_s, process, tell)
    if stack is not None:
        figures.stack = _stack(stack, folder, seconds)
        tell(f"Feast, FastAPI and XGBoost: {figures.stack.rate:,.0f}/s")
    return figures


def _at_rate(door: Door, url: str, rate: float, seconds: float, run: str) -> Tally:
    """Send payments at a rate, open loop."""
    calls = door.calls(max(1, round(rate * seconds)), run)
    tally = Tally(len(calls))
    asyncio.run(replay(calls, Target.of(url, door.key), Pace(rate, 256), tally))
    return tally


def _soak(
    door: Door,
    url: str,
    rate: float,
    seconds: float,
    process: subprocess.Popen[bytes],
    tell: Callable[[str], None],
) -> list[dict[str, float]]:
    """Keep the service busy, and look at its memory and latency ten times."""
    told = []
    for part in range(_SOAK_PARTS):
        tally = _at_rate(door, url, rate, seconds / _SOAK_PARTS, f"soak{part}-{time.monotonic_ns()}")
        summary = tally.summary()
        bad = summary["lost"] + sum(count for status, count in summary["statuses"].items() if status != "200")
        told.append(
            {
                "p99_ms": summary["latency_ms"]["p99"],
                "memory_mb": round(resident_mb(process), 1),
                "errors": bad,
            }
        )
        tell(f"soak {part + 1} of {_SOAK_PARTS}: {told[-1]}")
    return told


def _stack(python: Sequence[str], folder: Path, seconds: float) -> Load:
    """Measure the other stack, with a Redis server of its own."""
    redis_port, port = free_port(), free_port()
    data = folder / "stack"
    data.mkdir(exist_ok=True)
    app = Path(__file__).parent / "stack" / "app.py"
    redis = ["redis-server", "--port", str(redis_port), "--save", "", "--appendonly", "no"]
    with (
        running(redis, redis_port, folder / "redis.log"),
        running([*python, str(app), str(port), str(redis_port), str(data)], port, folder / "stack.log"),
    ):
        url = f"http://127.0.0.1:{port}"
        bodies = [_known(number) for number in range(2_000)]
        for name in ("stack-warm-", "stack-"):
            load = run_wrk(
                url,
                write_script(folder, name, "/decide", bodies, None),
                seconds=seconds,
                connections=_CONNECTIONS,
            )
        if load.refused or not load.rate:
            raise MeasurementError(
                f"The other stack did not answer: {(folder / 'stack.log').read_text()[-800:]}"
            )
        return load


def _known(number: int) -> bytes:
    """Write a payment whose entities the other stack's store knows."""
    entities = "".join(
        f'"{name}":"{name}{number * step % 2_000}",'
        for name, step in (("card", 1), ("merchant", 7), ("device", 13), ("ip", 17))
    )
    rest = '"amount":"9.50","currency":"EUR","country":"DE"'
    return f'{{"payment_id":"@KEY@","occurred_at":1,{entities}{rest}}}'.encode()
