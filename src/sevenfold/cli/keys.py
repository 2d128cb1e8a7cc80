"""``sevenfold keys``: who may call the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from sevenfold.cli.duration import seconds
from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.trust.key_file import KeyFile
    from sevenfold.trust.keys import Key

__all__ = ["create", "keys", "list_", "revoke", "rotate"]

Scope = Literal["decide", "ingest", "read", "review", "admin"]

keys = App(
    name="keys",
    help="Make, list, rotate and revoke the keys of the service, which notices within a second.",
    help_format="plaintext",
    result_action="return_value",
)


@keys.command
def create(
    *,
    name: str,
    scope: Annotated[list[Scope], Parameter(negative="")],
    expires: str | None = None,
    per_second: float | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Make a key and print it, once, as the last line.

    Only a digest of it is kept, so that nobody can show it again.

    Parameters
    ----------
    name
        Who will hold it: letters, digits, dots, dashes and underscores.
    scope
        What it opens: decide, ingest, read, or admin, which is all of it;
        give the option once for each.
    expires
        How long it is good for, such as 90d; by default until it is revoked.
    per_second
        How many payments a second it may send; by default as many as there is
        room for.
    """
    key, record = _file(options).create(
        name, scope, lasts=seconds(expires, "--expires"), per_second=per_second
    )
    _tell(options, key, record, [])


@keys.command(name="list")
def list_(*, options: Options = DEFAULTS) -> None:
    """List the keys: their names, scopes and states. The keys themselves are not known here."""
    file, terminal = _file(options), options.terminal()
    records = file.read()
    now = file.clock()
    terminal.table(
        ["id", "name", "scopes", "per second", "made", "expires", "state"],
        [
            (
                key.id,
                key.name,
                " ".join(key.scopes),
                "no limit" if key.per_second is None else f"{key.per_second:g}",
                _when(key.created),
                _when(key.expires),
                key.state(now),
            )
            for key in records
        ],
    )
    terminal.result({"keys": [_public(key, now) for key in records]})


@keys.command
def rotate(key: str, /, *, overlap: str = "24h", options: Options = DEFAULTS) -> None:
    """Make the next key of a name and print it, once, as the last line.

    It opens the same. The keys before it stay good for a while, so that nothing
    stops while the new one is put in their place.

    Parameters
    ----------
    key
        The name or the id of an active key.
    overlap
        How long the keys before it stay good.
    """
    lasting = seconds(overlap, "--overlap") or 0.0
    new, record, before = _file(options).rotate(key, overlap=lasting)
    _tell(options, new, record, before)


@keys.command
def revoke(key: str, /, *, options: Options = DEFAULTS) -> None:
    """Take keys back at once.

    Parameters
    ----------
    key
        A name, for all its keys, or the id of one.
    """
    file, terminal = _file(options), options.terminal()
    taken = file.revoke(key)
    for record in taken:
        terminal.say(f"Revoked {record.id} ({record.name})")
    terminal.result({"revoked": [_public(record, file.clock()) for record in taken]})


def _file(options: Options) -> KeyFile:
    from sevenfold.design.doors import key_file

    return key_file(options.home)


def _tell(options: Options, key: str, record: Key, before: Sequence[Key]) -> None:
    terminal = options.terminal()
    terminal.say(
        f"Key {record.id} for {record.name}: {', '.join(record.scopes)}. Expires: {_when(record.expires)}."
    )
    for other in before:
        terminal.say(f"Key {other.id} stays good until {_when(other.expires)}.")
    terminal.say("Keep it now; it is not shown again:")
    if options.json:
        terminal.result(
            {"key": key, **_public(record, record.created), "before": [other.id for other in before]}
        )
    else:
        terminal.say(key)


def _public(key: Key, now: float) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "per_second": key.per_second,
        "created": _when(key.created),
        "expires": None if key.expires is None else _when(key.expires),
        "state": key.state(now),
    }


def _when(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
