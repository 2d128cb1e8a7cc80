"""``sevenfold rollback``: the champion before this one decides again."""

from __future__ import annotations

import getpass
from typing import Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

__all__ = ["rollback"]


def rollback(
    design: str,
    /,
    *,
    why: str = "By hand.",
    segment: str = "",
    trial: bool = False,
    mlflow: Annotated[str | None, Parameter(env_var="SEVENFOLD_MLFLOW")] = None,
    options: Options = DEFAULTS,
) -> None:
    """Bring back the champion before this one, or end a challenger's trial.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    why
        For those who ask later.
    segment
        The value of the rollout's segment field that it is about; by default
        all events.
    trial
        End the challenger's trial, and leave the champion where it is.
    mlflow
        Where aliases are kept: the URI of an MLflow server, or off; by default
        a file below the home folder.
    """
    from sevenfold.cli.promote import sentence
    from sevenfold.design.load import load
    from sevenfold.design.registry import keep_standing
    from sevenfold.design.rollout import RolloutDesk

    desk, terminal = RolloutDesk(load(design), options.home), options.terminal()
    who = getpass.getuser()
    change = desk.stop(who=who, why=why) if trial else desk.rollback(who=who, why=why, segment=segment)
    terminal.say(sentence(change))
    notes = keep_standing(desk.workspace, desk.standing(), mlflow=mlflow)
    for note in notes:
        terminal.say(note)
    terminal.result({"change": change.to_json(), "notes": notes})
