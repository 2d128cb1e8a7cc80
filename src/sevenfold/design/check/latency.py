"""Latency and queueing: stages against the service level, the queue at peak, restarts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.design.check.arithmetic import queue_p99_ms, utilisation
from sevenfold.design.check.catalogue import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding
    from sevenfold.design.check.measure import Stages
    from sevenfold.problem.problem import ServiceLevels

__all__ = ["latency"]

_MONTH_MINUTES = 30.4 * 24 * 60
_LEVELS = "problem.service_levels"


def latency(facts: Facts) -> Iterator[Finding]:
    """Check what decisions take, where it was measured and levels are declared."""
    problem = facts.design.problem
    if problem is None:
        return
    levels = problem.service_levels
    if facts.stages is not None:
        yield from _budget(facts.stages, levels)
        yield from _queue(facts, facts.stages, levels)
        yield from _restarts(facts, facts.stages, levels)
    if facts.history is not None and facts.history.recorded_ms is not None:
        taken = facts.history.recorded_ms
        p99 = float(np.quantile(taken, 0.99))
        if p99 > levels.latency_p99_ms:
            yield finding(
                "SF106",
                f"{_LEVELS}.latency_p99_ms",
                wrong="Decisions that the log records took longer than promised, the disk not counted.",
                by=f"{p99:,.1f} ms at p99, {p99 / levels.latency_p99_ms:,.1f} times the level",
                fix="Look at `took_us` of the slowest: waiting asks for more replicas.",
                arithmetic=[f"p99 of {len(taken):,} recorded decisions = {p99:,.2f} ms (measured: the log)"],
            )


def _budget(stages: Stages, levels: ServiceLevels) -> Iterator[Finding]:
    if stages.p99_ms <= levels.latency_p99_ms:
        return
    worst = max(stages.mean_us, key=lambda name: stages.mean_us[name])
    yield finding(
        "SF101",
        f"{_LEVELS}.latency_p99_ms",
        wrong="A decision asked for alone takes longer than promised, before any waiting.",
        by=f"{stages.p99_ms - levels.latency_p99_ms:,.2f} ms over the level at the 99th percentile",
        fix=f"The stage {worst} takes most: fewer or shorter windows for features, a smaller model, "
        'serving.durability="normal" for the flush; or promise more milliseconds.',
        arithmetic=[
            *(f"{name}: {us:,.0f} µs on average ({stages.source})" for name, us in stages.mean_us.items()),
            f"p99 alone = {stages.p99_ms:,.2f} ms ({stages.source})",
            f"level = {levels.latency_p99_ms:g} ms (declared: {_LEVELS}.latency_p99_ms)",
        ],
    )


def _queue(facts: Facts, stages: Stages, levels: ServiceLevels) -> Iterator[Finding]:
    replicas = facts.design.scale.replicas
    rate = levels.decisions_per_second / replicas
    # While one commit waits for the disk the next decisions are computed, and one flush serves all that wait.
    cpu = sum(us for name, us in stages.mean_us.items() if name != "flush") / 1000
    if cpu <= 0:
        return
    busy, p99 = utilisation(rate, cpu), queue_p99_ms(rate, cpu)
    flush = stages.mean_us.get("flush", 0.0) / 1000
    lines = [
        (
            f"arrivals = {levels.decisions_per_second:g} a second / {replicas} replicas = {rate:g} "
            f"(declared: {_LEVELS}.decisions_per_second, scale.replicas)"
        ),
        f"service time = {cpu:,.3f} ms, the flush apart, which is shared by all that wait ({stages.source})",
        f"utilisation = {rate:g} × {cpu:,.3f} / 1000 = {busy:.2f}",
    ]
    if busy >= 1:
        yield finding(
            "SF102",
            f"{_LEVELS}.decisions_per_second",
            wrong="At peak more decisions come than one writer can make, so that the queue grows "
            "without end.",
            by=f"{busy:.2f} of its time: {rate - 1000 / cpu:,.0f} decisions a second too many",
            fix=f"scale.replicas={math.ceil(replicas * busy / 0.7)} keeps each below 0.7; or make decisions "
            "cheaper.",
            arithmetic=lines,
        )
        return
    total = p99 + 2 * flush
    if total > levels.latency_p99_ms >= stages.p99_ms:
        yield finding(
            "SF103",
            f"{_LEVELS}.latency_p99_ms",
            wrong="At peak, waiting for others takes decisions over the promise.",
            by=f"{total:,.1f} ms against {levels.latency_p99_ms:g} ms",
            fix="More replicas, or fewer features: the tail grows with 1 / (1 - utilisation).",
            arithmetic=[
                *lines,
                (
                    f"p99 in the queue = ln(100) / (1/service - arrivals) = {p99:,.2f} ms (M/M/1, Kleinrock "
                    f"1975)"
                ),
                f"flush = 2 × {flush:,.2f} ms: the one under way, and its own ({stages.source})",
            ],
        )
    most = facts.design.serving.most_waiting
    last = most * cpu + 2 * flush
    if last > _PATIENCE * levels.latency_p99_ms:
        fits = int(_PATIENCE * levels.latency_p99_ms / cpu)
        yield finding(
            "SF104",
            "serving.most_waiting",
            wrong="So many events may wait that the last one's caller has long given up.",
            by=f"{last:,.0f} ms for the last of {most:,}, more than {_PATIENCE} times the level",
            fix=f"serving.most_waiting={max(1, fits)}: whoever comes then is told at once to come back.",
            arithmetic=[*lines, f"last = {most:,} × {cpu:,.3f} ms + 2 × {flush:,.2f} ms = {last:,.0f} ms"],
        )


def _restarts(facts: Facts, stages: Stages, levels: ServiceLevels) -> Iterator[Finding]:
    scale = facts.design.scale
    if scale.replicas > 1:
        return
    allowed = (1 - levels.availability) * _MONTH_MINUTES
    fold = (stages.mean_us.get("features", 0.0)) / 1e6
    each = (_START_S + facts.design.serving.snapshot_every * fold) / 60
    spent = scale.restarts_per_month * each
    if spent <= allowed:
        return
    yield finding(
        "SF105",
        f"{_LEVELS}.availability",
        wrong="One machine alone is away for longer in a month than the promise leaves room for.",
        by=f"{spent:,.1f} minutes a month against {allowed:,.1f}",
        fix="scale.replicas=2, fewer restarts, more frequent snapshots (serving.snapshot_every), or promise "
        f"{1 - spent / _MONTH_MINUTES:.4f}.",
        arithmetic=[
            (
                f"allowed = (1 - {levels.availability:g}) × {_MONTH_MINUTES:,.0f} minutes = {allowed:,.2f} "
                f"(declared: {_LEVELS}.availability)"
            ),
            (
                f"a restart = {_START_S:g} s (assumed: start of the program) + "
                f"{facts.design.serving.snapshot_every:,} entries × {1e6 * fold:,.0f} µs to fold again "
                f"({stages.source}) = {60 * each:,.1f} s"
            ),
            (
                f"{scale.restarts_per_month:g} a month (declared: scale.restarts_per_month) = {spent:,.2f} "
                f"minutes"
            ),
        ],
    )


_PATIENCE = 100
"""Levels of latency after which a caller has long given up."""

_START_S = 8.0
"""Seconds until a program has started and its kernels are loaded."""
