"""``sevenfold bench serving``: what a durable decision costs in one process."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.cli.options import Options
    from sevenfold.design.design import Design
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.bench.measure import ServingFigures

__all__ = ["bench_serving"]

_TREES = 200
_TRAINED_ON = 40_000


def bench_serving(rows: int, calls: int, out: Path | None, options: Options) -> None:
    """Measure, show and write down; arguments as the command has them."""
    from sevenfold.serving.bench.report import serving_markdown, serving_ratios

    least = (("--rows", rows, 50_000), ("--calls", calls, 600))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim")

    with (
        terminal.keeping("Nothing was written; the same command measures anew."),
        tempfile.TemporaryDirectory(prefix="sevenfold-bench-") as folder,
    ):
        figures = measure(Path(folder), rows, calls, tell)
    terminal.table(
        ["asked by", "clients", "decisions/s", "of one core", "p50 µs", "p99 µs", "p99.9 µs"],
        [
            (one.name, one.clients, *map(round, (one.rate, one.rate_a_core, one.p50, one.p99, one.p999)))
            for one in figures.loads
        ],
        title="Decisions",
    )
    terminal.table(
        ["start", "entries folded", "seconds"],
        [(one.name, one.entries, round(one.seconds, 2)) for one in figures.starts],
        title="Starts",
    )
    terminal.say(f"Batch door: {figures.table_rate:,.0f} events a second.")
    if out is not None:
        out.write_text(serving_markdown(figures))
        terminal.say(f"Written to {out}")
    terminal.result({"ratios": serving_ratios(figures)})


def measure(folder: Path, rows: int, calls: int, tell: Callable[[str], None]) -> ServingFigures:
    """Measure everything, in a folder that is thrown away."""
    import polars as pl

    from sevenfold.design.load import load
    from sevenfold.design.serving import open_service
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.bench.measure import ServingFigures, Start, measure_serving
    from sevenfold.systems.fraud.world.simulation import simulate

    design = load("fraud")
    tell(f"simulating {rows:,} payments")
    simulate(rows, 11, folder / "world")
    trained = Workspace(design, folder / "trained")
    figures = ServingFigures(len(design.plan.asking[design.decides].names), _TREES)
    payments = pl.read_parquet(folder / "world" / f"{design.decides}.parquet")
    tell(f"training {_TREES} trees")
    _train(design, trained, folder)
    figures.inference_us, figures.onnx_us = _inference(trained, calls)
    wanted = min(6 * calls, payments.height // 2)
    asked: list[dict[str, Any]] = (
        payments[-wanted:]
        .with_columns(pl.col("amount").cast(pl.String), pl.col("occurred_at").dt.epoch("ms"))
        .to_dicts()
    )
    table = payments[-wanted - min(100_000, payments.height - wanted) : -wanted]
    home = folder / "measured"
    shutil.copytree(trained.home.bundles, home / design.name / "bundles")
    measure_serving(open_service(design, home), asked, table, figures, tell)
    tell(f"starting over {rows:,} payments")
    full = Workspace(design, folder / "full")
    full.ingest(folder / "world", folder / "full.csv")
    shutil.copytree(trained.home.bundles, full.home.bundles)
    for name in ("without a snapshot", "with a snapshot"):
        started, cpu = time.perf_counter(), time.process_time()
        service = open_service(design, folder / "full")
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        figures.starts.append(Start(name, service.folded_at_start, seconds, cpu_seconds))
        service.snapshot()
        service.close_now()
    return figures


def _train(design: Design, trained: Workspace, folder: Path) -> None:
    """Train on a world of its own, with one candidate of the size that the targets speak of."""
    from sevenfold.learning.xgboost import XGBoost
    from sevenfold.systems.fraud.world.simulation import simulate

    simulate(_TRAINED_ON, 12, folder / "learned")
    trained.ingest(folder / "learned", folder / "learned.csv")
    candidate = XGBoost(trees=_TREES, depth=6, early_stopping=None)
    declared = design.learning
    design.learning = dataclasses.replace(declared, candidates=(candidate,), replicates=5)
    try:
        trained.train(trained.training_table(trained.history()))
    finally:
        design.learning = declared


def _inference(trained: Workspace, calls: int) -> tuple[float, float]:
    """Median microseconds of one row, flat and by ONNX Runtime, in turn."""
    import numpy as np

    bundle = trained.bundle()
    row = np.zeros((1, len(bundle.encoding)))
    models = bundle.served(), bundle.scorer()
    taken: tuple[list[int], list[int]] = ([], [])
    for _ in range(calls):
        for model, own in zip(models, taken, strict=True):
            before = time.perf_counter_ns()
            model.score(row)
            own.append(time.perf_counter_ns() - before)
    flat, onnx = (float(np.median(own)) / 1000 for own in taken)
    return flat, onnx
