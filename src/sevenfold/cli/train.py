"""``sevenfold train``: a model from the log."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

__all__ = ["train"]


def train(
    design: str,
    /,
    *,
    mlflow: Annotated[str | None, Parameter(env_var="SEVENFOLD_MLFLOW")] = None,
    options: Options = DEFAULTS,
) -> None:
    """Train a model on what the log holds, and keep it as a bundle.

    The design's candidates compete on folds in time; the best one is fitted to
    the newest events whose labels are final, exported, checked and registered
    as the current model.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    mlflow
        Where the run is kept: the URI of an MLflow server, or off; by default a
        file below the home folder.
    """
    from sevenfold.cli.figures import tell_metrics, tell_notes
    from sevenfold.design.keeping import keep
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    workspace = Workspace(load(design), options.home)
    kept = "No bundle was written and the current one is unchanged; the same command starts over."
    with terminal.keeping(kept), terminal.progress("preparing", unit="events") as tick:
        tables = workspace.history(lambda done, total: tick(done, total, "laying the lake"))
        features = workspace.features(tables, lambda done, total: tick(done, total, "features"))
        table = workspace.training_table(tables, features)
        result, bundle = workspace.train(table, lambda done, total, what: tick(done, total, what, "steps"))
        tick(1, 1, "plots, report and run", "steps")
        kept_of_it = keep(workspace, table, result, bundle, workspace.home.plots / bundle.id, mlflow=mlflow)
    rows = result.evaluation.table().to_dicts()
    folds = len(result.chosen.folds)
    tell_metrics(terminal, rows, result.candidate.name, workspace.design.learning.entity, folds)
    notes = [*table.notes, *result.notes, *kept_of_it.tracked.notes]
    tell_notes(terminal, notes)
    terminal.say(
        f"{result.candidate.name} learned from {result.rows:,} events, {result.positives:,} of them positive;"
        f" bundle {bundle.id} {'waits to be promoted' if workspace.promoted else 'is the current model'}"
    )
    terminal.say(f"Bundle: {bundle.path}")
    terminal.say(f"Report: {kept_of_it.report}")
    terminal.say(f"Plots: {kept_of_it.report.parent}")
    if kept_of_it.tracked.uri is not None:
        terminal.say(f"MLflow: run {kept_of_it.tracked.run} in {kept_of_it.tracked.uri}")
    terminal.result(
        {
            "bundle": bundle.id,
            "path": bundle.path,
            "candidate": result.candidate.name,
            "rows": result.rows,
            "positives": result.positives,
            "metrics": bundle.metadata["metrics"],
            "compared": bundle.metadata["compared"],
            "notes": notes,
            "plots": kept_of_it.plots,
            "report": kept_of_it.report,
            "mlflow": {"uri": kept_of_it.tracked.uri, "run": kept_of_it.tracked.run},
        }
    )
