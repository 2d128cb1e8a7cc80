"""The look of every plot: one accent colour on a light ground, type that can be read, and little else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ACCENT",
    "FILL",
    "GREY",
    "GROUND",
    "INK",
    "LINES",
    "PALE",
    "QUIETS",
    "canvas",
    "legend",
    "percent",
    "save",
]

ACCENT = "#0f766e"
PALE = "#99d5cd"
INK = "#1f2933"
GREY = "#7b8794"
FILL = "#dfe3e8"
QUIETS = ("#9aa5b1", "#c8a97e", "#8d93c8", "#c58fa3")
"""For what stands beside the subject of a plot."""

GROUND = "#fcfcfb"
LINES = "#e6e8eb"
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 11,
    "axes.labelpad": 8,
    "axes.edgecolor": LINES,
    "axes.facecolor": GROUND,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": LINES,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 7,
    "ytick.major.pad": 6,
    "figure.facecolor": GROUND,
}


def canvas(title: str, subtitle: str, *, size: tuple[float, float] = (9.0, 5.6)) -> tuple[Any, Any]:
    """Open a figure with a title, a subtitle and one pair of axes.

    Parameters
    ----------
    title
        What is shown, in a few words.
    subtitle
        What there is to see in it.
    size
        In inches, of 160 pixels each.

    Raises
    ------
    MissingExtraError
        The extra [learn], which brings matplotlib, is not installed.
    """
    matplotlib = require("matplotlib", "drawing a plot")
    figure_module = require("matplotlib.figure", "drawing a plot")
    with matplotlib.rc_context(_STYLE):
        # A figure of its own, not pyplot's: nothing is shared, and no window system is looked for.
        figure = figure_module.Figure(figsize=size, dpi=160)
        axes = figure.add_axes((0.115, 0.13, 0.845, 0.69))
    left, height = 0.032, size[1]
    figure.text(left, 1 - 0.31 / height, title, fontsize=16, fontweight="bold", color=INK, va="center")
    figure.text(left, 1 - 0.64 / height, subtitle, fontsize=10.5, color=GREY, va="center")
    return figure, axes


def legend(axes: Any, **place: Any) -> None:
    """Name what is drawn, on a ground that hides the grid."""
    ground = {"facecolor": GROUND, "edgecolor": "none", "framealpha": 1}
    axes.legend(labelcolor=INK, fontsize=10, handlelength=1.6, **ground, **place)


def percent(*axes: Any) -> None:
    """Write an axis' numbers as whole percentages."""
    ticker = require("matplotlib.ticker", "drawing a plot")
    for axis in axes:
        axis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0, symbol=" %"))


def save(figure: Any, path: Path) -> Path:
    """Write a figure as PNG or SVG, as its name ends; the same figure gives the same bytes."""
    drawn = io.BytesIO()
    if path.suffix == ".svg":
        matplotlib = require("matplotlib", "drawing a plot")
        # Letters stay letters, and names within the file do not change from one run to the next.
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.stem}):
            figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    else:
        figure.savefig(drawn, format="png", metadata={"Software": None})
    path.write_bytes(drawn.getvalue())
    return path
