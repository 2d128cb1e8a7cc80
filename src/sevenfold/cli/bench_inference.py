"""``sevenfold bench inference``: what a score and its reasons cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.cli.options import Options

__all__ = ["bench_inference"]

_TREES = 200


def bench_inference(rows: int, rounds: int, calls: int, out: Path | None, options: Options) -> None:
    """Measure, show and write down; arguments as the command has them."""
    from sevenfold.learning.flat.bench.measure import compare_inference
    from sevenfold.learning.flat.bench.report import TITLES, inference_markdown, inference_ratios

    least = (("--rows", rows, 1_000), ("--rounds", rounds, 1), ("--calls", calls, 100))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim")

    with terminal.keeping("Nothing was written; the same command measures anew."):
        timed = compare_inference(rows // 20, calls, rounds, _TREES, tell)
    terminal.table(
        ["model", "what", "by", "median µs", "p99 µs"],
        [(one.model, TITLES[one.what], one.by, round(one.median, 2), round(one.p99, 1)) for one in timed],
        title="Inference",
    )
    if out is not None:
        out.write_text(inference_markdown(timed))
        terminal.say(f"Written to {out}")
    terminal.result({"ratios": inference_ratios(timed)})
