"""What a service is made of: the design's part, already put together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.log import LogEntry
    from sevenfold.data.sqlite_log import SqliteEventLog
    from sevenfold.features.plan import Plan
    from sevenfold.serving.declaration import Serving
    from sevenfold.serving.model import ServedModel
    from sevenfold.serving.reasons.explainer import Explainer
    from sevenfold.serving.rollout.routing import Resolved, Routing
    from sevenfold.serving.verdict import Judge

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """What a service is made of.

    Parameters
    ----------
    plan, events, decides, lateness
        The design's features, its events by name, the one that is decided, and how many milliseconds an
        entity's clock may lag.
    serving
        How it is served.
    log
        The event log, which the service closes in the end.
    snapshots
        The folder of snapshots.
    model
        What scores; `None` decides by rules alone.
    judge
        Makes the policy that goes with a model; called again whenever that is swapped or state is rebuilt.
    explain
        Makes what finds the reasons of a model's decisions.
    about
        The field of the entity whose earlier decisions say what is usual; `None` leaves that out.
    trouble
        Why there is no model, where there is none.
    snapshot_command
        What takes a snapshot in another process; without it a thread of this one does, at the cost of some
        slow decisions.
    clock_ms
        What tells the time.
    routing
        What other models than that of all decide; `None` for nothing.
    resolve
        Loads the models that the log's changes amount to, while the service runs; `None` keeps to those
        above.
    resolved
        How many of the log's changes those above amount to.
    shadow
        The bundle that begins in the shadow; `None` for none.
    shadow_command
        What scores a bundle in the shadow, in another process; `None` leaves that to others.
    unfit
        Told why a bundle in the shadow is not fit, so that its trial is stopped.
    """

    plan: Plan
    events: Mapping[str, EventType]
    decides: str
    lateness: int | None
    serving: Serving
    log: SqliteEventLog
    snapshots: Path
    model: ServedModel | None
    judge: Callable[[ServedModel | None], Judge]
    explain: Callable[[ServedModel], Explainer | None] | None = None
    about: str | None = None
    trouble: str = ""
    snapshot_command: Sequence[str] | None = None
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    routing: Routing | None = None
    resolve: Callable[[list[LogEntry]], Resolved] | None = None
    resolved: int = 0
    shadow: str | None = None
    shadow_command: Callable[[str], Sequence[str]] | None = None
    unfit: Callable[[str, str], None] = lambda _bundle, _why: None
