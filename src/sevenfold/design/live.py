"""The end of the main job: a home for a service that has not seen the newest payments, which then come in.

They are later than all that the model learned from, so that what is decided of them is what would have been.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold.data.log import NewEntry
from sevenfold.design.home import Home
from sevenfold.features.backfill import OFFSET
from sevenfold.serving.replay.calls import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.replay.run import Call

__all__ = ["Live", "prepare"]

_BATCH = 50_000


@dataclass(frozen=True, eq=False)
class Live:
    """What a service starts from, and what then comes in.

    Parameters
    ----------
    root
        The home folder of the service.
    calls
        The requests, in order.
    reported
        By request: the amount in major units where the payment was later reported as fraud, else `None`.
    """

    root: Path
    calls: Sequence[Call]
    reported: Sequence[float | None]

    def caught(self, actions: Sequence[str]) -> dict[str, Any]:
        """Tell what became of those that were reported later.

        Parameters
        ----------
        actions
            By request; empty where there is none.
        """
        told = [
            (amount, action in ("block", "review"))
            for amount, action in zip(self.reported, actions, strict=True)
            if amount is not None and action
        ]
        return {
            "reported": len(told),
            "stopped": sum(stopped for _, stopped in told),
            "reported_money": round(sum(amount for amount, _ in told), 2),
            "stopped_money": round(sum(amount for amount, stopped in told if stopped), 2),
        }


def prepare(
    workspace: Workspace,
    bundle: str,
    root: Path,
    newest: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Live:
    """Lay out a home as it was before the newest decided events, and give those as requests.

    Parameters
    ----------
    workspace
        The design in its home, with events and a model.
    bundle
        The id of the model.
    root
        The home folder to make; what is there is replaced.
    newest
        How many of the newest decided events come in; at most a tenth of them.
    progress
        Told how many entries are written, of how many.
    """
    design = workspace.design
    tables = workspace.history()
    decided = tables[design.decides]
    kept = max(decided.height - newest, decided.height - decided.height // 10)
    first = int(decided[OFFSET].sort()[kept]) if kept < decided.height else int(decided[OFFSET].max()) + 1  # type: ignore[arg-type]
    shutil.rmtree(root, ignore_errors=True)
    home = Home(root, design.name)
    _copy_log(workspace, home, first, progress)
    shutil.copytree(workspace.home.bundles / bundle, home.bundles / bundle)
    shutil.copy(workspace.home.bundles / "current.json", home.bundles / "current.json")
    # What people said while the service decided is not sent again: only the design's own events are.
    later = {name: tables[name].filter(pl.col(OFFSET) >= first).sort(OFFSET) for name in design.events}
    calls = calls_of(design.events, design.decides, later)
    return Live(root, calls, _reported(workspace, later, calls))


def _copy_log(workspace: Workspace, home: Home, end: int, progress: Callable[[int, int], None]) -> None:
    """Write what a log holds up to an offset to another; decisions and the like are left out."""
    events = workspace.design.events
    batch: list[NewEntry] = []
    with workspace.home.open_log() as old, home.open_log() as new:
        for entry in old.read(0, end):
            if entry.event in events:
                batch.append(NewEntry(entry.event, entry.key, entry.time_ms, entry.body, entry.arrived_ms))
            if len(batch) == _BATCH:
                new.append(batch)
                progress(entry.offset, end)
                batch = []
        new.append(batch)


def _reported(
    workspace: Workspace, later: dict[str, pl.DataFrame], calls: Sequence[Call]
) -> list[float | None]:
    """Give the amounts of the requests whose events are reported among the later ones."""
    import msgspec

    design = workspace.design
    label = workspace.label
    marked = set(later[label.event.__name__][label.key].cast(pl.String).to_list())
    key = design.events[design.decides].__key__
    return [
        call.amount
        if call.path == "/v1/decisions" and str(msgspec.json.decode(call.body)[key]) in marked
        else None
        for call in calls
    ]
