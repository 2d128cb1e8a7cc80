"""A world in one picture: eight panels, drawn from its description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.learning.canvas import ACCENT
from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from matplotlib.axes import Axes

    from sevenfold.systems.fraud.world.description import Description

__all__ = ["draw"]

_HONEST, _FRAUD = ACCENT, "#c2410c"


def draw(description: Description, path: Path) -> None:
    """Draw a world.

    Parameters
    ----------
    description
        Of the world.
    path
        The file to write; its ending says which kind: ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    # a figure of its own, not pyplot's: nothing is shared, and no window system is looked for
    figure = require("matplotlib.figure", "drawing a world").Figure(figsize=(16, 7), layout="constrained")
    panels = figure.subplots(2, 4).ravel()
    _days(panels[0], description)
    _hours(panels[1], description)
    _amounts(panels[2], description)
    _patterns(panels[3], description)
    _delays(panels[4], description)
    _fraud(panels[5], description)
    _habits(panels[6], description)
    _reasons(panels[7], description)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=72)


def _days(panel: Axes, told: Description) -> None:
    panel.plot(told.days["day"].to_numpy(), told.days["payments"].to_numpy(), color=_HONEST, linewidth=1)
    panel.set(title="Payments a day", ylim=(0, None))
    panel.tick_params(axis="x", rotation=30)


def _hours(panel: Axes, told: Description) -> None:
    _compare(panel, told.hours, "hour")
    panel.set(title="Share by hour of day (UTC)", ylim=(0, None))


def _amounts(panel: Axes, told: Description) -> None:
    _compare(panel, told.amounts, "euros")
    panel.set(title="Share by amount in euros", xscale="log", ylim=(0, None))


def _compare(panel: Axes, counts: pl.DataFrame, along: str) -> None:
    """Draw how payments and frauds are distributed, each as shares of its own total."""
    for column, colour in (("payments", _HONEST), ("frauds", _FRAUD)):
        share = counts[column] / max(counts[column].sum(), 1)
        panel.plot(counts[along].to_numpy(), share.to_numpy(), color=colour, label=column)
    panel.legend(frameon=False)


def _patterns(panel: Axes, told: Description) -> None:
    made = told.patterns.filter(told.patterns["pattern"] != "ordinary").reverse()
    names, payments = made["pattern"].to_list(), made["payments"]
    panel.barh(names, payments.to_list(), color=_FRAUD, alpha=0.35, label="payments")
    panel.barh(names, (payments * made["reported"]).to_list(), color=_FRAUD, label="reported")
    panel.set(title="Payments by pattern")
    panel.legend(frameon=False)


def _delays(panel: Axes, told: Description) -> None:
    panel.bar(told.delays["days"].to_list(), told.delays["chargebacks"].to_list(), width=1, color=_FRAUD)
    panel.set(title="Chargebacks by days after the payment")


def _fraud(panel: Axes, told: Description) -> None:
    share = (told.days["frauds"] / told.days["payments"]).to_numpy() * 100
    panel.plot(told.days["day"].to_numpy(), share, color=_FRAUD, linewidth=1)
    panel.set(title="Fraud a day, % of payments", ylim=(0, None))
    panel.tick_params(axis="x", rotation=30)


def _habits(panel: Axes, told: Description) -> None:
    groups = told.habits["group"].to_list()
    for column, mark in (("online", "o"), ("given_back", "s"), ("declined", "^")):
        share = (told.habits[column] * 100).to_numpy()
        panel.plot(share, groups, mark, color=_HONEST, alpha=0.75, label=column.replace("_", " "))
    panel.set(title="% of payments by age and region", xlim=(0, None))
    panel.invert_yaxis()
    panel.legend(frameon=False)


def _reasons(panel: Axes, told: Description) -> None:
    made = told.reasons.reverse()
    names = [name.replace("_", " ") for name in made["reason"].to_list()]
    panel.barh(names, (made["share"] * 100).to_list(), color=_HONEST)
    panel.set(title="Why issuers declined, %")
