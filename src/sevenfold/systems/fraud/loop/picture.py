"""The trial in one picture: what was lost a day, with the loop and with a model that stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.learning.canvas import ACCENT, GREY, INK, QUIETS, canvas, legend, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["draw"]

_SMOOTHED_DAYS = 7


def draw(
    frozen: pl.DataFrame, loop: pl.DataFrame, onset: int, promoted: Sequence[int], path: Path, subtitle: str
) -> Path:
    """Draw both ledgers.

    Parameters
    ----------
    frozen, loop
        The columns of `ledger.SCHEMA`.
    onset
        The day on which the new pattern begins.
    promoted
        The days on which the loop put another model to work.
    path
        The file to write.
    subtitle
        What there is to see.
    """
    figure, axes = canvas("Ninety days on its own", subtitle)
    for ledger, colour, name in (
        (frozen, QUIETS[1], "the model of day 0, frozen"),
        (loop, ACCENT, "the loop: notices, asks, retrains, promotes"),
    ):
        days, lost = ledger["day"].to_numpy(), ledger["lost"]
        mean = lost.rolling_mean(_SMOOTHED_DAYS, min_samples=1).to_numpy()
        axes.plot(days, lost.to_numpy(), color=colour, linewidth=0.8, alpha=0.35)
        axes.plot(days, mean, color=colour, linewidth=2.4, label=name)
    axes.axvline(onset, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    top = float(pl.concat([frozen["lost"], loop["lost"]]).max()) * 1.05  # type: ignore[arg-type]
    axes.text(onset + 0.8, top * 0.97, "a new pattern of fraud begins", color=INK, fontsize=10, va="top")
    if promoted:
        axes.plot(
            promoted, [top * 0.02] * len(promoted), "^", color=ACCENT, markersize=8, label="a promotion"
        )
    axes.set(xlabel="day", ylabel="lost a day, EUR (bold: mean of a week)", ylim=(0, top), xlim=(0, None))
    legend(axes, loc="upper left", bbox_to_anchor=(0.0, 0.92))
    return save(figure, path)
