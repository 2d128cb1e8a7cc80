"""One event through the kernel: its words, the slots of its entities, and the features that come back."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.fields import Kind
from sevenfold.errors import DataError, Fault
from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.event import (
    CODE_TABLES,
    FULL,
    RUN_WORDS,
    SCRATCH_PARTS,
    TOO_WIDE,
    take_event,
)
from sevenfold.features.kernel.segment import WANTED
from sevenfold.features.widths import widen_one
from sevenfold.features.words import LARGEST_WORD, amount_fault, word_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.engine import FeatureEngine
    from sevenfold.features.plan import Plan
    from sevenfold.features.state import FeatureState

__all__ = ["Features", "Taker"]

_TEXTS = (Kind.ENTITY, Kind.CATEGORY, Kind.TEXT)

Features = dict[str, float | int | str | None]
"""Values by the name of their column; `None` is null."""


class Taker:
    """Takes the events of one kind."""

    def __init__(self, plan: Plan, event: EventType, engine: FeatureEngine) -> None:
        self.event = event
        self._name = event.__name__
        self._engine = engine
        self._stream = plan.streams[self._name]
        self._asking = plan.asking[self._name]
        fields = list(event.__fields__)
        self._time = fields.index(event.__time__)
        self._words = self._word_makers(fields)
        self._slots = [
            (item.key, tuple(fields.index(field) for field in item.fields), item.source >= 0)
            for item in self._asking.items
        ]
        self._lookups = [
            (i, key, places[0] if len(places) == 1 else -1, places, folds)
            for i, (key, places, folds) in enumerate(self._slots)
        ]
        given_back = plan.text_fields
        self._texts = [
            position
            for position, _ in self._words
            if self.event.__fields__[fields[position]].kind in _TEXTS
            and (self._name, fields[position]) not in given_back
        ]
        self._made = [(position, make) for position, make in self._words if position not in self._texts]
        self._names = self._asking.names
        self._text_names = [name for name in self._names if name in self._asking.texts]
        whole = self._asking.counts | self._asking.texts
        self._unpack = struct.Struct(
            "=" + "".join("q" if name in whole else "d" for name in self._names)
        ).unpack
        self._lay_out(len(fields))

    def _word_makers(self, fields: list[str]) -> list[tuple[int, Callable[[Any, Sequence[Any]], int]]]:
        """For each field that a program reads: its position, and what turns its value to a word."""
        programs = (self._stream.program, self._asking.program)
        needed = sorted({int(position) for program in programs for position in program.fields[:, 0]})
        given_back = self._engine.plan.text_fields
        return [
            (
                position,
                word_maker(
                    self.event.__fields__[fields[position]],
                    fields,
                    partial(self._engine.code, output=(self._name, fields[position]) in given_back),
                ),
            )
            for position in needed
        ]

    def _lay_out(self, fields: int) -> None:
        """Write ``codes`` and ``scratch`` for the kernel."""
        plan, inputs, outputs = self._engine.plan, self._stream.program, self._asking.program
        items, lookups = self._asking.items, self._asking.lookups
        tables: list[NDArray[np.int64]] = [
            np.array([[item.key, item.source, item.lookup] for item in items], np.int64).reshape(-1, 3),
            inputs.instructions, inputs.constants, inputs.fields, inputs.fixed, inputs.stores,
            outputs.instructions, outputs.constants, outputs.fields, outputs.loads, outputs.fixed,
            outputs.stores,
            np.array([[one.key, one.number, one.slots] for one in lookups], np.int64).reshape(-1, 3),
        ]  # fmt: skip
        record = max((one.slots for one in lookups), default=1)
        count = max(len(items), 1)
        sizes = {
            "raw": fields,
            "words": max(self._stream.words, 1),
            "input_registers": inputs.registers * w.LANE,
            "output_registers": outputs.registers * w.LANE,
            "rec": record * count,
            "work": self._engine.state.work.size,
            "run": RUN_WORDS,
            "out": max(len(self._names), 1),
            "nulls": max(len(self._names), 1),
            "created": 2 * plan.series * count + 2,
        }
        parts = [sizes.get(part, max(count, len(lookups)) + 1) for part in SCRATCH_PARTS]
        head = 2 * len(CODE_TABLES) + len(SCRATCH_PARTS) + 1
        codes = np.zeros(head + sum(table.size for table in tables), np.int64)
        at = head
        for number, table in enumerate(tables):
            codes[2 * number], codes[2 * number + 1] = table.shape[0], at
            codes[at : at + table.size] = table.ravel()
            at += table.size
        ends = np.concatenate([[0], np.cumsum(parts)])
        codes[2 * len(CODE_TABLES) : head] = ends
        self._parts = {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(SCRATCH_PARTS)}
        self._work_size = self._engine.state.work.size
        self._scratch = np.zeros(int(ends[-1]), np.int64)
        self._scratch[self._parts["widths"]] = 1
        self._code_words = codes
        self._raw = self._scratch[self._parts["raw"]]
        self._item_slots = self._scratch[self._parts["slots"]]
        # The same memory: setting one element of a view takes half as long as of an array.
        self._raw_view, self._slots_view = self._raw.data, self._item_slots.data
        self._out = self._scratch[self._parts["out"]][: len(self._names)]

    def take(self, row: Sequence[Any], *, store: bool) -> Features:
        """Fold or ask one event given as physical values."""
        return self._features(nulls=self._take(row, store=store) > 0)

    def take_words(self, row: Sequence[Any]) -> NDArray[np.int64]:
        """Fold one event and give its features as the kernel has them, in the order of `Asking.names`.

        Returns
        -------
        NDArray[np.int64]
            Shape (features,): counts as they are, null as `layout.NULL_INT`; texts by hash; the bits of a
            float64 for all else, null as NaN. It is good until the next event.
        """
        self._take(row, store=True)
        return self._out

    def _take(self, row: Sequence[Any], *, store: bool) -> int:
        """Fold or ask one event, and say how many of its features are null."""
        engine = self._engine
        state = engine.state
        raw, codes = self._raw_view, engine.codes
        try:
            for position in self._texts:
                value = row[position]
                code = w.NULL_INT if value is None else codes.get(value)
                raw[position] = engine.code(value, output=False) if code is None else code
            for position, make in self._made:
                raw[position] = make(row[position], row)
        except (OverflowError, ValueError):  # the latter is the view's own
            raise DataError(f"The {self._name} is refused", self._too_large(row)) from None
        if store:
            self._find_slots(row, state)
        else:
            self._find_known_slots(row, state)
        time = row[self._time]
        newest = max(time, state.newest)
        floor = w.NEVER if engine.lateness is None else newest - engine.lateness
        while True:
            ended = take_event(
                self._code_words, self._scratch, state.spec, state.arena, state.memory, state.offsets,
                state.clocks, time, floor, store,
            )  # fmt: skip
            if ended >= 0:
                break
            self._make_fit(ended, state)
        if store:
            state.newest = newest
            state.folded[self._name] += 1
            engine.clean_up()
        return int(ended)

    def _too_large(self, row: Sequence[Any]) -> list[Fault]:
        """Amounts that the kernel's word does not hold."""
        fields = list(self.event.__fields__.values())
        return [
            amount_fault(f"{self._name}.{fields[position].name}", str(row[position]))
            for position, make in self._words
            if fields[position].kind is Kind.MONEY and abs(make(row[position], row)) > LARGEST_WORD
        ]

    def _make_fit(self, ended: int, state: FeatureState) -> None:
        """Enlarge what was too small; the kernel has changed nothing then."""
        if ended == FULL:
            state.grow_arena(int(state.memory[WANTED]))
        elif ended == TOO_WIDE:
            words = self._scratch[self._parts["words"]]
            widen_one(state, self._asking.items, words)
            if state.work.size > self._work_size:
                raw, slots = self._raw.copy(), self._item_slots.copy()
                self._lay_out(self._raw.size)
                self._raw[:], self._item_slots[:] = raw, slots

    def _find_slots(self, row: Sequence[Any], state: FeatureState) -> None:
        slots, known = self._slots_view, state.slots
        for i, key, field, fields, folds in self._lookups:
            entity = row[field] if field >= 0 else _entities(row, fields)
            if entity is None:
                slots[i] = -1
                continue
            found = known[key].get(entity, -1)
            slots[i] = state.slot(key, entity) if found < 0 and folds else found

    def _find_known_slots(self, row: Sequence[Any], state: FeatureState) -> None:
        """As `_find_slots`, with slots for the moment for entities that the state does not know."""
        unknown: dict[int, dict[object, int]] = {}
        slots = self._item_slots
        for i, (key, fields, _) in enumerate(self._slots):
            entity = row[fields[0]] if len(fields) == 1 else _entities(row, fields)
            found = -1 if entity is None else state.slots[key].get(entity)
            if found is None:
                of_key = unknown.setdefault(key, {})
                found = of_key.setdefault(entity, len(of_key))
            slots[i] = found

    def _features(self, *, nulls: bool) -> Features:
        values: Sequence[Any] = self._unpack(self._out.data)
        if nulls:
            values = [
                None if value != value or (value == w.NULL_INT and type(value) is int) else value
                for value in values
            ]
        found = dict(zip(self._names, values))  # noqa: B905  # the plan says how many; checking costs a tenth
        for name in self._text_names:
            code = found[name]
            found[name] = None if code is None else self._engine.state.texts.get(code)
        return found


def _entities(row: Sequence[Any], fields: tuple[int, ...]) -> tuple[str, ...] | None:
    entity = tuple([row[field] for field in fields])
    return None if None in entity else entity
