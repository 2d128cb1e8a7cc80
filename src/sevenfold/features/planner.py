"""Compile declared features to a plan.

Every aggregate becomes an operation of a *series*: the events of one stream, by one key, under one condition
of presence. A null operand or an unmet ``where=`` keeps an event out of the series, so that inside a series
nothing is null and every window is a range of rows. Aggregates that differ only in window or function share
the series, those over the same operand its columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault
from sevenfold.features.answerable import lacks, unanswered, unlisted
from sevenfold.features.check import entity_types, field_of, key_types
from sevenfold.features.expression import Literal
from sevenfold.features.kernel import layout as w
from sevenfold.features.operation import Operation, operation_of, operation_text
from sevenfold.features.plan import Asking, Item, Key, Lookup, Plan, Stream
from sevenfold.features.presence import can_be_null, series_label
from sevenfold.features.program import Compiler, Register
from sevenfold.features.series import Series
from sevenfold.features.specification import Reading, plan_lines, specification
from sevenfold.features.texts import text_sources
from sevenfold.features.value import UNIT, ValueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.data.event import EventType
    from sevenfold.features.aggregate import Aggregate
    from sevenfold.features.declaration import FeatureSet

__all__ = ["compile_plan"]

_ALWAYS_TIME = ("since_last", "since_first")


def compile_plan(events: Sequence[EventType], features: FeatureSet) -> Plan:
    """Compile the features of a design over its events.

    Raises
    ------
    DesignError
        When features read events that the design does not list, or no event has the entities that all of them
        need.
    """
    if faults := unlisted(events, features):
        raise DesignError("Features read events that the design does not list", faults)
    if faults := unanswered(events, features):
        raise DesignError("No event can be asked for all features", faults)
    return _Planner(events, features).plan()


@dataclass
class _Input:
    """The input side of one event: its compiler and the rows of the input matrix."""

    event: EventType
    compiler: Compiler
    words: dict[int, int] = field(default_factory=dict)

    def word(self, register: Register) -> int:
        """The row of the input matrix that a register is stored in."""
        if register.number not in self.words:
            self.words[register.number] = len(self.words)
            self.compiler.store(register, self.words[register.number])
        return self.words[register.number]


class _Planner:
    def __init__(self, events: Sequence[EventType], features: FeatureSet) -> None:
        self._events = {event.__name__: event for event in events}
        self._features = features
        self._keys: dict[tuple[str, ...], Key] = {}
        self._sources: dict[tuple[str, int, tuple[str, ...]], int] = {}
        self._series: dict[tuple[int, object], Series] = {}
        self._inputs: dict[str, _Input] = {}
        self._readings: dict[tuple[int, str, tuple[str, ...]], Reading] = {}
        self._lookups: dict[int, int] = {}

    def plan(self) -> Plan:
        asking = {name: self._ask(event) for name, event in self._events.items()}
        streams = {name: self._stream(event) for name, event in self._events.items()}
        asking = {
            name: replace(asked, items=_joined(streams[name].items, asked)) for name, asked in asking.items()
        }
        series = sorted(self._series.values(), key=lambda one: one.number)
        keys = tuple(self._keys.values())
        texts = [
            source
            for name, type_ in self._features.types.items()
            if type_ is ValueType.TEXT
            for source in text_sources(self._features.resolved(name))
        ]
        return Plan(
            specification=specification(series, keys, self._readings.values()),
            keys=keys,
            streams=streams,
            asking=asking,
            finite=tuple(self._finite(key.number, series) for key in keys),
            series=len(series),
            work=max((one.scratch() for one in series), default=1) * w.LANE,
            text_fields=frozenset(source for source in texts if not isinstance(source, str)),
            literals=frozenset(source for source in texts if isinstance(source, str)),
            text=tuple(plan_lines(series, keys, self._sources, streams, asking)),
        )

    # What is asked of an event.

    def _ask(self, event: EventType) -> Asking:
        lookups: list[Reading] = []
        compiler = Compiler(event, lambda node: self._read(event, node, compiler, lookups))
        names = [name for name in self._features if not lacks(event, self._features.resolved(name), name)]
        texts = set()
        for position, name in enumerate(names):
            register = compiler.compile(self._features.resolved(name))
            if register.type is ValueType.TEXT:
                texts.add(name)
            elif not self._features.is_count(name):
                register = compiler.number(register)
            compiler.store(register, position)
        return Asking(
            names=tuple(names),
            program=compiler.program(),
            lookups=tuple(Lookup(one.key, one.number, one.fields, len(one.slots)) for one in lookups),
            items=(),  # joined with what the event folds once every event has been asked
            counts=frozenset(name for name in names if self._features.is_count(name)),
            texts=frozenset(texts),
        )

    def _read(
        self, event: EventType, node: Aggregate, compiler: Compiler, lookups: list[Reading]
    ) -> Register:
        """The register of an aggregate, read by a lookup at an event."""
        reading = self._reading(event, node)
        if reading not in lookups:
            lookups.append(reading)
        position = lookups.index(reading)
        series, operand, source = self._series_of(node)
        operation, type_ = operation_of(series, node, operand, source, reading.number)
        label = operation_text(operation, series)
        if node.function != "mean":
            slot = reading.slot(series.number, operation)
            register = compiler.load(position, slot, type_, label)
            if node.function in ("std", "decayed_sum"):
                return compiler.divide(register, UNIT[operand])
            return register
        count = Operation(w.COUNT, operation.window, operation.delay)
        total = compiler.load(position, reading.slot(series.number, operation), ValueType.FLOAT, label)
        number = compiler.load(
            position,
            reading.slot(series.number, count),
            ValueType.INTEGER,
            operation_text(count, series),
        )
        return compiler.mean(total, number, UNIT[operand])

    def _reading(self, event: EventType, node: Aggregate) -> Reading:
        ordered = sorted(
            zip(key_types(node), map(field_of, node.keys), node.places or node.keys, strict=True),
            key=lambda part: part[0],
        )
        key = self._key(tuple(kind for kind, _, _ in ordered))
        if node.places or node.stream is event:
            fields = tuple(field_of(place).name for _, _, place in ordered)
        else:
            fields = tuple(entity_types(event)[kind][0] for kind, _, _ in ordered)
        place = (key.number, event.__name__, fields)
        if place not in self._readings:
            number = self._lookups.get(key.number, 0)
            self._lookups[key.number] = number + 1
            self._readings[place] = Reading(key.number, number, fields)
        return self._readings[place]

    # What is folded.

    def _key(self, kinds: tuple[str, ...]) -> Key:
        if kinds not in self._keys:
            self._keys[kinds] = Key(len(self._keys), kinds)
        return self._keys[kinds]

    def _source(self, node: Aggregate) -> tuple[Key, int]:
        ordered = sorted(
            zip(key_types(node), map(field_of, node.keys), strict=True), key=lambda part: part[0]
        )
        key = self._key(tuple(kind for kind, _ in ordered))
        source = (node.stream.__name__, key.number, tuple(part.name for _, part in ordered))
        return key, self._sources.setdefault(source, len(self._sources))

    def _series_of(self, node: Aggregate) -> tuple[Series, ValueType, int]:
        """The series that an aggregate reads, and the type and input row of its operand."""
        stream = node.stream
        if stream.__name__ not in self._inputs:
            self._inputs[stream.__name__] = _Input(stream, Compiler(stream))
        inputs = self._inputs[stream.__name__]
        key, source = self._source(node)
        timed = node.function in _ALWAYS_TIME
        source_of = Literal(1) if node.function == "decayed_count" else node.operand
        operand = None if source_of is None or timed else inputs.compiler.compile(source_of)
        nullable = operand is not None and node.operand is not None and can_be_null(node.operand)
        condition = None if node.where is None else inputs.compiler.compile(node.where)
        present = inputs.compiler.present(operand if nullable else None, condition)
        presence = -1 if present is None else inputs.word(present)
        signature = (source, presence)
        if signature not in self._series:
            label = series_label(node, nullable=nullable)
            self._series[signature] = Series(len(self._series), key.number, source, presence, label)
        needs_value = operand is not None and node.function != "count"
        word = inputs.word(operand) if needs_value and operand is not None else -1
        return self._series[signature], operand.type if operand else ValueType.INTEGER, word

    def _stream(self, event: EventType) -> Stream:
        inputs = self._inputs.get(event.__name__)
        compiler = inputs.compiler if inputs else Compiler(event)
        items = tuple(
            Item(key, fields, source, -1)
            for (stream, key, fields), source in self._sources.items()
            if stream == event.__name__
        )
        return Stream(compiler.program(), len(inputs.words) if inputs else 0, items)

    def _finite(self, key: int, series: Sequence[Series]) -> int | None:
        own = [one for one in series if one.key == key]
        if any(one.permanent for one in own) or not own:
            return None
        return max(max(one.retention, 0) for one in own)


def _joined(folds: Sequence[Item], asked: Asking) -> tuple[Item, ...]:
    """An event's items under each key, folds first.

    A fold and a read by the same fields are one item where nothing else of the event is folded under the key:
    a read must see all folds of its own event.
    """
    items: list[Item] = []
    for key in sorted({item.key for item in folds} | {lookup.key for lookup in asked.lookups}):
        own = [item for item in folds if item.key == key]
        reads = [Item(key, one.fields, -1, one.number) for one in asked.lookups if one.key == key]
        if len(own) == 1:
            same = [read for read in reads if read.fields == own[0].fields]
            own = [replace(own[0], lookup=same[0].lookup)] if same else own
            reads = [read for read in reads if read not in same]
        items += own + reads
        if len(own) + len(reads) > w.MOST_ITEMS:
            expected = f"at most {w.MOST_ITEMS} ways to fold or read one event by the same entities"
            raise DesignError("Too many lookups", [Fault("features", expected, str(len(own) + len(reads)))])
    return tuple(items)
