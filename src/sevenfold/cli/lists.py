"""``sevenfold lists``: entities that are always denied, always allowed, or watched."""

from __future__ import annotations

import getpass
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from sevenfold.cli.duration import seconds
from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.serving.lists import ListEntry

__all__ = ["add", "lists", "remove", "show"]

ListName = Literal["deny", "allow", "watch"]

lists = App(
    name="lists",
    help="Keep lists of entities: denied, allowed and watched, each with its reason and expiry.",
    help_format="plaintext",
    result_action="return_value",
)


@lists.command
def add(
    design: str,
    list_: ListName,
    kind: str,
    entity: str,
    /,
    *,
    reason: str,
    expires: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Put an entity on a list; a running service takes it up by itself.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    list_
        deny blocks, allow approves, watch asks for a review at least.
    kind
        The type of entity, such as card or merchant.
    entity
        Which one; a raw card number is refused.
    reason
        Why, for those who see the decision.
    expires
        After how long it counts no more, such as 90d; by default never.
    """
    lasting = seconds(expires, "--expires")
    until = None if lasting is None else time.time_ns() // 1_000_000 + int(lasting * 1000)
    _change(design, options, list_, kind, entity, reason, until, listed=True)


@lists.command
def remove(
    design: str,
    list_: ListName,
    kind: str,
    entity: str,
    /,
    *,
    reason: str,
    options: Options = DEFAULTS,
) -> None:
    """Take an entity off a list; that it was on it stays in the log.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    list_
        deny, allow or watch.
    kind
        The type of entity, such as card or merchant.
    entity
        Which one.
    reason
        Why.
    """
    _change(design, options, list_, kind, entity, reason, None, listed=False)


@lists.command
def show(design: str, list_: ListName | None = None, /, *, options: Options = DEFAULTS) -> None:
    """Show who is on the lists now.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    list_
        deny, allow or watch; by default all of them.
    """
    desk, terminal = _desk(design, options), options.terminal()
    found = list(desk.lists().current(time.time_ns() // 1_000_000, list_))
    terminal.table(
        ["list", "kind", "entity", "reason", "by", "expires"],
        [
            (entry.list, entry.kind, entry.entity, entry.reason, entry.author, _when(entry.expires_at))
            for entry in found
        ],
    )
    terminal.result({"entries": [entry.to_json() for entry in found]})


def _change(
    design: str,
    options: Options,
    list_: ListName,
    kind: str,
    entity: str,
    reason: str,
    until: int | None,
    *,
    listed: bool,
) -> None:
    from sevenfold.serving.lists import ListEntry

    desk, terminal = _desk(design, options), options.terminal()
    who = getpass.getuser()
    kept = desk.change_list(ListEntry(list_, kind, entity, reason, who, until, listed=listed))
    terminal.say(_sentence(kept))
    terminal.result({"entry": kept.to_json()})


def _sentence(entry: ListEntry) -> str:
    if not entry.listed:
        return f"The {entry.kind} {entry.entity} is off the {entry.list} list."
    until = "" if entry.expires_at is None else f" until {_when(entry.expires_at)}"
    return f"The {entry.kind} {entry.entity} is on the {entry.list} list{until}."


def _when(moment: int | None) -> str:
    if moment is None:
        return "never"
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(sep=" ", timespec="minutes")[:16]


def _desk(design: str, options: Options) -> PolicyDesk:
    from sevenfold.design.load import load
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.design.workspace import Workspace

    workspace = Workspace(load(design), options.home)
    return PolicyDesk(workspace.design, workspace.home)
