"""A design put to work: its log, its newest model and its policy, together as a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.data.fields import Kind
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.snapshot import snapshot_command
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, UsageError
from sevenfold.problem.problem import Problem
from sevenfold.serving.cost_judge import CostJudge
from sevenfold.serving.model import ServedModel
from sevenfold.serving.parts import Parts
from sevenfold.serving.service import DecisionService

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.bundle import Bundle

__all__ = ["open_service", "served_model"]


def open_service(design: Design, root: Path, model: str | None = None) -> DecisionService:
    """Open the service of a design.

    Without a model that can be used it decides by rules alone, and says so.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    model
        The id or the folder of a bundle; by default the current one.

    Raises
    ------
    LogError
        Where the log is damaged.
    UsageError
        Where the named bundle is not there.
    """
    workspace = Workspace(design, root)
    served, trouble = None, ""
    try:
        served = served_model(workspace.bundle(model))
    except (BundleError, UsageError) as error:
        trouble = str(error)
    home = workspace.home
    home.folder.mkdir(parents=True, exist_ok=True)
    return DecisionService(
        Parts(
            plan=design.plan,
            events=design.events,
            decides=design.decides,
            lateness=design.lateness_ms,
            serving=design.serving,
            log=SqliteEventLog(home.log, design.serving.durability),
            snapshots=home.snapshots,
            model=served,
            judge=lambda: CostJudge(_problem(design), _amount(design)),
            trouble=trouble,
            snapshot_command=None if design.source is None else snapshot_command(design.source, root),
        )
    )


def served_model(bundle: Bundle) -> ServedModel:
    """Load a bundle's model as a service takes it."""
    return ServedModel(bundle.id, bundle.encoding, bundle.scorer())


def _problem(design: Design) -> Problem:
    return design.problem if design.problem is not None else Problem(goal="decide", decision="approve or not")


def _amount(design: Design) -> tuple[int, float] | None:
    """Where the decided event holds its first amount of money."""
    for position, field in enumerate(design.events[design.decides].__fields__.values()):
        if field.kind is Kind.MONEY:
            return position, 100.0
    return None
