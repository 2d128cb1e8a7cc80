"""Snapshots of feature state, so that a start need not fold the whole log.

A snapshot says for which offset of the log it stands, and the seal of the entry before that offset: one that
belongs to another log, or to entries that never became durable, is told from a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.data.durable import UNFINISHED
from sevenfold.errors import StateError
from sevenfold.features.snapshot import load_snapshot_with_note, save_snapshot
from sevenfold.features.state import FeatureState
from sevenfold.serving.recovery import Recovered

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.features.plan import Plan

__all__ = ["Snapshots"]

_SUFFIX = ".state"


class Snapshots:
    """The snapshots of one design, in a folder, named after the offsets that they stand for.

    Parameters
    ----------
    folder
        Where they are; made with the first one.
    plan
        That of the design: snapshots of another are passed over.
    keep
        How many stay.
    """

    def __init__(self, folder: Path, plan: Plan, keep: int) -> None:
        self.folder, self.plan, self._keep = folder, plan, keep

    def paths(self) -> list[Path]:
        """All of them, the newest first."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"), reverse=True)

    def offset(self) -> int:
        """The offset of the newest, whether it is sound or not; 0 where there is none."""
        paths = self.paths()
        return int(paths[0].stem) if paths else 0

    def newest(self, log: SqliteEventLog, end: int) -> Recovered:
        """Read the newest that is sound, of this plan and of this log; else an empty state."""
        unusable = []
        for path in self.paths():
            try:
                state, note = load_snapshot_with_note(path, self.plan)
            except StateError as error:
                unusable.append(str(error))
                continue
            offset, seal = int(note["offset"]), bytes.fromhex(note["seal"])
            if offset > end or (offset and log.seal_at(offset - 1) != seal):
                unusable.append(f"{path} stands for offset {offset} of another log")
                continue
            reviews = {int(day): int(count) for day, count in note["reviews"].items()}
            return Recovered(state, offset, seal, reviews, path, unusable=unusable)
        return Recovered(FeatureState(self.plan), unusable=unusable)

    def save(self, found: Recovered, elsewhere: Path | None = None) -> Path:
        """Write one, and remove those that are no longer kept; or write it elsewhere, and remove none."""
        path = elsewhere or self.folder / f"{found.offset:020d}{_SUFFIX}"
        note = {
            "offset": found.offset,
            "seal": found.seal.hex(),
            "reviews": {str(day): count for day, count in found.reviews.items()},
        }
        if elsewhere is not None:
            save_snapshot(path, found.state, note)
            return path
        for left in self.folder.glob(f"*{UNFINISHED}"):  # by a process that was stopped
            left.unlink(missing_ok=True)
        save_snapshot(path, found.state, note)
        for old in self.paths()[self._keep :]:
            old.unlink(missing_ok=True)
        return path
