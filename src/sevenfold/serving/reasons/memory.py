"""What an entity's earlier decisions were like, kept in memory for the entities of late."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["Memory"]

T = TypeVar("T")


class Memory(Generic[T]):
    """The latest decisions of the entities that were decided about latest.

    Bounded in both directions, so that its size does not grow with the log: with the defaults and records of
    a kilobyte, 80 MB at most. What was forgotten is merely not said to be usual.

    Parameters
    ----------
    entities
        How many are remembered, at most.
    decisions
        How many of each, at most.

    Examples
    --------
    >>> memory = Memory[str](entities=2, decisions=2)
    >>> for entity, decision in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3"), ("c", "c1")]:
    ...     memory.add(entity, decision)
    >>> list(memory.of("a")), list(memory.of("b"))
    (['a2', 'a3'], [])
    """

    def __init__(self, entities: int = 10_000, decisions: int = 8) -> None:
        self._entities, self._decisions = entities, decisions
        self._known: OrderedDict[str, deque[T]] = OrderedDict()

    def add(self, entity: str | None, decision: T) -> None:
        """Remember a decision; one about nobody is not."""
        if entity is None:
            return
        known = self._known.get(entity)
        if known is None:
            known = self._known[entity] = deque(maxlen=self._decisions)
            if len(self._known) > self._entities:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(entity)
        known.append(decision)

    def add_many(
        self, entities: Sequence[str | None], decisions: Sequence[T], wanted: Collection[int]
    ) -> dict[int, tuple[T, ...]]:
        """As `add` of each in order; what was remembered before those at some places, by place."""
        add, found = self.add, {}
        for place, (entity, decision) in enumerate(zip(entities, decisions, strict=True)):
            if place in wanted:
                found[place] = tuple(self.of(entity))
            add(entity, decision)
        return found

    def of(self, entity: str | None) -> Iterator[T]:
        """Yield what is remembered of an entity, the oldest first."""
        yield from self._known.get(entity, ()) if entity is not None else ()

    def forget(self, entity: str) -> None:
        """Forget an entity, as somebody who is erased has to be."""
        self._known.pop(entity, None)

    def __len__(self) -> int:
        return len(self._known)
