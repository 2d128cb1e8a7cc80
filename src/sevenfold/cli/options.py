"""The options that every command takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from sevenfold.cli.terminal import Terminal

__all__ = ["DEFAULTS", "SWITCHES", "VALUED", "Options"]

_GROUP = Group("Options of every command", sort_key=99)

VALUED = frozenset({"--home"})
"""Options of every command that take a value."""

SWITCHES = frozenset({"--json", "--debug"})
"""Options of every command that take none."""


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes.

    Parameters
    ----------
    home
        The folder that holds all state: event logs, lakes, bundles, runs.
    json
        Print one line of JSON on stdout, for scripts; everything for people goes to stderr.
    debug
        Show the traceback of an error.
    """

    home: Annotated[Path, Parameter(env_var="SEVENFOLD_HOME")] = Path(".sevenfold")
    json: Annotated[bool, Parameter(negative="")] = False
    debug: Annotated[bool, Parameter(negative="")] = False

    def terminal(self) -> Terminal:
        """How the command speaks to whoever called it."""
        return Terminal(json=self.json)


DEFAULTS = Options()
