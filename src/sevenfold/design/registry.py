"""What MLflow keeps of champions and challengers: registered models, their aliases, where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.design.keeping import keep
from sevenfold.learning.registry import Registered, register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.design.retraining import Retrained
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.rollout.standing import Standing

__all__ = ["keep_challenger", "keep_standing"]


def keep_challenger(workspace: Workspace, done: Retrained, *, mlflow: str | None = None) -> tuple[str, ...]:
    """Keep a retraining in MLflow, and its bundle as the challenger; return what a reader should know.

    Nothing is raised: a retraining that is done is not lost to its bookkeeping.
    """
    if done.bundle is None:
        return ()
    notes: list[str] = []
    run = None
    if done.result is not None and done.table is not None:
        try:
            folder = workspace.home.plots / done.bundle.id
            tracked = keep(workspace, done.table, done.result, done.bundle, folder, mlflow=mlflow).tracked
            run = tracked.run
            notes += tracked.notes
        except Exception as error:  # noqa: BLE001 - pictures and pages are not what was asked for
            notes.append(f"No report could be written: {type(error).__name__}: {error}")
    aliases = {} if done.refused else {"challenger": done.bundle.id}
    notes += _registered(workspace, aliases, {done.bundle.id: run}, mlflow).notes
    return tuple(notes)


def keep_standing(workspace: Workspace, standing: Standing, *, mlflow: str | None = None) -> tuple[str, ...]:
    """Have MLflow's aliases say what the log says; return what a reader should know. Nothing is raised."""
    champion, trial = standing.champion(), standing.trial
    aliases = {"champion": champion, "challenger": None if trial is None else trial.bundle}
    aliases |= {f"champion-{segment}": bundle for segment, bundle in standing.segments.items()}
    bundles = {bundle: None for bundle in aliases.values() if bundle is not None}
    return _registered(workspace, aliases, bundles, mlflow).notes


def _registered(
    workspace: Workspace,
    aliases: Mapping[str, str | None],
    bundles: Mapping[str, str | None],
    mlflow: str | None,
) -> Registered:
    try:
        found = [(workspace.bundle(bundle), run) for bundle, run in bundles.items()]
    except Exception as error:  # noqa: BLE001 - as above
        return Registered(notes=(f"Nothing was registered in MLflow: {type(error).__name__}: {error}",))
    return register(workspace.design.name, found, aliases, local=workspace.home.folder / "mlflow", uri=mlflow)
