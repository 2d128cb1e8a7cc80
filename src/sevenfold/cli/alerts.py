"""``sevenfold alerts``: look at alerts, acknowledge and silence them."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from cyclopts import App

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.monitoring.alerts.desk import AlertDesk

__all__ = ["acknowledge", "alerts", "list_", "silence", "unsilence"]

alerts = App(
    name="alerts",
    help="Look at what the monitor found, acknowledge it, silence what is known.",
    help_format="plaintext",
    result_action="return_value",
)


@alerts.command(name="list")
def list_(design: str, /, *, options: Options = DEFAULTS) -> None:
    """List the alerts that fire, those that have cleared, and what is silenced.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    """
    import msgspec

    from sevenfold.cli.monitor import moment

    terminal, found = options.terminal(), _desk(design, options).look()
    terminal.table(
        ["alert", "state", "severity", "since", "acknowledged by", "summary"],
        [
            (a.alert, a.state, a.severity, moment(a.since_ms), a.acknowledged_by, a.summary)
            for a in (*found.firing, *found.cleared)
        ],
    )
    for one in found.silences:
        terminal.say(f"Silent until {moment(one.until_ms)}: {one.match}, by {one.who}: {one.why}")
    terminal.result(msgspec.to_builtins(found))


@alerts.command
def acknowledge(design: str, alert: str, /, *, why: str = "", options: Options = DEFAULTS) -> None:
    """Say that you look after an alert; nobody is reminded of it any more.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    alert
        Its name in the list, such as drift:card_count_1h.
    why
        What you make of it.
    """
    terminal = options.terminal()
    kept = _desk(design, options).acknowledge(alert, getpass.getuser(), why)
    terminal.say(f"{kept.alert} is looked after by {kept.acknowledged_by}")
    terminal.result({"alert": kept.alert, "acknowledged_by": kept.acknowledged_by})


@alerts.command
def silence(design: str, match: str, /, *, lasts: str, why: str, options: Options = DEFAULTS) -> None:
    """Have nobody told for a while of an alert, or of all that begin alike.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    match
        An alert's name in the list, or its beginning and *, such as drift:*.
    lasts
        How long, such as 2h.
    why
        The reason.
    """
    from sevenfold.cli.monitor import moment
    from sevenfold.data.duration import duration_ms

    terminal = options.terminal()
    kept = _desk(design, options).silence(match, getpass.getuser(), why, duration_ms(lasts, "--lasts"))
    terminal.say(f"Silent until {moment(kept.until_ms)}: {kept.match}")
    terminal.result({"match": kept.match, "until_ms": kept.until_ms})


@alerts.command
def unsilence(design: str, match: str, /, *, why: str = "", options: Options = DEFAULTS) -> None:
    """End a silence.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    match
        What is silenced, as the list has it.
    why
        The reason.
    """
    terminal = options.terminal()
    _desk(design, options).unsilence(match, getpass.getuser(), why)
    terminal.say(f"No longer silent: {match}")
    terminal.result({"match": match})


def _desk(design: str, options: Options) -> AlertDesk:
    from sevenfold.design.load import load
    from sevenfold.design.watching import alert_desk

    return alert_desk(load(design), options.home)
