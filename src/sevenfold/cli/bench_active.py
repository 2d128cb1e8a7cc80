"""``sevenfold bench active``: how many labels a model needs, by which are asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.cli.options import Options
    from sevenfold.feedback.active.curve import Budget, Curve, Pool

__all__ = ["bench_active"]

_PAYMENTS = 5
"""Payments of the simulated world for each row of the pool."""


def bench_active(rows: int, seeds: int, labels: int, out: Path | None, options: Options) -> None:
    """Measure, show and write down.

    Parameters
    ----------
    rows
        Events of a pool, and of a test.
    seeds
        How often each strategy is measured.
    labels
        How many labels are asked for.
    out
        A Markdown file for the tables; the plots lie beside it.
    options
        As of every command.
    """
    from sevenfold.feedback.active.curve import Budget
    from sevenfold.feedback.active.report import HEAD, draw_curves, efficiency, markdown

    least = (("--rows", rows, 1_000), ("--rounds", seeds, 1), ("--calls", labels, 500))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim")

    budget = Budget(first=max(labels // 10, 100), batch=max(labels // 15, 50), most=labels)
    curves: dict[str, Sequence[Curve]] = {}
    with terminal.keeping("Nothing was written; the same command measures anew."):
        for pool in _pools(rows):
            curves[pool.name] = _measured(pool, budget, seeds, tell)
    found = [one for name, runs in curves.items() for one in efficiency(name, runs)]
    for name in curves:
        mine = [one for one in found if one.data == name]
        terminal.table(list(HEAD), [one.row() for one in mine], title=f"{name}, {labels:,} labels")
    if out is not None:
        out.write_text(markdown(found))
        for name, runs in curves.items():
            plot = draw_curves(name, runs, out.with_name(f"{out.stem}-{name}.png"))
            terminal.say(f"Plot: {plot}")
        terminal.say(f"Written to {out}")
    terminal.result({"active": [one.to_json() for one in found]})


def _pools(rows: int) -> list[Pool]:
    """The simulator, and the Handbook's table where it is."""
    from sevenfold.systems.fraud.active import world_pool
    from sevenfold.systems.handbook.active import handbook_pool
    from sevenfold.systems.handbook.adapter import VARIABLE

    pools = [world_pool(rows * _PAYMENTS, 7, rows)]
    if os.environ.get(VARIABLE):
        pools.append(handbook_pool(None, rows, 7))
    return pools


def _measured(pool: Pool, budget: Budget, seeds: int, tell: Callable[[str], None]) -> list[Curve]:
    from sevenfold.feedback.active.curve import label_curve
    from sevenfold.feedback.active.declaration import StrategyName

    return [
        label_curve(pool, strategy, seed, budget, threads=1, tell=tell)
        for seed in range(1, seeds + 1)
        for strategy in get_args(StrategyName)
    ]
