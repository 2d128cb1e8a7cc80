"""The profiles of all ingests, beside the log: what is usual, and what was found in each.

``<folder>/<Event>/000001.parquet`` is the profile of the first ingest of an event and ``000001.json`` what
was found in it; ``usual.parquet`` is all of them together, without what was broken. A file that cannot be
read is passed over and told: profiles advise, and no ingest may fail for want of one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.profile import load_profile
from sevenfold.data.quality import Finding, without_broken
from sevenfold.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.profile import Profile

__all__ = ["ProfileStore", "Record"]

_KEPT = 1000
_USUAL = "usual.parquet"


class Record(msgspec.Struct, frozen=True):
    """What is noted of one ingest of an event.

    Parameters
    ----------
    at
        When, RFC 3339.
    sources
        The files.
    findings
        What was not as before.
    accepted
        Fields of which the findings were accepted as what is usual from then on.
    """

    at: str
    sources: tuple[str, ...]
    findings: tuple[Finding, ...]
    accepted: tuple[str, ...] = ()

    @property
    def broken(self) -> list[Finding]:
        """Findings that keep what they are about from becoming usual."""
        return [one for one in self.findings if one.severity == "broken" and one.where not in self.accepted]


class ProfileStore:
    """The profiles of a design's events.

    Parameters
    ----------
    folder
        Made when there is something to keep.

    Attributes
    ----------
    notes
        What could not be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []

    def usual(self, event: str) -> Profile | None:
        """Give what is usual of an event; ``None`` where nothing is known."""
        path = self.folder / event / _USUAL
        return self._load(path) if path.is_file() else None

    def records(self, event: str) -> list[Record]:
        """Give what is noted of the ingests of an event, in their order."""
        return [record for _, record in self._records(event)]

    def add(self, profile: Profile, findings: Sequence[Finding], sources: Sequence[str]) -> None:
        """Keep the profile of an ingest, and let it become part of what is usual."""
        folder = self.folder / profile.event
        numbers = sorted(int(file.stem) for file in folder.glob("[0-9]*.json"))
        number = numbers[-1] + 1 if numbers else 1
        own = tuple(one for one in findings if one.where.partition(".")[0] == profile.event)
        record = Record(datetime.now(UTC).isoformat(timespec="seconds"), tuple(sources), own)
        usual, sound = self.usual(profile.event), without_broken(profile, record.broken)
        profile.save(folder / f"{number:06d}.parquet")
        self._write(folder / f"{number:06d}.json", record)
        (sound if usual is None else usual.merged(sound)).save(folder / _USUAL)
        for old in numbers[: max(0, len(numbers) + 1 - _KEPT)]:
            (folder / f"{old:06d}.json").unlink()
            (folder / f"{old:06d}.parquet").unlink(missing_ok=True)

    def accept(self, where: str) -> int:
        """Take what was found broken of a field, or of a whole event, as what is usual from then on.

        Parameters
        ----------
        where
            Such as ``Payment.country``.

        Returns
        -------
        int
            How many ingests it was found in.

        Raises
        ------
        UsageError
            Nothing was found broken there.
        """
        event = where.partition(".")[0]
        records = self._records(event)
        chosen = [path for path, record in records if any(one.where == where for one in record.broken)]
        if not chosen:
            named = sorted({one.where for _, record in records for one in record.broken})
            hint = f"Findings wait for: {', '.join(named)}" if named else "Nothing waits to be accepted"
            fault = Fault("--accept", "a field that was found broken", where, hint)
            raise UsageError("There is nothing to accept.", [fault])
        usual: Profile | None = None
        for path, record in records:
            kept = self._load(path.with_suffix(".parquet"))
            if path in chosen:
                record = msgspec.structs.replace(record, accepted=(*record.accepted, where))
                self._write(path, record)
            if kept is None:
                continue
            sound = without_broken(kept, record.broken)
            if where in record.accepted and usual is not None:
                usual = _without_field(usual, where)
            usual = sound if usual is None else usual.merged(sound)
        if usual is not None:
            usual.save(self.folder / event / _USUAL)
        return len(chosen)

    def _records(self, event: str) -> list[tuple[Path, Record]]:
        found = []
        for path in sorted((self.folder / event).glob("[0-9]*.json")):
            try:
                found.append((path, msgspec.json.decode(path.read_bytes(), type=Record)))
            except msgspec.MsgspecError as error:
                self.notes.append(f"{path} is damaged and is passed over: {error}")
        return found

    def _load(self, path: Path) -> Profile | None:
        try:
            return load_profile(path)
        except (DataError, OSError) as error:
            self.notes.append(f"{error}. It is passed over; delete it")
            return None

    def _write(self, path: Path, record: Record) -> None:
        with replacing(path) as unfinished:
            unfinished.write_bytes(msgspec.json.encode(record))


def _without_field(usual: Profile, where: str) -> Profile:
    """Forget what a field was before it changed for good."""
    _, _, field = where.partition(".")
    if not field:
        return usual
    kept = usual.cells.filter((pl.col("field") != field).fill_null(value=True))
    return replace(usual, cells=kept)
