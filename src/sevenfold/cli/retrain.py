"""``sevenfold retrain``: a challenger from the newest of the log, where one is due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.retraining import Retrained

__all__ = ["retrain"]


def retrain(
    design: str,
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    if_due: Annotated[bool, Parameter(negative="")] = False,
    offset: int | None = None,
    mlflow: Annotated[str | None, Parameter(env_var="SEVENFOLD_MLFLOW")] = None,
    options: Options = DEFAULTS,
) -> None:
    """Train a challenger on the newest of the log, and compare it with the champion.

    What decides stays: a challenger goes through its trials, or is promoted. A
    retraining that was interrupted is finished by the same command.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    dry_run
        Say whether one is due and why, and do nothing.
    if_due
        Do nothing where none is due.
    offset
        Learn from the log up to here; by default from all of it.
    mlflow
        Where the run is kept: the URI of an MLflow server, or off; by default a
        file below the home folder.
    """
    from sevenfold.design.load import load
    from sevenfold.design.registry import keep_challenger
    from sevenfold.design.retraining import due_now, retrain
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    workspace, now = Workspace(load(design), options.home), time.time_ns() // 1_000_000
    due = due_now(workspace, now)
    if dry_run or (if_due and not due.now):
        for sentence in (*due.reasons, due.held):
            if sentence:
                terminal.say(sentence)
        terminal.say("A retraining would begin." if due.now else "No retraining is due.")
        terminal.result({"due": due.now, "reasons": due.reasons, "held": due.held})
        return
    kept = "What was done is logged; the same command goes on from there."
    with terminal.keeping(kept), terminal.progress("preparing", unit="steps") as tick:
        done = retrain(
            workspace,
            now,
            offset,
            why=due.reasons or ("It was asked for.",),
            progress=lambda step, steps, what: tick(step, steps, what, "steps"),
        )
        notes = keep_challenger(workspace, done, mlflow=mlflow)
    _tell(terminal, done, (*done.notes, *notes))


def _tell(terminal: Terminal, done: Retrained, notes: tuple[str, ...]) -> None:
    if done.comparison is not None:
        terminal.table(
            ["metric", "challenger", "champion", "lead, 95 %"],
            [
                (name, f"{d.challenger:.4f}", f"{d.champion:.4f}", f"{d.low:+.4f} to {d.high:+.4f}")
                for name, d in done.comparison.differences.items()
            ],
        )
    for fault in done.refused:
        terminal.say(f"Refused: {fault}", style="yellow")
    for note in notes:
        terminal.say(note)
    if done.bundle is not None and not done.refused:
        terminal.say(f"Challenger: {done.bundle.id}")
    terminal.result(
        {
            "run": done.run,
            "offset": done.offset,
            "bundle": None if done.bundle is None else done.bundle.id,
            "refused": [str(fault) for fault in done.refused],
            "comparison": None if done.comparison is None else done.comparison.to_json(),
            "notes": notes,
        }
    )
