"""``sevenfold bench rules``: what rules cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.cli.options import Options

__all__ = ["bench_rules"]

_RULES = 1_000
_TESTED = 100


def bench_rules(rows: int, rounds: int, calls: int, out: Path | None, options: Options) -> None:
    """Measure, show and write down; arguments as the command has them."""
    from sevenfold.serving.rules.bench.measure import compare_rules
    from sevenfold.serving.rules.bench.report import rules_markdown

    least = (("--rows", rows, 1_000), ("--rounds", rounds, 1), ("--calls", calls, 100))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim")

    with terminal.keeping("Nothing was written; the same command measures anew."):
        figures = compare_rules(_RULES, _TESTED, rows // 2, calls, rounds, tell)
    text = rules_markdown(figures)
    terminal.table(
        ["one event", "median µs", "p99 µs"],
        [(name, round(middle, 1), round(high, 1)) for name, (middle, high) in figures.calls.items()],
        title=f"{_RULES:,} rules add {figures.added:.1f} µs to a decision",
    )
    terminal.say(
        f"{_TESTED} rules over {figures.rows:,} decisions: {min(figures.backtests):.2f} to "
        f"{max(figures.backtests):.2f} s; a changed rule decides {figures.change_ms:.0f} ms later"
    )
    if out is not None:
        out.write_text(text)
        terminal.say(f"Written to {out}")
    terminal.result(
        {
            "calls_us": {name: middle for name, (middle, _) in figures.calls.items()},
            "added_us": figures.added,
            "change_ms": figures.change_ms,
            "backtest_s": list(figures.backtests),
        }
    )
