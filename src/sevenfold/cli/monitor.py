"""``sevenfold monitor``: watch what a design decides, beside the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from sevenfold.cli.monitor_views import fairness, performance, skew
from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.design import Design
    from sevenfold.design.watching import Watching

__all__ = ["moment", "monitor", "watch"]


monitor = App(
    name="monitor",
    help="Read the log as it grows, find what has changed, and tell of it, until Ctrl-C.",
    help_format="plaintext",
    result_action="return_value",
)
for view in (performance, fairness, skew):
    monitor.command(view)


@monitor.default
def watch(
    design: str,
    /,
    *,
    once: bool = False,
    every: str = "1s",
    options: Options = DEFAULTS,
) -> None:
    """Read the log as it grows, find what has changed, and tell of it, until Ctrl-C.

    It may run on another terminal or machine than the service, over the same
    home; no decision waits for it. Changes of alerts are written to stderr,
    sent to the webhooks that the design declares, and kept in the log.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    once
        Read what is there, tell, show the alerts and end.
    every
        How often the log is looked at.
    """
    from sevenfold.cli.duration import seconds
    from sevenfold.design.load import load
    from sevenfold.design.watching import Watching
    from sevenfold.serving.http.journal import Journal

    terminal, loaded = options.terminal(), load(design)
    pause = seconds(every, "--every") or 1.0
    with Watching(loaded, options.home, Journal()) as watching:
        _catch_up(terminal, watching)
        if not once:
            _follow(terminal, watching, pause)
        watching.postman.pump(at_once=True)
        _tell(terminal, loaded, watching)


def _catch_up(terminal: Terminal, watching: Watching) -> None:
    """Read what is there already, which may be much."""
    kept = "What was read is kept; run the same command again to go on."
    with terminal.keeping(kept), terminal.progress("monitor", unit="entries") as tick:
        watching.monitor.step(told=lambda done, total: tick(done, total, "reading"))


def _follow(terminal: Terminal, watching: Watching, pause: float) -> None:
    """Tail the log until Ctrl-C or SIGTERM."""
    import threading

    watching.postman.start()
    names = ", ".join(watching.monitor.names)
    terminal.say(f"Watching ({names}); Ctrl-C stops and keeps what was read.", style="green")
    try:
        watching.monitor.follow(threading.Event(), pause)
    except KeyboardInterrupt:
        terminal.say("Stopping: what was read is kept.")


def _tell(terminal: Terminal, design: Design, watching: Watching) -> None:
    """Show the alerts, and who could not be told."""
    import msgspec

    book, deliveries = watching.monitor.book, watching.postman.deliveries
    firing = book.firing()
    terminal.table(
        ["alert", "severity", "since", "acknowledged by", "summary"],
        [(a.alert, a.severity, moment(a.since_ms), a.acknowledged_by, a.summary) for a in firing],
        title=f"{len(firing)} alerts fire, {len(book.cleared())} have cleared",
    )
    for delivery in deliveries:
        if delivery.pending:
            state, name = delivery.state, delivery.target.name
            terminal.say(f"{name} has not been told of {delivery.pending}: {state.trouble}", style="yellow")
    terminal.result(
        {
            "design": design.name,
            "read": watching.monitor.offset,
            "watchers": watching.monitor.names,
            "firing": msgspec.to_builtins(firing),
            "cleared": len(book.cleared()),
            "untold": {delivery.target.name: delivery.pending for delivery in deliveries},
            "trouble": watching.monitor.trouble,
        }
    )


def moment(at_ms: int) -> str:
    """Write a time in epoch milliseconds for a person."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
