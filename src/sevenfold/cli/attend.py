"""``sevenfold attend``: everything that a system does by itself beside deciding, round after round."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.attending import Round

__all__ = ["attend"]


def attend(
    design: str,
    /,
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    every: str = "1h",
    options: Options = DEFAULTS,
) -> None:
    """Watch, ask for labels, retrain and roll out as declared, until Ctrl-C.

    Each round reads what is new in the log and tells of alerts, draws decisions
    to learn from, retrains where that is due, and takes the next step of a
    rollout. It runs beside the service, over the same home; all it does is an
    entry of the log, and a round that was interrupted goes on with the next.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    once
        Do one round and end.
    every
        From the beginning of a round to that of the next.
    """
    from sevenfold.cli.duration import seconds
    from sevenfold.design.attending import Attendant
    from sevenfold.design.load import load
    from sevenfold.serving.http.journal import Journal

    terminal, pause = options.terminal(), seconds(every, "--every") or 1.0
    with (
        terminal.keeping("What was done is logged; the same command goes on from there."),
        Attendant(load(design), options.home, Journal(), lambda: time.time_ns() // 1_000_000) as attendant,
    ):
        while True:
            begun = time.monotonic()
            done = attendant.attend()
            _tell(terminal, done)
            if once:
                break
            time.sleep(max(pause - (time.monotonic() - begun), 0.0))
    refused = [] if done.retrained is None else list(map(str, done.retrained.refused))
    terminal.result(
        {
            "firing": [alert.alert for alert in done.firing],
            "selected": len(done.selected),
            "reasons": done.reasons,
            "refused": refused,
            "changed": None if done.changed is None else done.changed.to_json(),
        }
    )


def _tell(terminal: Terminal, done: Round) -> None:
    """Say what a round did."""
    terminal.say(f"{len(done.firing)} alerts fire; {len(done.selected)} decisions were sent to review.")
    for reason in done.reasons:
        terminal.say(f"Retrained: {reason}")
    if done.retrained is not None:
        for fault in done.retrained.refused:
            terminal.say(f"Refused: {fault}", style="yellow")
    if done.changed is not None:
        terminal.say(f"Models: {done.changed.action} {done.changed.bundle or ''}: {done.changed.why}")
