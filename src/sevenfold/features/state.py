"""The memory of a running design: one arena for all entities, and where each entity's share lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.fold import SCRATCH_SLOTS
from sevenfold.features.kernel.segment import CLASSES, FREE, TOP, gather_segments
from sevenfold.features.text import text_code
from sevenfold.features.texts import held_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sevenfold.features.plan import Plan

__all__ = ["FeatureState"]

_FIRST_WORD = 8
"""Words before the first segment, so that no segment begins at zero."""


class FeatureState:
    """Everything that folding changes.

    Attributes
    ----------
    plan
        What was compiled.
    spec
        The plan's specification with the widths that this state's totals have grown to.
    arena, farena
        All segments; two views, int64 and float64, of one memory.
    memory
        The allocator: top, free lists.
    offsets
        (series, slots): where an entity's segment begins, 0 where it has none.
    clocks
        (keys, slots): the newest time folded for the entity.
    slots
        For each key: the slot of an entity, or of a tuple of them.
    newest
        The newest time in the log so far.
    folded
        Events folded so far, by event name.
    texts
        Texts that features may give back, by hash.
    """

    def __init__(self, plan: Plan, words: int = 1 << 16, slots: int = 1 << 10) -> None:
        self.plan = plan
        self.spec = plan.specification.copy()
        self.memory = np.zeros(FREE + plan.series * CLASSES, np.int64)
        self.memory[TOP] = _FIRST_WORD
        self.offsets = np.zeros((max(plan.series, 1), slots), np.int64)
        self.clocks = np.full((max(len(plan.keys), 1), slots), w.NEVER, np.int64)
        self.slots: list[dict[str | tuple[str, ...], int]] = [{} for _ in plan.keys]
        self.next_slot = [SCRATCH_SLOTS for _ in plan.keys]
        self.free_slots: list[list[int]] = [[] for _ in plan.keys]
        self.newest = w.NEVER
        self.folded = dict.fromkeys(plan.streams, 0)
        self.texts = {text_code(text): text for text in plan.literals}
        self._set_arena(np.zeros(max(words, _FIRST_WORD), np.int64))
        self.work = self.scratch()

    def _set_arena(self, arena: NDArray[np.int64]) -> None:
        self.arena = arena
        self.farena = arena.view(np.float64)

    def scratch(self) -> NDArray[np.int64]:
        """Scratch memory for one thread of the kernel."""
        return np.zeros(self.plan.work + 12 * self._widest() + 64, np.int64)

    def _widest(self) -> int:
        limbs = 1
        for block in self.blocks():
            for column in self.columns(block):
                limbs = max(limbs, int(self.spec[column + w.C_LIMBS]))
        return limbs

    def blocks(self) -> list[int]:
        """Where each series' block begins in the specification."""
        table = int(self.spec[w.SERIES])
        return [int(at) for at in self.spec[table : table + self.plan.series]]

    def columns(self, block: int) -> list[int]:
        """Where the records of a block's columns begin."""
        first = block + int(self.spec[block + w.COLUMNS])
        return [first + i * w.COLUMN_WORDS for i in range(int(self.spec[block + w.N_COLUMNS]))]

    def ensure(self, words: int) -> None:
        """Have ``words`` free at the top of the arena; memory that is never touched costs nothing."""
        if self.arena.size - int(self.memory[TOP]) < words:
            self.grow_arena(int(self.memory[TOP]) + words)

    def grow_arena(self, words: int) -> None:
        """Make the arena at least ``words`` long, and half as long again as it was."""
        size = max(words, self.arena.size + self.arena.size // 2)
        arena = np.empty(size, np.int64)
        top = int(self.memory[TOP])
        arena[:top] = self.arena[:top]
        self._set_arena(arena)

    def grow_slots(self, slots: int) -> None:
        """Make room for ``slots`` entities of every key."""
        if slots <= self.offsets.shape[1]:
            return
        size = max(slots, 2 * self.offsets.shape[1])
        offsets = np.zeros((self.offsets.shape[0], size), np.int64)
        offsets[:, : self.offsets.shape[1]] = self.offsets
        self.offsets = offsets
        clocks = np.full((self.clocks.shape[0], size), w.NEVER, np.int64)
        clocks[:, : self.clocks.shape[1]] = self.clocks
        self.clocks = clocks

    def slot(self, key: int, entity: str | tuple[str, ...]) -> int:
        """The slot of an entity, a new one if it has none yet."""
        slots = self.slots[key]
        found = slots.get(entity)
        if found is None:
            if self.free_slots[key]:
                found = self.free_slots[key].pop()
            else:
                found = self.next_slot[key]
                self.next_slot[key] = found + 1
                self.grow_slots(found + 1)
            slots[entity] = found
        return found

    def slots_of(self, key: int, entities: Sequence[str | tuple[str, ...]]) -> list[int]:
        """The slots of many different entities: the same as `slot` of each in turn."""
        known, free = self.slots[key], self.free_slots[key]
        found = list(map(known.get, entities))
        new = [place for place, slot in enumerate(found) if slot is None]
        following = self.next_slot[key]
        for place in new:
            if free:
                slot = free.pop()
            else:
                slot = following
                following += 1
            found[place] = known[entities[place]] = slot
        self.next_slot[key] = following
        self.grow_slots(following)
        return cast("list[int]", found)

    def take(self, words: int) -> int:
        """Words from the top of the arena, which must be there."""
        top = int(self.memory[TOP])
        self.memory[TOP] = top + words
        return top

    def compact(self) -> None:
        """Move all segments together, so that nothing between them is lost or kept in vain."""
        arena = np.empty(max(int(self.memory[TOP]) + (int(self.memory[TOP]) >> 2), 1 << 16), np.int64)
        blocks = np.array(self.blocks(), np.int64)
        top = gather_segments(self.spec, blocks, self.offsets, self.arena, arena, _FIRST_WORD)
        self.memory[:] = 0
        self.memory[TOP] = top
        self._set_arena(arena)

    def forget_texts(self) -> None:
        """Keep the texts that some entity holds, and those of the features themselves."""
        used = self.arena[: int(self.memory[TOP])]
        self.texts = held_texts(self.texts, self.plan.literals, used)
