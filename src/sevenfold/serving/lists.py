"""Lists of entities: denied, allowed or watched; each entry with its reason, author and expiry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from sevenfold.data.body import read_body
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Entity, Kind, Timestamp
from sevenfold.data.log import NewEntry, new_entry
from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.log import LogEntry

__all__ = ["LISTS", "ListChange", "ListEntry", "ListName", "Lists"]

ListName = Literal["deny", "allow", "watch"]
LISTS: tuple[ListName, ...] = get_args(ListName)


class ListChange(EventRecord, key="change_id", time="changed_at"):
    """One change of a list; the newest of each list, kind and entity counts."""

    change_id: str
    changed_at: Timestamp
    list: Category
    kind: Category
    entity: Entity
    version: int
    listed: bool
    reason: str
    author: str
    expires_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What is known of one entity on one list.

    Parameters
    ----------
    list
        ``deny``, ``allow`` or ``watch``.
    kind, entity
        The type of entity, such as ``card``, and which one.
    reason, author
        Why, and by whom.
    expires_at
        From when on it counts no more, in epoch milliseconds; `None` for never.
    listed
        Whether it was put on the list, or taken off.
    version
        Counts the changes of this entry from 1.
    changed_at
        When, in epoch milliseconds.
    """

    list: ListName
    kind: str
    entity: str
    reason: str = ""
    author: str = ""
    expires_at: int | None = None
    listed: bool = True
    version: int = 1
    changed_at: int = 0

    def counts_at(self, now_ms: int) -> bool:
        """Whether the entity is on the list at a moment."""
        return self.listed and (self.expires_at is None or now_ms < self.expires_at)

    def entry(self) -> NewEntry:
        """The log entry of this change.

        Raises
        ------
        DataError
            The entity is none that may be kept, such as a raw card number.
        """
        values = {
            "change_id": f"{self.list}:{self.kind}:{self.entity}@{self.version}",
            "changed_at": self.changed_at,
            "list": self.list,
            "kind": self.kind,
            "entity": self.entity,
            "version": self.version,
            "listed": self.listed,
            "reason": self.reason,
            "author": self.author,
            "expires_at": self.expires_at,
        }
        return new_entry(ListChange, ListChange.__convert__(values))

    @classmethod
    def of(cls, entry: LogEntry) -> ListEntry:
        """The change that a log entry holds."""
        (_, at, list_, kind, entity, version, listed, reason, author, expires) = read_body(
            ListChange, entry.body
        )
        return cls(list_, kind, entity, reason, author, expires, listed, version, at)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


@dataclass
class Lists:
    """All lists of a design: a fold over the log.

    Parameters
    ----------
    event
        The deciding event, whose entities are looked up.
    """

    event: EventType
    entries: dict[tuple[str, str, str], ListEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = [
            (position, declared.entity or name)
            for position, (name, declared) in enumerate(self.event.__fields__.items())
            if declared.kind is Kind.ENTITY
        ]
        self._by_kind: dict[str, dict[str, dict[str, ListEntry]]] = {}

    @property
    def kinds(self) -> list[str]:
        """The types of entities that the deciding event holds."""
        return list(dict.fromkeys(kind for _, kind in self._places))

    def update(self, entry: LogEntry) -> None:
        """Take note of an entry of the log; what is no change of a list is passed over."""
        if entry.event == ListChange.__name__:
            self.take(ListEntry.of(entry))

    def take(self, change: ListEntry) -> None:
        """Have the newest change of an entry count."""
        self.entries[change.list, change.kind, change.entity] = change
        listed = self._by_kind.setdefault(change.kind, {}).setdefault(change.entity, {})
        if change.listed:
            listed[change.list] = change
        else:
            listed.pop(change.list, None)

    def met(self, row: Sequence[Any], now_ms: int) -> tuple[str, ...]:
        """The lists that entities of an event stand on, as ``deny:card``; deny before allow before watch."""
        if not self._by_kind:
            return ()
        found = set()
        for position, kind in self._places:
            listed = self._by_kind.get(kind, {}).get(row[position])
            if listed:
                found |= {(list_, kind) for list_, entry in listed.items() if entry.counts_at(now_ms)}
        return tuple(f"{list_}:{kind}" for list_ in LISTS for kind in self.kinds if (list_, kind) in found)

    def met_by(self, rows: Sequence[Sequence[Any]], now_ms: int) -> list[tuple[str, ...]]:
        """As `met`, of many events."""
        if not any(listed for by_entity in self._by_kind.values() for listed in by_entity.values()):
            return [()] * len(rows)
        places = [
            (place, by_entity) for place, kind in self._places if (by_entity := self._by_kind.get(kind))
        ]
        return [
            self.met(row, now_ms) if any(row[place] in listed for place, listed in places) else ()
            for row in rows
        ]

    def next(self, change: ListEntry) -> ListEntry:
        """The change with its number.

        Raises
        ------
        DesignError
            With everything that is wrong: no such list or type of entity, no reason or author.
        """
        faults = []
        if change.list not in LISTS:
            faults.append(Fault("list", f"one of {', '.join(LISTS)}", repr(change.list)))
        if change.kind not in self.kinds:
            hint = f"{self.event.__name__} has: {', '.join(self.kinds) or 'none'}"
            faults.append(
                Fault("kind", f"a type of entity of {self.event.__name__}", repr(change.kind), hint)
            )
        faults += [
            Fault(what, "a few words", "nothing")
            for what, text in (
                ("entity", change.entity),
                ("reason", change.reason),
                ("author", change.author),
            )
            if not text.strip()
        ]
        if faults:
            raise DesignError("The list cannot be changed like this", faults)
        before = self.entries.get((change.list, change.kind, change.entity))
        return replace(change, version=1 if before is None else before.version + 1)

    def current(self, now_ms: int, list_: str | None = None) -> Iterable[ListEntry]:
        """The entries that count at a moment, of one list or all, in the order in which they came."""
        return [
            entry
            for entry in self.entries.values()
            if entry.counts_at(now_ms) and list_ in (None, entry.list)
        ]
