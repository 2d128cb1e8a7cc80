"""Label-efficiency curves as a table and a plot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.feedback.active.curve import labels_needed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.feedback.active.curve import Curve
    from sevenfold.feedback.active.declaration import StrategyName

__all__ = ["HEAD", "Efficiency", "draw_curves", "efficiency", "markdown"]

HEAD = (
    "strategy",
    "average precision",
    "from",
    "to",
    "positives found",
    "labels for random's",
    "share of labels",
)


@dataclass(frozen=True)
class Efficiency:
    """What a strategy got with its labels, over all seeds.

    Parameters
    ----------
    data, strategy
        Of which.
    labels
        How many were asked for.
    final, low, high
        Average precision with all of them: mean, least and largest over the seeds.
    positives
        How many of the labels were positive, on average.
    needed
        With how many labels the mean curve reaches what random labels reach in the end, and stays there;
        `None` where it does not.
    share
        The same as a share of all labels.
    """

    data: str
    strategy: StrategyName
    labels: int
    final: float
    low: float
    high: float
    positives: float
    needed: int | None
    share: float | None

    def row(self) -> tuple[object, ...]:
        """A line of the table."""
        return (
            self.strategy,
            round(self.final, 3),
            round(self.low, 3),
            round(self.high, 3),
            round(self.positives),
            "never" if self.needed is None else self.needed,
            "–" if self.share is None else f"{self.share:.0%}",
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


def efficiency(data: str, curves: Sequence[Curve]) -> list[Efficiency]:
    """Compare strategies on one data set by their mean curves.

    Parameters
    ----------
    curves
        Of all strategies, ``random`` among them, and all seeds, with the same numbers of labels.
    """
    strategies = list(dict.fromkeys(curve.strategy for curve in curves))
    of = {name: [curve for curve in curves if curve.strategy == name] for name in strategies}
    reached = float(np.mean([curve.average_precision[-1] for curve in of["random"]]))
    found = []
    for name, mine in of.items():
        final = np.array([curve.average_precision[-1] for curve in mine])
        labels = int(mine[0].labels[-1])
        needed = labels_needed(_mean(mine), reached)
        positives = float(np.mean([curve.positives[-1] for curve in mine]))
        share = None if needed is None else needed / labels
        mean, low, high = float(final.mean()), float(final.min()), float(final.max())
        found.append(Efficiency(data, name, labels, mean, low, high, positives, needed, share))
    return found


def markdown(found: Sequence[Efficiency]) -> str:
    """Tables, one for each data set."""
    lines = []
    for data in dict.fromkeys(one.data for one in found):
        mine = [one for one in found if one.data == data]
        lines += [f"### {data}, {mine[0].labels:,} labels", ""]
        lines += ["| " + " | ".join(HEAD) + " |", "|---" + "|--:" * (len(HEAD) - 1) + "|"]
        lines += ["| " + " | ".join(str(cell) for cell in one.row()) + " |" for one in mine]
        lines.append("")
    return "\n".join(lines)


def draw_curves(data: str, curves: Sequence[Curve], path: Path) -> Path:
    """Draw average precision over the number of labels: the mean over the seeds, and their range.

    Parameters
    ----------
    data
        The name of the data.
    curves
        Of it.
    path
        Of the picture.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    from sevenfold.learning.canvas import ACCENT, GREY, QUIETS, canvas, legend, save

    colours = {"random": GREY, "uncertainty": ACCENT, "committee": QUIETS[1], "density": QUIETS[2]}
    title = f"What labels teach: {data}"
    figure, axes = canvas(
        title, "Average precision on a later period; the mean of all seeds, and their range."
    )
    for name in dict.fromkeys(curve.strategy for curve in curves):
        some = [curve for curve in curves if curve.strategy == name]
        values = np.stack([curve.average_precision for curve in some])
        low, high, labels = values.min(axis=0), values.max(axis=0), some[0].labels
        axes.fill_between(labels, low, high, color=colours[name], alpha=0.15, linewidth=0)
        axes.plot(labels, values.mean(axis=0), color=colours[name], label=name)
    axes.set_xlabel("labels asked for")
    axes.set_ylabel("average precision")
    legend(axes, loc="lower right")
    return save(figure, path)


def _mean(curves: Sequence[Curve]) -> Curve:
    first = curves[0]
    mean = np.mean([curve.average_precision for curve in curves], axis=0)
    return replace(first, seed=0, average_precision=mean)
