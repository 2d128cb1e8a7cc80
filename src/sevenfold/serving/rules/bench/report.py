"""The figures as a section of the documentation."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from sevenfold.features.bench.report import machine

if TYPE_CHECKING:
    from sevenfold.serving.rules.bench.measure import RuleFigures

__all__ = ["rules_markdown"]

_BIASES = """\
How this is biased: all calls are made in turn on one shared machine, so only ratios within one run mean
anything. The rules are drawn at random: two to five conditions over sixty features, with thresholds of
their own, so that they share fields, lists and round amounts but few whole comparisons. CEL gets its values
as a dictionary that was made before and numbers of the type that it compares; we get a row of words that was
made before. Policy is everything from features and score to a verdict, for one event. The model that is
scored has 200 trees of depth 6 on sixty features."""


def rules_markdown(figures: RuleFigures) -> str:
    """The section of ``docs/benchmarks.md``."""
    many = f"policy, {figures.rules:,} live rules"
    lines = ["## Rules", "", "| one event | median µs | p99 µs |", "|---|--:|--:|"]
    lines += [
        f"| {many if name == 'policy, all rules' else name} | {middle:,.1f} | {high:,.1f} |"
        for name, (middle, high) in figures.calls.items()
    ]
    lines += ["", _sentence(figures), "", _backtest(figures), "", "| on | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in machine()]
    return "\n".join([*lines, "", _BIASES, ""])


def _sentence(figures: RuleFigures) -> str:
    onnx, flat = (figures.calls[f"inference, {by}"][0] for by in ("ONNX Runtime", "flat"))
    added, each = figures.added, figures.added / figures.rules * 1000
    return (
        f"{figures.rules:,} live rules add {added:.1f} µs to a decision: {added / onnx:.2f} of one inference "
        f"by ONNX Runtime, {added / flat:.2f} of one in the flat form; {each:.0f} ns a rule, "
        f"where CEL takes {figures.calls['one small rule, CEL'][0]:.1f} µs. A change of one of them "
        f"decides {figures.change_ms:.0f} ms later."
    )


def _backtest(figures: RuleFigures) -> str:
    return (
        f"A backtest of {figures.tested} rules over {figures.rows:,} decisions takes "
        f"{median(figures.backtests):.2f} s by the clock and {median(figures.processor):.2f} s of the "
        f"processor (medians of {len(figures.backtests)}; features recorded, compared with 10 live rules)."
    )
