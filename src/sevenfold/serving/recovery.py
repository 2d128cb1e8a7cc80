"""From the log to a running state: the newest sound snapshot, and the log's tail folded behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.body import read_table
from sevenfold.errors import StateError
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.features.snapshot import load_snapshot_with_note, save_snapshot
from sevenfold.features.state import FeatureState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.log import LogEntry
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.features.plan import Plan

__all__ = ["Recovered", "Snapshots", "recover", "replay"]

_EVENTS_A_PART = 100_000
_SUFFIX = ".state"


@dataclass
class Recovered:
    """A state and the offset up to which the log is folded into it.

    Attributes
    ----------
    state, offset
        Both.
    snapshot
        The snapshot that it began with.
    folded
        Entries that were folded again.
    damaged
        Snapshots that could not be used, and why.
    """

    state: FeatureState
    offset: int
    snapshot: Path | None = None
    folded: int = 0
    damaged: list[str] = field(default_factory=list)


class Snapshots:
    """The snapshots of one design, in a folder, named after the offsets that they stand for."""

    def __init__(self, folder: Path, plan: Plan, keep: int) -> None:
        self.folder, self._plan, self._keep = folder, plan, keep

    def paths(self) -> list[Path]:
        """All of them, the newest first."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"), reverse=True)

    def newest(self, end: int) -> Recovered:
        """Read the newest that is sound, of this plan and not ahead of the log; else an empty state."""
        damaged = []
        for path in self.paths():
            try:
                state, note = load_snapshot_with_note(path, self._plan)
            except StateError as error:
                damaged.append(str(error))
                continue
            if note["offset"] > end:
                damaged.append(f"{path} stands for offset {note['offset']}, behind the log's end at {end}")
                continue
            return Recovered(state, note["offset"], path, damaged=damaged)
        return Recovered(FeatureState(self._plan), 0, damaged=damaged)

    def save(self, state: FeatureState, offset: int) -> Path:
        """Write one and remove those that are no longer kept."""
        path = self.folder / f"{offset:020d}{_SUFFIX}"
        save_snapshot(path, state, {"offset": offset})
        for old in self.paths()[self._keep :]:
            old.unlink(missing_ok=True)
        return path


def recover(
    log: SqliteEventLog,
    snapshots: Snapshots,
    plan: Plan,
    events: Mapping[str, EventType],
    lateness: int | None,
    progress: Callable[[int, int], None] | None = None,
) -> Recovered:
    """Give the state that the log stands for.

    Raises
    ------
    LogError
        Where the log is damaged.
    """
    end = log.end()
    found = snapshots.newest(end)
    begin = found.offset
    part: list[LogEntry] = []
    for entry in log.read(begin):
        part.append(entry)
        if len(part) == _EVENTS_A_PART:
            replay(found.state, plan, events, part, lateness)
            part = []
            if progress is not None:
                progress(entry.offset + 1 - begin, end - begin)
    replay(found.state, plan, events, part, lateness)
    found.offset = end
    found.folded = end - begin
    return found


def replay(
    state: FeatureState,
    plan: Plan,
    events: Mapping[str, EventType],
    entries: Sequence[LogEntry],
    lateness: int | None,
) -> None:
    """Fold entries of the log in their order; what is no event of the plan is passed over."""
    bodies: dict[str, list[bytes]] = {}
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.event in plan.streams:
            bodies.setdefault(entry.event, []).append(entry.body)
            places.setdefault(entry.event, []).append(place)
    if not bodies:
        return
    frames = {name: read_table(events[name], bodies[name]) for name in bodies}
    order = None
    if len(frames) > 1:
        order = np.argsort(np.concatenate([np.array(places[name], np.int64) for name in frames]))
    fold_batch(state, make_batch(plan, events, frames, None, order, lateness, state), None, None, None)
