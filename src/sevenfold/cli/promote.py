"""``sevenfold promote``: another model decides, or is tried."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.serving.rollout.change import ModelChange

__all__ = ["promote", "sentence"]

As = Literal["champion", "shadow", "canary", "ab"]


def promote(
    design: str,
    bundle: str,
    /,
    *,
    why: str = "By hand.",
    as_: Annotated[As, Parameter(name="--as")] = "champion",
    segment: str = "",
    share: float | None = None,
    mlflow: Annotated[str | None, Parameter(env_var="SEVENFOLD_MLFLOW")] = None,
    options: Options = DEFAULTS,
) -> None:
    """Make a bundle the champion, or put it on trial, while the service runs.

    A running service takes it up within a second.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    bundle
        The id of the bundle.
    why
        For those who ask later.
    as_
        champion decides; shadow scores without effect; canary and ab decide a
        share of entities.
    segment
        The value of the rollout's segment field that it is about; by default
        all events.
    share
        Of entities, for canary and ab; by default as declared.
    mlflow
        Where aliases are kept: the URI of an MLflow server, or off; by default
        a file below the home folder.
    """
    from sevenfold.design.load import load
    from sevenfold.design.registry import keep_standing
    from sevenfold.design.rollout import RolloutDesk

    desk, terminal = RolloutDesk(load(design), options.home), options.terminal()
    change = desk.change(
        "promote" if as_ == "champion" else as_,
        bundle,
        who=getpass.getuser(),
        why=why,
        segment=segment,
        share=share,
    )
    terminal.say(sentence(change))
    notes = keep_standing(desk.workspace, desk.standing(), mlflow=mlflow)
    for note in notes:
        terminal.say(note)
    terminal.result({"change": change.to_json(), "notes": notes})


def sentence(change: ModelChange) -> str:
    """Say what a change means."""
    where = f" for {change.segment}" if change.segment else ""
    match change.action:
        case "promote":
            return f"{change.bundle} decides{where} now; {change.before or 'nothing'} did before."
        case "rollback":
            return (
                f"{change.bundle or 'The champion of all'} decides{where} again, in place of {change.before}."
            )
        case "stop":
            return f"The trial of {change.bundle} is over."
        case "shadow":
            return f"{change.bundle} is scored{where} beside the champion, without effect."
    return f"{change.bundle} decides{where} {change.share:.0%} of entities, as {change.action}."
