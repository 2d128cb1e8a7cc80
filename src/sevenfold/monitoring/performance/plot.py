"""How good decisions are by day, for those who would rather look than read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sevenfold.learning.canvas import ACCENT, GREY, QUIETS, canvas, legend, percent, save
from sevenfold.monitoring.performance.cohort import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sevenfold.monitoring.performance.rates import Rate
    from sevenfold.monitoring.performance.watcher import PerformanceWatcher

__all__ = ["plot_performance"]

_TITLES = {
    "precision": "Positives among reviewed and blocked",
    "recall": "Positives that were reviewed or blocked",
    "false_positives": "Negatives that were reviewed or blocked",
}


_OVER = 7
"""Days that are taken together: like weekdays are then compared with like."""


def plot_performance(watcher: PerformanceWatcher, figure: str, path: Path, last: int = 90) -> Path:
    """Draw one figure by day: measured where labels are final, expected where they are not.

    Parameters
    ----------
    watcher
        What has seen the log.
    figure
        ``precision``, ``recall`` or ``false_positives``.
    path
        Of the picture, ``.png`` or ``.svg``.
    last
        Days with final labels that are shown.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    subtitle = (
        "Over seven days; measured where labels are final, later what scores lead to expect. 95 % bands."
    )
    drawn, axes = canvas(_TITLES[figure], subtitle, size=(9.0, 4.6))
    measured = {day: rates[figure] for day, rates in watcher.by_day(last, _OVER).items()}
    expected = {day: rates[figure] for day, rates in watcher.expected_by_day(_OVER).items()}
    _band(axes, measured, ACCENT, "measured")
    _band(axes, expected, QUIETS[2], "expected")
    limit = watcher.declared.limits.get(figure)
    if limit is not None:
        axes.axhline(limit, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)), label="limit")
    axes.set_ylim(bottom=0)
    if figure != "false_positives":
        percent(axes.yaxis)
    axes.tick_params(axis="x", rotation=0)
    axes.xaxis.set_major_locator(_dates().AutoDateLocator(maxticks=7))
    axes.xaxis.set_major_formatter(_dates().DateFormatter("%d %b"))
    legend(axes, loc="best")
    return save(drawn, path)


def _dates() -> Any:
    from sevenfold.learning.extra import require

    return require("matplotlib.dates", "drawing a plot")


def _day(day: int) -> date:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date()


def _band(axes: Any, rates: Mapping[int, Rate], colour: str, label: str) -> None:
    known = {_day(day): rate for day, rate in rates.items() if rate.value == rate.value}
    if known:
        days, all_ = list(known), list(known.values())
        axes.fill_between(
            days, [r.low for r in all_], [r.high for r in all_], color=colour, alpha=0.16, linewidth=0
        )
        axes.plot(days, [r.value for r in all_], color=colour, linewidth=1.8, label=label)
