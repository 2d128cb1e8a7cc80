"""Decisions in one process: latency, throughput, what each stage costs, starts and snapshots."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from sevenfold.serving.service import DecisionService

__all__ = ["Load", "ServingFigures", "Start", "measure_load", "measure_serving"]


@dataclass(frozen=True, slots=True)
class Load:
    """One way of asking, in a closed loop: each client sends its next event when it has its answer.

    Attributes
    ----------
    name, clients, decisions
        What it was.
    seconds, cpu_seconds
        By the clock, and of all threads of this process.
    p50, p99, p999
        Microseconds from asking to a durable answer.
    together
        Decisions a commit.
    stages
        Microseconds a decision by stage; of the flush, a commit.
    """

    name: str
    clients: int
    decisions: int
    seconds: float
    cpu_seconds: float
    p50: float
    p99: float
    p999: float
    together: float
    stages: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Decisions a second."""
        return self.decisions / self.seconds

    @property
    def rate_a_core(self) -> float:
        """Decisions a second of processor time."""
        return self.decisions / self.cpu_seconds

    @property
    def own(self) -> float:
        """Microseconds of the engine's own work: features, policy and record."""
        return sum(self.stages[name] for name in ("features", "policy", "record"))


@dataclass(frozen=True, slots=True)
class Start:
    """How long a service took to be ready, by the clock and of processors, and what it folded for that."""

    name: str
    entries: int
    seconds: float
    cpu_seconds: float


@dataclass
class ServingFigures:
    """All that was measured.

    Attributes
    ----------
    features, trees, inference_us, onnx_us
        What was decided with: features, trees, and the median of one inference, flat and by ONNX Runtime.
    loads, starts
        In the order of measuring.
    table_rate, table_rate_a_core
        Events a second through the batch door, by the clock and of processor time.
    p99_plain, p99_snapshot
        Microseconds, without a snapshot and while one is taken by another process.
    """

    features: int
    trees: int
    inference_us: float = 0.0
    onnx_us: float = 0.0
    loads: list[Load] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    table_rate: float = 0.0
    table_rate_a_core: float = 0.0
    p99_plain: float = 0.0
    p99_snapshot: float = 0.0


def measure_serving(
    service: DecisionService,
    rows: Sequence[dict[str, Any]],
    table: pl.DataFrame,
    figures: ServingFigures,
    tell: Callable[[str], None],
) -> None:
    """Measure one service; it is closed in the end.

    Parameters
    ----------
    rows
        Events to decide one by one, none of which its log knows.
    table
        Others, for the batch door.
    """
    tell("the batch door")
    part = table[: table.height // 4]
    service.decide_table(part)
    before, cpu = time.perf_counter(), time.process_time()
    service.decide_table(table[part.height :])
    left = table.height - part.height
    figures.table_rate = left / (time.perf_counter() - before)
    figures.table_rate_a_core = left / (time.process_time() - cpu)
    share = len(rows) // 6
    tell("one at a time")
    figures.loads.append(_alone(service, rows[:share]))
    asyncio.run(_loads(service, rows[share:], share, figures, tell))


async def _loads(
    service: DecisionService,
    rows: Sequence[dict[str, Any]],
    share: int,
    figures: ServingFigures,
    tell: Callable[[str], None],
) -> None:
    at = 0
    for clients in (1, 16, 64):
        tell(f"{clients} clients")
        figures.loads.append(await measure_load(service, rows[at : at + share], clients))
        at += share
    tell("with a snapshot under way")
    figures.p99_plain = figures.loads[-1].p99
    service.stats()
    worker = service._worker
    worker.background.begin(worker.appender.tail.end)
    load = await measure_load(service, rows[at:], 64, while_true=lambda: worker.background.running)
    figures.p99_snapshot = load.p99
    await asyncio.to_thread(worker.background.wait)
    await service.close()


def _alone(service: DecisionService, rows: Sequence[dict[str, Any]]) -> Load:
    """Ask without an event loop."""
    taken = []
    before, started, cpu = _spent(service), time.perf_counter(), time.process_time()
    for row in rows:
        asked = time.perf_counter_ns()
        service.outcome(row)
        taken.append(time.perf_counter_ns() - asked)
    return _load(service, "no event loop", 1, taken, before, started, cpu)


async def measure_load(
    service: DecisionService,
    rows: Sequence[dict[str, Any]],
    clients: int,
    while_true: Callable[[], bool] | None = None,
) -> Load:
    """Ask from several clients at once; with a condition, only as long as it holds."""
    left = list(reversed(rows))
    taken: list[int] = []
    before, started, cpu = _spent(service), time.perf_counter(), time.process_time()

    async def client() -> None:
        while left and (while_true is None or while_true()):
            row = left.pop()
            asked = time.perf_counter_ns()
            outcome = await service.decided(row)
            taken.append(time.perf_counter_ns() - asked)
            if outcome.status != "new":
                raise ValueError(f"{outcome}")

    await asyncio.gather(*(client() for _ in range(clients)))
    return _load(service, "event loop", clients, taken, before, started, cpu)


def _spent(service: DecisionService) -> dict[str, float]:
    stats = service.stats()
    return dict(stats.seconds) | {"groups": stats.groups, "decided": stats.decided}


def _load(
    service: DecisionService,
    name: str,
    clients: int,
    taken: Sequence[int],
    before: Mapping[str, float],
    started: float,
    cpu: float,
) -> Load:
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    after = _spent(service)
    spent = {name: after[name] - before[name] for name in after}
    decisions, groups = max(spent.pop("decided"), 1), max(spent.pop("groups"), 1)
    stages = {
        stage: 1e6 * used / (groups if stage == "flush" else decisions) for stage, used in spent.items()
    }
    p50, p99, p999 = (
        np.percentile(np.array(taken) / 1000, [50, 99, 99.9]).tolist() if taken else (0.0, 0.0, 0.0)
    )
    return Load(name, clients, len(taken), seconds, cpu_seconds, p50, p99, p999, decisions / groups, stages)
