"""``sevenfold evaluate``: what the design's candidates would have been worth."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import adapter_of, events_of, sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from sevenfold.cli.source import Events
    from sevenfold.cli.terminal import Tick
    from sevenfold.design.workspace import Workspace

__all__ = ["evaluate"]


def evaluate(
    design: str,
    source: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    options: Options = DEFAULTS,
) -> None:
    """Train and test every candidate on folds in time, and keep nothing.

    Each fold learns with the labels that were known when its test began, and
    is tested on what came after.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A folder with a file for each event, a file, or EVENT=FILE pairs; by
        default what the log holds. For the handbook design, its table: by
        default the one that SEVENFOLD_HANDBOOK names, where the log is empty.
    """
    from sevenfold.cli.figures import tell_metrics, tell_notes
    from sevenfold.design.keeping import report_evaluation
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace
    from sevenfold.learning.plots import plot_evaluation

    terminal = options.terminal()
    workspace = Workspace(load(design), options.home)
    what = sources(source) if source else _default_table(workspace)
    with terminal.keeping("Nothing was changed."), terminal.progress("preparing", unit="events") as tick:
        tables = _tables(workspace, what, tick)
        features = workspace.features(tables, lambda done, total: tick(done, total, "features", "events"))
        table = workspace.training_table(tables, features)
        evaluation = workspace.evaluate(table, lambda done, total, what: tick(done, total, what, "steps"))
        folder = workspace.home.plots / "evaluation"
        plots = plot_evaluation(evaluation, folder)
        report = report_evaluation(workspace, table, evaluation, folder)
    rows = evaluation.table().to_dicts()
    best = evaluation.best
    tell_metrics(terminal, rows, best.candidate.name, workspace.design.learning.entity, len(best.folds))
    notes = [*table.notes, *evaluation.notes]
    tell_notes(terminal, notes)
    terminal.table(
        ["fold", "learned from", "positive", "tested on", "positive"],
        [
            (str(fold.fold), fold.train_rows, fold.train_positives, len(fold.rows), int(fold.y.sum()))
            for fold in best.folds
        ],
    )
    terminal.say(f"Report: {report}")
    terminal.say(f"Plots: {plots[0].parent}")
    terminal.result(
        {"best": best.candidate.name, "metrics": rows, "notes": notes, "plots": plots, "report": report}
    )


def _default_table(workspace: Workspace) -> Events | None:
    """Find the table that a shipped design names by an environment variable; only where the log is empty."""
    adapter = adapter_of(workspace.design)
    if adapter is None or workspace.home.log.exists():
        return None
    return os.environ.get(adapter.VARIABLE)


def _tables(workspace: Workspace, source: Events | None, tick: Tick) -> Mapping[str, pl.DataFrame]:
    from sevenfold.design.tables import read_tables

    if source is None:
        return workspace.history(lambda done, total: tick(done, total, "laying the lake", "events"))
    with events_of(workspace.design, source) as files:
        return read_tables(
            workspace.design.events,
            files,
            workspace.home.rejects / "evaluate.csv",
            progress=lambda done, total: tick(done, total, "reading", "bytes"),
        ).tables
