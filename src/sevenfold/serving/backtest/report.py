"""A backtest as tables and as a picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.canvas import ACCENT, GREY, QUIETS, canvas, legend, save
from sevenfold.serving.backtest.tally import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.serving.backtest.run import Backtest, RuleResult

__all__ = ["DAY_HEAD", "HEAD", "day_rows", "draw_money", "result_row"]

HEAD = (
    "rule",
    "action",
    "hits",
    "positive",
    "precision",
    "recall",
    "saved",
    "lost",
    "new hits",
    "new positive",
    "shared with",
)
DAY_HEAD = ("day", "hits", "positive", "good", "saved", "lost")
_LINES = 5


def result_row(result: RuleResult) -> tuple[object, ...]:
    """One rule as a row under `HEAD`."""
    shared = sorted(((rows, name) for name, rows in result.overlap.items() if rows), reverse=True)
    return (
        result.rule.name,
        result.rule.action,
        int(result.total("hits")),
        int(result.total("positives")),
        "–" if result.precision is None else f"{result.precision:.1%}",
        "–" if result.recall is None else f"{result.recall:.1%}",
        round(float(result.saved().sum())),
        round(float(result.lost().sum())),
        int(result.total("new")),
        int(result.total("new_positives")),
        ", ".join(f"{name} {rows:,}" for rows, name in shared[:3]) or "–",
    )


def day_rows(tested: Backtest, result: RuleResult) -> list[tuple[object, ...]]:
    """The days of one rule under `DAY_HEAD`, those without a hit left out."""
    hits, positives, good = (COLUMNS.index(name) for name in ("hits", "positives", "good"))
    saved, lost = result.saved(), result.lost()
    return [
        (
            _date(tested, number).date().isoformat(),
            int(row[hits]),
            int(row[positives]),
            int(row[good]),
            round(float(saved[number])),
            round(float(lost[number])),
        )
        for number, row in enumerate(result.days)
        if row[hits]
    ]


def draw_money(tested: Backtest, path: Path) -> Path:
    """Draw what rules would have saved less what they would have cost, added up over the days.

    Raises
    ------
    MissingExtraError
        The extra [learn], which brings matplotlib, is not installed.
    """
    ranked = sorted(tested.results, key=lambda result: -float((result.saved() - result.lost()).sum()))
    figure, axes = canvas(
        "What rules would have saved",
        f"Losses prevented less costs, over {tested.rows:,} decisions with {tested.at_stake:,.0f} at stake",
    )
    days = [_date(tested, number) for number in range(len(ranked[0].days))] if ranked else []
    colours = (ACCENT, *QUIETS)
    for colour, result in zip(colours, ranked[:_LINES], strict=False):
        net = np.cumsum(result.saved() - result.lost())
        axes.plot(days, net, color=colour, linewidth=2.0, label=result.rule.name)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_ylabel("major units")
    figure.autofmt_xdate()
    if ranked:
        legend(axes, loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(figure, path)


def _date(tested: Backtest, number: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=tested.first_day + number)
