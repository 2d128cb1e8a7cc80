"""One event at a time, folded and read, beside one ``GET`` of a Redis server on the same machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold.errors import MissingExtraError
from sevenfold.features.bench.stream import Purchase, Skew, make_events, sixty_features
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.planner import compile_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sevenfold.features.stats import StateStats

__all__ = ["Latency", "Online", "compare_online"]

_VALUE_BYTES = 480
"""What sixty features take as float64: the value that a feature store would fetch."""

_STARTED_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds of one call, by round.

    Attributes
    ----------
    name
        What was called.
    medians, p99s
        One a round.
    """

    name: str
    medians: tuple[float, ...]
    p99s: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the rounds' medians."""
        return median(self.medians)

    @property
    def p99(self) -> float:
        """Median of the rounds' 99th percentiles."""
        return median(self.p99s)


@dataclass(frozen=True, slots=True)
class Online:
    """What was measured.

    Attributes
    ----------
    observe, read, get
        Latencies; ``get`` is `None` where there is no redis-server.
    stats
        The engine's state at the end.
    """

    observe: Latency
    read: Latency
    get: Latency | None
    stats: StateStats


def compare_online(rows: int, calls: int, rounds: int, skew: Skew, tell: Callable[[str], None]) -> Online:
    """Fill an engine with events, then measure it and Redis in turn.

    Parameters
    ----------
    rows
        Events folded beforehand.
    calls
        Of each kind in each round, every one on another event.
    """
    plan = compile_plan([Purchase], sixty_features())
    engine = FeatureEngine(plan, {"Purchase": Purchase})
    needed = rows + 2 * calls * rounds
    table = make_events(needed, skew)
    events = [
        {**row, "at": int(row["at"].timestamp() * 1000), "amount": f"{row['amount'] / 100:.2f}"}
        for row in table.with_columns(pl.col("card", "merchant", "device", "ip").cast(pl.String)).to_dicts()
    ]
    tell(f"folding {rows:,} events")
    for event in events[:rows]:
        engine.observe("Purchase", event)
    rest = iter(events[rows:])
    timed: dict[str, list[list[float]]] = {"observe": [], "read": [], "get": []}
    with _redis() as client:
        for number in range(rounds):
            tell(f"online: round {number + 1} of {rounds}")
            timed["observe"].append(_time(lambda event: engine.observe("Purchase", event), rest, calls))
            timed["read"].append(_time(lambda event: engine.read("Purchase", [event]), rest, calls))
            if client is not None:
                timed["get"].append(_time(lambda _: client.get("features"), iter(range(calls)), calls))
    get = _latency("Redis GET", timed["get"]) if timed["get"] else None
    return Online(
        _latency("fold and read", timed["observe"]), _latency("read only", timed["read"]), get, engine.stats()
    )


def _time(call: Callable[[Any], object], arguments: Iterator[Any], calls: int) -> list[float]:
    """Microseconds of each call."""
    found = []
    clock = time.perf_counter_ns
    for _ in range(calls):
        argument = next(arguments)
        started = clock()
        call(argument)
        found.append((clock() - started) / 1000)
    return found


def _latency(name: str, rounds: Sequence[list[float]]) -> Latency:
    ordered = [sorted(found) for found in rounds]
    return Latency(
        name,
        tuple(found[len(found) // 2] for found in ordered),
        tuple(found[int(len(found) * 0.99)] for found in ordered),
    )


@contextmanager
def _redis() -> Iterator[Any]:
    """Yield a client of a Redis server of our own, or `None` where there is no redis-server."""
    server = shutil.which("redis-server")
    if server is None:
        yield None
        return
    try:
        import redis
    except ImportError as error:
        raise MissingExtraError("bench", "comparing with Redis") from error
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  (found on the path, fixed words)
        try:
            client = redis.Redis(host="127.0.0.1", port=port)
            _wait_for(client, redis.exceptions.ConnectionError)
            client.set("features", b"x" * _VALUE_BYTES)
            yield client
        finally:
            process.terminate()
            process.wait()


def _wait_for(client: Any, refused: type[Exception]) -> None:
    deadline = time.monotonic() + _STARTED_WITHIN
    while True:
        try:
            client.ping()
        except refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
