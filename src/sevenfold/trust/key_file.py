"""Where the records of keys are kept: one small file in the home folder, readable by its owner alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from sevenfold.data.durable import alone, replacing
from sevenfold.errors import Fault, StateError, UsageError
from sevenfold.trust.keys import Key, issue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.serving.authentication import Scope

__all__ = ["KeyFile"]

_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The file of keys; none is made by asking for it.

    Parameters
    ----------
    path
        ``keys.json`` in the home folder. No design's folder can have that name.
    clock
        Epoch seconds.
    """

    path: Path
    clock: Callable[[], float] = time.time

    def version(self) -> object:
        """Tell one state of the file from another; ``None`` where there is none."""
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return None
        return about.st_ino, about.st_mtime_ns, about.st_size

    def read(self) -> list[Key]:
        """Return all records, the oldest first.

        Raises
        ------
        StateError
            The file is damaged. Then no key is good, rather than any.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[Key])
        except FileNotFoundError:
            return []
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            hint = "Restore it, or remove it and create the keys anew"
            fault = Fault(str(self.path), "records of keys", "other text", hint)
            raise StateError("The file of keys is damaged", [fault]) from error

    def create(
        self,
        name: str,
        scopes: Sequence[Scope],
        *,
        lasts: float | None = None,
        per_second: float | None = None,
    ) -> tuple[str, Key]:
        """Make a key and keep its record; returns the key itself, too, which is kept nowhere.

        Raises
        ------
        UsageError
            A key of that name is active, or something is wrong with what is asked for.
        """
        now = self.clock()
        key, record = issue(name, scopes, now=now, lasts=lasts, per_second=per_second)
        with alone(self.path.parent):
            records = self.read()
            if any(known.name == name and known.state(now) == "active" for known in records):
                hint = (
                    f"`sevenfold keys rotate {name}` makes the next, `sevenfold keys revoke {name}` ends it"
                )
                raise UsageError(
                    "This key cannot be made.",
                    [Fault("--name", "a new name", f"{name}, which has an active key", hint)],
                )
            self._write([*records, record])
        return key, record

    def rotate(self, which: str, *, overlap: float) -> tuple[str, Key, list[Key]]:
        """Make the next key of a name, for the same; those before it stay good for a while.

        Parameters
        ----------
        which
            The name or the id of an active key.
        overlap
            Seconds that the keys before it stay good, unless they expire sooner.

        Returns
        -------
        The new key itself, its record, and the records of those that it takes over from.

        Raises
        ------
        UsageError
            There is no active key of that name or id.
        """
        if not overlap >= 0:
            raise UsageError(
                "This key cannot be rotated.", [Fault("--overlap", "a time from now", f"{overlap:g} s")]
            )
        now = self.clock()
        with alone(self.path.parent):
            records = self.read()
            before = _active(records, which, now)
            newest = before[-1]
            lasts = None if newest.expires is None else newest.expires - newest.created
            key, record = issue(
                newest.name, newest.scopes, now=now, lasts=lasts, per_second=newest.per_second
            )
            ends = now + overlap
            ended = {
                known.id: msgspec.structs.replace(
                    known, expires=ends if known.expires is None else min(ends, known.expires)
                )
                for known in _active(records, newest.name, now)
            }
            self._write([*(ended.get(known.id, known) for known in records), record])
        return key, record, list(ended.values())

    def revoke(self, which: str) -> list[Key]:
        """Take back the active keys of a name, or the one of an id; a running service knows within a second.

        Raises
        ------
        UsageError
            There is no active key of that name or id.
        """
        now = self.clock()
        with alone(self.path.parent):
            records = self.read()
            taken = {
                known.id: msgspec.structs.replace(known, revoked=now)
                for known in _active(records, which, now)
            }
            self._write([taken.get(known.id, known) for known in records])
        return list(taken.values())

    def _write(self, records: Sequence[Key]) -> None:
        with replacing(self.path) as unfinished:
            unfinished.touch(_PRIVATE)
            unfinished.chmod(_PRIVATE)
            unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(records)) + b"\n")


def _active(records: Sequence[Key], which: str, now: float) -> list[Key]:
    active = [known for known in records if known.state(now) == "active"]
    found = [known for known in active if which in (known.id, known.name)]
    if not found:
        names = (
            ", ".join(dict.fromkeys(known.name for known in active))
            or "none: `sevenfold keys create` makes one"
        )
        raise UsageError(
            "There is no such key.",
            [Fault("KEY", "the name or id of an active key", repr(which), f"Active: {names}")],
        )
    return found
