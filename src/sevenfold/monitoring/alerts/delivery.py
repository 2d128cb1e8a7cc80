"""Deliveries: each target is told of each change at least once, in groups, however long it was away.

The outbox is the log itself. A target has a cursor into it, which moves on only when the target has taken
what lies before; so nothing is lost while it is down, or while the monitor is, or when the store with the
cursors is full. At worst something is told twice, which its offset in the log gives away.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import msgspec

from sevenfold.errors import StateError
from sevenfold.monitoring.finding import SEVERITIES, worst
from sevenfold.monitoring.store import TargetState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.monitoring.alerts.book import Told
    from sevenfold.monitoring.alerts.declaration import GroupBy
    from sevenfold.monitoring.finding import Severity
    from sevenfold.monitoring.store import MonitorStore

__all__ = ["Delivery", "Group", "Target"]

_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 1_000, 300_000
_MOST_TOGETHER = 100
"""Changes in one delivery."""


class Group(msgspec.Struct, frozen=True):
    """What is told together.

    Attributes
    ----------
    id
        The same each time the same changes are told.
    design
        Of which design.
    by, value
        What the changes have in common: ``kind`` and ``drift``.
    severity
        The severest of them.
    changes
        They, in the order of the log.
    """

    id: str
    design: str
    by: GroupBy
    value: str
    severity: Severity
    changes: tuple[Told, ...]

    def body(self) -> bytes:
        """It as JSON, for a webhook."""
        changes = [
            {"offset": told.offset, **msgspec.to_builtins(told.change), "kind": told.change.kind}
            for told in self.changes
        ]
        told = {"id": self.id, "design": self.design, "group": {"by": self.by, "value": self.value}}
        return msgspec.json.encode({**told, "severity": self.severity, "changes": changes})


class Target(Protocol):
    """Somebody who is told.

    Attributes
    ----------
    name
        Under which its cursor is kept.
    least
        The mildest severity that it is told of.
    """

    name: str
    least: Severity

    def tell(self, group: Group, now_ms: int) -> str:
        """Tell it; returns what is wrong, or nothing where it took it."""
        ...


@dataclass
class Delivery:
    """Tells one target.

    Parameters
    ----------
    target
        It.
    store
        Where its cursor is kept.
    design, by, wait_ms
        Of what design; what is told together, and how long it waits for more of the same.
    say
        Told what went wrong with the store.
    """

    target: Target
    store: MonitorStore
    design: str
    by: GroupBy
    wait_ms: int
    say: Callable[[str], None]
    state: TargetState = field(init=False)
    _waiting: dict[int, tuple[Told, int]] = field(init=False, default_factory=dict)
    _sent: set[int] = field(init=False)
    _failed: Group | None = field(init=False, default=None)
    """What the target did not take: it is told the same again, under the same id, before anything else."""
    _next_ms: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        known = self.store.targets().get(self.target.name)
        self.state = known or TargetState(self.target.name)
        self._sent = {int(offset) for offset in self.state.sent.split(",") if offset}

    @property
    def pending(self) -> int:
        """How many changes the target has not been told of."""
        return len(self._waiting)

    def add(self, tellings: Sequence[Told], now_ms: int) -> None:
        """Take changes to tell; those it was told of already, or never is, are left out."""
        least = SEVERITIES.index(self.target.least)
        for told in tellings:
            if told.offset < self.state.cursor or told.offset in self._sent or told.silenced:
                continue
            if SEVERITIES.index(told.change.severity) >= least:
                self._waiting[told.offset] = (told, now_ms)

    def pump(self, now_ms: int, *, end: int, at_once: bool = False) -> int:
        """Tell what has waited long enough; returns how many changes were told.

        Parameters
        ----------
        now_ms
            The time on the wall, in epoch milliseconds.
        end
            The offset behind the newest change of the log that was added.
        at_once
            Wait neither for more of a group nor for the end of a pause.
        """
        if now_ms < self._next_ms and not at_once:
            return 0
        told = 0
        for group in self._groups(now_ms, at_once=at_once):
            trouble = self.target.tell(group, now_ms)
            self._failed = group if trouble else None
            if trouble:
                attempts = self.state.attempts + 1
                self._keep(attempts=attempts, trouble=trouble)
                self._next_ms = now_ms + min(_FIRST_PAUSE_MS * 2 ** min(attempts - 1, 20), _LONGEST_PAUSE_MS)
                break
            offsets = [change.offset for change in group.changes]
            self._sent.update(offsets)
            for offset in offsets:
                del self._waiting[offset]
            told += len(offsets)
            self._keep(attempts=0, trouble="", delivered_ms=now_ms, end=end)
        if not self._waiting and self.state.cursor < end:
            self._keep(attempts=self.state.attempts, trouble=self.state.trouble, end=end)
        return told

    def _groups(self, now_ms: int, *, at_once: bool) -> list[Group]:
        """Part what waits into groups, the oldest first; one goes when its first has waited long enough."""
        parted: dict[str, list[tuple[Told, int]]] = {}
        failed = self._failed
        held = set() if failed is None else {told.offset for told in failed.changes}
        for told, came_ms in self._waiting.values():
            if told.offset in held:
                continue
            parted.setdefault(str(getattr(told.change, self.by)), []).append((told, came_ms))
        groups = []
        for value, members in parted.items():
            if not at_once and now_ms - members[0][1] < self.wait_ms:
                continue
            changes = iter([told for told, _ in members])
            while part := tuple(islice(changes, _MOST_TOGETHER)):
                groups.append(self._group(value, part))
        groups.sort(key=lambda group: group.changes[0].offset)
        return groups if failed is None else [failed, *groups]

    def _group(self, value: str, part: tuple[Told, ...]) -> Group:
        offsets = ",".join(str(told.offset) for told in part)
        id_ = hashlib.blake2b(f"{self.design}/{self.target.name}/{offsets}".encode(), digest_size=12)
        severity = worst([told.change.severity for told in part])
        return Group(id_.hexdigest(), self.design, self.by, value, severity, part)

    def _keep(
        self, *, attempts: int, trouble: str, delivered_ms: int | None = None, end: int | None = None
    ) -> None:
        """Note how far the target was told; where that can't be kept, it is told again after a restart."""
        cursor = self.state.cursor
        if end is not None:
            cursor = max(cursor, min(self._waiting, default=end))
            self._sent = {offset for offset in self._sent if offset >= cursor}
        sent = ",".join(map(str, sorted(self._sent)))
        told_ms = self.state.delivered_ms if delivered_ms is None else delivered_ms
        self.state = TargetState(self.target.name, cursor, sent, attempts, trouble, told_ms)
        try:
            self.store.keep_target(self.state)
        except StateError as error:
            self.say(str(error))
