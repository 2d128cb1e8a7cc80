"""One event at a time: fold it and know its features, or ask what they would be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError
from sevenfold.features.relocation import erase, evict, pack, unpack
from sevenfold.features.snapshot import save_snapshot
from sevenfold.features.state import FeatureState
from sevenfold.features.stats import StateStats, measure_state
from sevenfold.features.taker import Features, Taker
from sevenfold.features.text import text_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.plan import Plan

__all__ = ["FeatureEngine"]

_REMEMBERED_TEXTS = 1 << 16
_EVICT_EVERY = 10_000


class FeatureEngine:
    """Folds events and answers questions over one `FeatureState`; for one thread at a time.

    Parameters
    ----------
    plan, events
        What was compiled, and the events that it reads, by name.
    state
        Where to go on from; empty by default.
    lateness
        Milliseconds that an entity's clock may lag behind the newest event; `None` for any.
    """

    def __init__(
        self,
        plan: Plan,
        events: Mapping[str, EventType],
        state: FeatureState | None = None,
        lateness: int | None = None,
    ) -> None:
        self.plan = plan
        self.state = state if state is not None else FeatureState(plan)
        self.lateness = lateness
        self._takers = {
            name: Taker(plan, event, self) for name, event in events.items() if name in plan.streams
        }
        self._most_texts = _REMEMBERED_TEXTS
        self.codes: dict[str, int] = {}  # hashes of texts that came of late
        self._until_eviction = _EVICT_EVERY

    def observe(self, event: str, values: Mapping[str, object]) -> Features:
        """Fold one event and give its features: equal, bit for bit, to a backfill of the same log.

        Raises
        ------
        DataError
            With all faults of the event; nothing is folded then.
        UsageError
            When the design has no such event.
        """
        taker = self._taker(event)
        return taker.take(taker.event.__convert__(values), store=True)

    def observe_physical(self, event: str, row: Sequence[Any]) -> Features:
        """Fold one event given as physical values in the order of its fields, which are not checked again."""
        return self._taker(event).take(row, store=True)

    def observe_words(self, event: str, row: Sequence[Any]) -> NDArray[np.int64]:
        """Fold one event given as physical values, and give its features as `Taker.take_words` does."""
        return self._taker(event).take_words(row)

    def read(self, event: str, rows: Sequence[Mapping[str, object]]) -> list[Features]:
        """The features that events would have now, each asked by itself; nothing is folded.

        Raises
        ------
        DataError
            With all faults of an event.
        """
        taker = self._taker(event)
        converted = [taker.event.__convert__(row) for row in rows]
        return [taker.take(row, store=False) for row in converted]

    def snapshot(self, path: Path | str, note: dict[str, Any] | None = None) -> None:
        """Write the state to a file, whole or not at all; `Design.engine` goes on from it."""
        save_snapshot(Path(path), self.state, note)

    def pack(self, *kinds: str, entity: str | tuple[str, ...]) -> bytes | None:
        """The state of one entity as bytes, or `None` when nothing is kept of it.

        ``engine.pack("card", entity="c1")``; with several types, a tuple in their alphabetical order.
        """
        return pack(self.state, kinds, entity)

    def unpack(self, content: bytes) -> None:
        """Put a packed entity in, in place of what was kept of it."""
        unpack(self.state, content)

    def erase(self, *kinds: str, entity: str | tuple[str, ...]) -> bool:
        """Forget one entity under one key, and texts that it alone held; whether anything was kept of it."""
        found = erase(self.state, kinds, entity)
        self.state.forget_texts()
        self.codes.clear()
        return found

    def evict(self) -> int:
        """Free entities that no window can see again; how many. As events come it happens by itself."""
        return evict(self.state, self.lateness)

    def stats(self) -> StateStats:
        """What the state holds and what it takes."""
        return measure_state(self.state)

    def clean_up(self) -> None:
        """Evict now and then: each time as many events have been folded as there are entities."""
        self._until_eviction -= 1
        if self._until_eviction <= 0:
            self.evict()
            self._until_eviction = max(_EVICT_EVERY, sum(len(slots) for slots in self.state.slots))
            if len(self.state.texts) > self._most_texts:
                self.state.forget_texts()
                self._most_texts = max(_REMEMBERED_TEXTS, 2 * len(self.state.texts))

    def _taker(self, event: str) -> Taker:
        if event not in self._takers:
            known = ", ".join(self._takers)
            raise UsageError("There is no such event", [Fault("event", f"one of {known}", repr(event))])
        return self._takers[event]

    def code(self, text: str, *, output: bool) -> int:
        """The hash of a text, remembered as it may come again; the text too where a feature gives it back."""
        code = self.codes.get(text)
        if code is None:
            code = text_code(text)
            if len(self.codes) >= _REMEMBERED_TEXTS:
                self.codes.clear()
            self.codes[text] = code
        if output:
            self.state.texts[code] = text
        return code
