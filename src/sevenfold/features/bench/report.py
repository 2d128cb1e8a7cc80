"""The figures as a page: what was measured, on what, and how it is biased."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.features.bench.online import Online
    from sevenfold.features.bench.tables import Timing

__all__ = ["machine", "markdown", "ratios"]

_BIASES = """\
How this is biased: the same machine runs all parties in turn and is shared with others, so only ratios
within one run mean anything. Entities are integers, which suits all three. DuckDB writes its answer to a
table in memory; Polars and Sevenfold give columns in memory. Polars and DuckDB count rows of equal time for
each other, so moments are distinct. Every result is compared before it is timed. Polars has two rows: the
three rolling forms that a user would write for count, sum and mean, and one where the mean is left to a
division of the other two. A single Redis `GET` fetches one value and computes nothing; the online path
validates the event, folds it and computes sixty features."""


def machine() -> list[tuple[str, str]]:
    """What the figures were measured on."""
    return [
        ("processor", _processor()),
        ("cores", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in ("numpy", "numba", "polars", "duckdb", "redis")),
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def ratios(timings: Sequence[Timing]) -> dict[str, float]:
    """How many times as long others take as Sevenfold on the same events, by ``name, skew``."""
    ours = {(one.rows, one.skew): one.median for one in timings if one.name == "Sevenfold"}
    return {
        f"{one.name}, {one.skew}": one.median / ours[one.rows, one.skew]
        for one in timings
        if one.name != "Sevenfold"
    }


def markdown(timings: Sequence[Timing], online: Online) -> str:
    """The section of ``docs/benchmarks.md``."""
    lines = ["## Features of a whole table", ""]
    lines += [
        "| keys | events | by | median s | min–max s | events/s | × Sevenfold |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    ours = {(one.rows, one.skew): one.median for one in timings if one.name == "Sevenfold"}
    for one in timings:
        spread = f"{min(one.seconds):.2f}–{max(one.seconds):.2f}"
        ratio = one.median / ours[one.rows, one.skew]
        figures = f"{one.median:.2f} | {spread} | {one.rate:,.0f} | {ratio:.1f}"
        lines.append(f"| {one.skew} | {one.rows:,} | {one.name} | {figures} |")
    lines += ["", "## One event", "", "| call | median µs | p99 µs |", "|---|--:|--:|"]
    calls = [online.observe, online.read] + ([online.get] if online.get is not None else [])
    lines += [f"| {one.name} | {one.median:.1f} | {one.p99:.1f} |" for one in calls]
    if online.get is not None:
        share, p99_share = online.observe.median / online.get.median, online.observe.p99 / online.get.p99
        lines += [
            "",
            f"Fold and read takes {share:.2f} of a Redis GET at the median, {p99_share:.2f} at p99.",
        ]
    lines += ["", f"State at the end: {online.stats}.", "", "## On what", ""]
    lines += ["| what | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine())]
    return "\n".join([*lines, "", _BIASES, ""])
