"""How figures of models are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sevenfold.cli.terminal import Terminal

__all__ = ["tell_metrics", "tell_notes"]


def tell_metrics(
    terminal: Terminal, rows: Sequence[Mapping[str, Any]], chosen: str, entity: str | None, folds: int
) -> None:
    """Show every metric of every candidate with its interval.

    Parameters
    ----------
    rows
        As `Evaluation.table` gives them: candidate, metric, mean, low, high.
    chosen
        The candidate that was chosen.
    entity
        What is counted in the precision by entity.
    folds
        Over how many folds the means go.
    """
    from sevenfold.learning.metrics import title

    candidates = list(dict.fromkeys(row["candidate"] for row in rows))
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    found = {(row["metric"], row["candidate"]): row for row in rows}
    terminal.table(
        ["", *(f"{name} (chosen)" if name == chosen else name for name in candidates)],
        [
            [title(metric, entity or "entity"), *(_estimate(found[metric, name]) for name in candidates)]
            for metric in metrics
        ],
        title=f"Mean over {folds} {'fold' if folds == 1 else 'folds'} in time, with its 95 % interval",
    )


def tell_notes(terminal: Terminal, notes: Iterable[object]) -> None:
    """Show what a reader of the figures should know."""
    for note in notes:
        terminal.say(f"Note: {note}", style="yellow")


def _estimate(row: Mapping[str, Any]) -> str:
    mean, low, high = row["mean"], row["low"], row["high"]
    if mean is None or mean != mean:
        return "–"
    return f"{mean:.3f}  {low:.3f}–{high:.3f}" if low is not None and low == low else f"{mean:.3f}"
