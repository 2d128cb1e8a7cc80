"""How much a state holds, and what it costs in memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.segment import TOP

if TYPE_CHECKING:
    from sevenfold.features.state import FeatureState

__all__ = ["StateStats", "measure_state"]


@dataclass(frozen=True, slots=True)
class StateStats:
    """Sizes of a feature state.

    Attributes
    ----------
    events
        Events folded, by name.
    entities
        Entities kept, by key (``card``, ``card × merchant``).
    live_events
        Rows held, over all series: one event is a row in each series that it belongs to. Expired rows are
        among them until their segment is next moved.
    bytes_used
        Arena bytes in segments, growth room included.
    bytes_free
        Arena bytes in segments given back and not taken again.
    bytes_index
        Bytes of the tables that find an entity's segment; an estimate for the names.
    """

    events: dict[str, int]
    entities: dict[str, int]
    live_events: int
    bytes_used: int
    bytes_free: int
    bytes_index: int

    @property
    def bytes_total(self) -> int:
        """All of it."""
        return self.bytes_used + self.bytes_free + self.bytes_index

    @property
    def bytes_per_entity(self) -> float:
        """Bytes for each entity kept, its rows included."""
        return self.bytes_total / max(sum(self.entities.values()), 1)

    @property
    def bytes_per_live_event(self) -> float:
        """Bytes for each live row."""
        return self.bytes_total / max(self.live_events, 1)

    def __str__(self) -> str:
        entities = ", ".join(f"{count:,} {name}" for name, count in self.entities.items())
        return (
            f"{sum(self.events.values()):,} events folded; {entities}; {self.live_events:,} live rows; "
            f"{self.bytes_total / 2**20:,.1f} MiB: {self.bytes_per_entity:,.0f} bytes an entity, "
            f"{self.bytes_per_live_event:,.0f} bytes a live row"
        )


def measure_state(state: FeatureState) -> StateStats:
    """Walk all segments and count."""
    used = live = 0
    for series, block in enumerate(state.blocks()):
        segments = state.offsets[series][state.offsets[series] > 0]
        rows = state.arena[segments + w.H_END] - state.arena[segments + w.H_START]
        capacity = state.arena[segments + w.H_CAPACITY]
        row = int(state.spec[block + w.ROW] + state.spec[block + w.EXTRA])
        live += int(rows.sum())
        used += 8 * int((int(state.spec[block + w.HEADER]) + capacity * row).sum())
    names = sum(sys.getsizeof(slots) + sum(map(_size, slots)) for slots in state.slots)
    index = state.offsets.nbytes + state.clocks.nbytes + names
    return StateStats(
        events=dict(state.folded),
        entities={" × ".join(key.entities): len(state.slots[key.number]) for key in state.plan.keys},
        live_events=live,
        bytes_used=used,
        bytes_free=8 * int(state.memory[TOP]) - used,
        bytes_index=int(np.int64(index)),
    )


def _size(entity: str | tuple[str, ...]) -> int:
    if isinstance(entity, str):
        return sys.getsizeof(entity)
    return sys.getsizeof(entity) + sum(map(sys.getsizeof, entity))
