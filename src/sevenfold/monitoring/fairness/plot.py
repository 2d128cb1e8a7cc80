"""How each group fares, for those who would rather look than read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.learning.canvas import ACCENT, INK, PALE, canvas, save

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sevenfold.monitoring.performance.rates import Rate

__all__ = ["plot_groups"]

_PANELS = {"selection": "of all", "false_positives": "of the negatives", "recall": "of the positives"}


def plot_groups(figures: Mapping[str, Mapping[str, Rate]], path: Path, name: str) -> Path:
    """Draw the rates of each group with their intervals, one panel a measure.

    Parameters
    ----------
    figures
        By group, as `FairnessWatcher.by_group` gives them.
    path
        Of the picture, ``.png`` or ``.svg``.
    name
        What people are grouped by.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    groups = [group for group in figures if not group.startswith("(")]
    subtitle = "Share reviewed or blocked: of all, of the negatives, of the positives. 95 % intervals."
    title = f"How decisions fall on people, by {name}"
    drawn, first = canvas(title, subtitle, size=(9.0, 2.2 + 0.5 * len(groups)))
    box = first.get_position()
    drawn.delaxes(first)
    width = box.width / len(_PANELS)
    for column, (key, of) in enumerate(_PANELS.items()):
        left = box.x0 + column * width + 0.02
        axes = drawn.add_axes((left, box.y0 + 0.03, width - 0.045, box.height - 0.12))
        axes.set_facecolor("#fcfcfb")
        for place, group in enumerate(reversed(groups)):
            rate = figures[group][key]
            axes.plot([rate.low, rate.high], [place] * 2, color=PALE, linewidth=6, solid_capstyle="round")
            axes.plot([rate.value], [place], "o", color=ACCENT, markersize=6)
        axes.set_title(of, loc="left", fontsize=10.5, color=INK)
        axes.set_yticks(range(len(groups)), list(reversed(groups)) if column == 0 else [""] * len(groups))
        axes.set_ylim(-0.7, len(groups) - 0.3)
        axes.set_xlim(left=0)
        axes.grid(visible=True, axis="x", color="#e6e8eb", linewidth=0.8)
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0, labelsize=9.5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.locator_params(axis="x", nbins=4)
    return save(drawn, path)
