"""The figures of the decision engine as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevenfold.serving.bench.measure import ServingFigures

__all__ = ["serving_markdown", "serving_ratios"]

_BIASES = """\
How this is biased: clients and engine share one process and one event loop, so that latencies include the
clients' own work, and clients send their next event only when they have an answer. Stages are averages under
16 clients; the flush is waited for beside the next group's work and counts once a commit. "No event loop"
flushes on the calling thread, one event a commit. Where the machine is shared with other work, latencies are
those of its worst moments."""


def serving_ratios(figures: ServingFigures) -> dict[str, float]:
    """What the targets speak of."""
    load = next(one for one in figures.loads if one.clients == 16)
    return {
        "own work, of one inference by ONNX Runtime": load.own / figures.onnx_us,
        "own work, of one inference": load.own / figures.inference_us,
        "inference, of ONNX Runtime's": figures.inference_us / figures.onnx_us,
        "p99 with a snapshot, of p99 without": figures.p99_snapshot / figures.p99_plain,
        "batch door, events a second": figures.table_rate,
    }


def serving_markdown(figures: ServingFigures) -> str:
    """The section of ``docs/benchmarks.md``."""
    inference = f"{figures.inference_us:.1f} µs flat, {figures.onnx_us:.1f} µs by ONNX Runtime"
    lines = [
        f"{figures.features} features, {figures.trees} trees; one inference takes {inference}.",
        "",
        "| asked by | clients | decisions/s | of one core | p50 µs | p99 µs | p99.9 µs | decided together |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in figures.loads:
        figured = [one.rate, one.rate_a_core, one.p50, one.p99, one.p999]
        cells = [one.name, str(one.clients), *(f"{x:,.0f}" for x in figured), f"{one.together:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    load = next(one for one in figures.loads if one.clients == 16)
    lines += ["", "| stage, 16 clients | µs |", "|---|--:|"]
    lines += [f"| {name} | {spent:.1f} |" for name, spent in load.stages.items()]
    lines += ["", "| start | log entries folded | seconds | of a core | entries/s |", "|---|--:|--:|--:|--:|"]
    for start in figures.starts:
        rate = f"{start.entries / start.seconds:,.0f}" if start.entries else ""
        lines.append(
            f"| {start.name} | {start.entries:,} | {start.seconds:.2f} | {start.cpu_seconds:.2f} | {rate} |"
        )
    door = f"{figures.table_rate:,.0f} events a second, {figures.table_rate_a_core:,.0f} of one core"
    p99 = f"{figures.p99_plain:,.0f} µs, and {figures.p99_snapshot:,.0f} µs while a snapshot is taken"
    lines += ["", f"Batch door: {door}. p99 under 64 clients: {p99}."]
    return "\n".join([*lines, "", _BIASES, ""])
