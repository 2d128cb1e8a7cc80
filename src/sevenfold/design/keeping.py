"""What is kept of a training beside its bundle: plots, a report, and a run in MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.timestamp import rfc3339
from sevenfold.learning.plots import plot_training
from sevenfold.learning.report import write_report
from sevenfold.learning.tracking import Tracked, track

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.workspace import TrainingTable, Workspace
    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.results import Evaluation
    from sevenfold.learning.train import TrainingResult

__all__ = ["Kept", "keep", "report_evaluation"]


@dataclass(frozen=True)
class Kept:
    """What was kept of a training.

    Parameters
    ----------
    plots
        The pictures.
    report
        The page that reads on its own.
    tracked
        The run in MLflow.
    """

    plots: tuple[Path, ...]
    report: Path
    tracked: Tracked


def keep(
    workspace: Workspace,
    table: TrainingTable,
    result: TrainingResult,
    bundle: Bundle,
    folder: Path,
    *,
    mlflow: str | None = None,
) -> Kept:
    """Draw a training, write its report, and keep both in MLflow with the bundle.

    Parameters
    ----------
    workspace, table
        The design in its home, and what was learned from.
    result, bundle
        The training.
    folder
        Where plots and report go; made where it is missing.
    mlflow
        A server's URI, or ``off``; by default what `sevenfold.learning.tracking.VARIABLE` says, or a file
        below the home.
    """
    plots = plot_training(result, folder)
    known = bundle.metadata
    report = write_report(
        folder / "report.html",
        result.evaluation,
        heading=f"{workspace.design.name}: {result.candidate.name}",
        subtitle=f"Learned from {result.rows:,} events, {result.positives:,} of them positive;"
        f" what it can be expected to do, by folds in time",
        facts={
            "design": workspace.design.name,
            "bundle": bundle.id,
            "features": f"{len(result.encoding)}, program {bundle.schema_hash[:16]}",
            "training period": f"{rfc3339(result.start)} to {rfc3339(result.end)}",
            "known as of": rfc3339(result.as_of),
            "log": f"offsets before {known['log_offset']:,}",
            "seed": result.learning.seed,
            "versions": ", ".join(f"{name} {version}" for name, version in known["versions"].items()),
        },
        notes=[*table.notes, *result.notes],
        importance=result.importance(),
    )
    local = workspace.home.folder / "mlflow"
    tracked = track(
        result, bundle, [*plots, report], experiment=workspace.design.name, local=local, uri=mlflow
    )
    return Kept(tuple(plots), report, tracked)


def report_evaluation(
    workspace: Workspace, table: TrainingTable, evaluation: Evaluation, folder: Path
) -> Path:
    """Write the report of an evaluation, of which nothing else is kept."""
    best = evaluation.best
    return write_report(
        folder / "report.html",
        evaluation,
        heading=f"{workspace.design.name}: {len(evaluation.results)} candidates",
        subtitle=f"{best.candidate.name} is the best of them by {evaluation.learning.choose_by}",
        facts={
            "design": workspace.design.name,
            "decided events": f"{len(table.labels):,}",
            "seed": evaluation.learning.seed,
        },
        notes=[*table.notes, *evaluation.notes],
    )
