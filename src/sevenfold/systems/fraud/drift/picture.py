"""How soon each change was noticed, in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.learning.canvas import ACCENT, GREY, canvas, save
from sevenfold.systems.fraud.drift.report import Summary, twin
from sevenfold.systems.fraud.drift.worlds import DAYS, FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.systems.fraud.drift.measure import Outcome

__all__ = ["draw"]


def draw(outcomes: Sequence[Outcome], path: Path) -> Path:
    """Draw a mark for each world, at the day on which its change was noticed; crosses where it never was."""
    summary = Summary.of(outcomes)
    changed = [one for one in outcomes if one.kind != "quiet"]
    subtitle = (
        f"{len(changed)} worlds that change; {summary.alarms_per_30_days:.2f} false alarms in 30 quiet days"
    )
    figure, axes = canvas("Days until a change is noticed", subtitle)
    names = sorted({f"{one.kind} {one.name}" for one in changed}, reverse=True)
    for one in changed:
        height, delay = names.index(f"{one.kind} {one.name}"), one.noticed(twin(one, outcomes))
        if delay is None:
            axes.plot([DAYS - FIRST_DAY + 1], [height], "x", color=GREY, markersize=7)
        else:
            axes.plot([delay], [height], "o", color=ACCENT, markersize=7, alpha=0.7)
    axes.set(xlabel="days since the change began (x: not noticed)", xlim=(0, DAYS - FIRST_DAY + 3))
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=9)
    figure.subplots_adjust(left=0.25)
    return save(figure, path)
