"""The meaning of features, computed slowly from the definition: every window looks at the whole log.

Nothing here is shared with the kernel. Integers, money, times and durations are exact; sums are rational
numbers, rounded once. A value is what Python makes of it: bool, int, float, `Fraction` (money, major units),
int milliseconds (times, durations), str; `None` is null. What it is follows from the expression (`type_of`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rowwise_oracle import as_number, call, nearest, type_of

from sevenfold.data.fields import Kind
from sevenfold.data.money import digits
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, walk

if TYPE_CHECKING:
    from sevenfold.data.event import EventType
    from sevenfold.features.declaration import FeatureSet

__all__ = ["Log", "Oracle", "field_value", "same", "standard_deviation"]

Log = Sequence[tuple["EventType", dict[str, Any]]]
"""Event class and physical row, in log order."""

_UNIT = {"money": 10_000, "duration": 1_000}
_ROUNDED = ("std", "decayed_sum", "decayed_count")
_ROUNDED_CALLS = ("log1p", "distance")


class Oracle:
    """Features over a log.

    Parameters
    ----------
    features
        What is asked.
    log
        All events, in log order.
    lateness
        Milliseconds that an entity's clock may lag behind the newest event; `None` for any.
    """

    def __init__(self, features: FeatureSet, log: Log, lateness: int | None = None) -> None:
        self.features = {name: features.resolved(name) for name in features}
        self.log = log
        self.lateness = lateness
        nodes = [part for one in self.features.values() for part in walk(one) if isinstance(part, Aggregate)]
        # A key's clock is moved by every stream and every field that some feature folds under it.
        self._sources = {(node.stream, _sorted_keys(node)) for node in nodes}
        self._rows = {id(node): self._rows_of(node) for node in nodes}

    def at(self, place: int) -> dict[str, Any]:
        """Every feature at the event at ``place``, as a column holds it: in major units and seconds."""
        event, row = self.log[place]
        found = {}
        for name, expression in self.features.items():
            value = self._value(expression, event, row, place)
            kind = type_of(expression)
            is_count = isinstance(expression, Aggregate) and expression.function in ("count", "n_unique")
            found[name] = value if is_count or kind == "text" else as_number(value, kind)
        return found

    def _value(self, expression: Expression, event: EventType, row: dict[str, Any], place: int) -> Any:
        if isinstance(expression, FieldOf):
            return field_value(event, expression.name, row)
        if isinstance(expression, Literal):
            value = expression.value
            return value if not isinstance(value, float) or math.isfinite(value) else None
        if isinstance(expression, Call):
            parts = [self._value(part, event, row, place) for part in expression.arguments]
            return call(expression, parts)
        if not isinstance(expression, Aggregate):
            raise TypeError(f"no meaning for {type(expression).__name__}")
        return self._aggregate(expression, event, row, place)

    def _rows_of(self, node: Aggregate) -> list[tuple[int, int, tuple[str | None, ...], Any]]:
        """Time, place, entities and value of each event that the aggregate is over."""
        found = []
        for place, (stream, row) in enumerate(self.log):
            if stream is not node.stream:
                continue
            if node.where is not None and self._value(node.where, stream, row, place) is not True:
                continue
            value = 1 if node.operand is None else self._value(node.operand, stream, row, place)
            if value is not None:
                entities = tuple(row[key.name] for key in node.keys)
                found.append((row[stream.__time__], place, entities, value))
        return found

    def _clock(self, kinds: list[str], entities: list[str], place: int) -> float:
        """The newest time folded for an entity under its key, this event included."""
        wanted = [entity for _, entity in sorted(zip(kinds, entities, strict=True), key=lambda pair: pair[0])]
        own = [
            row[stream.__time__]
            for stream, row in self.log[: place + 1]
            for source, keys in self._sources
            if source is stream
            and [kind for kind, _ in keys] == sorted(kinds)
            and [row[name] for _, name in keys] == wanted
        ]
        return max(own, default=-math.inf)

    def _aggregate(self, node: Aggregate, event: EventType, row: dict[str, Any], place: int) -> Any:
        kinds = [_kind(key) for key in node.keys]
        if node.places:
            entities = [row[field.name] for field in node.places]
        elif node.stream is event:
            entities = [row[key.name] for key in node.keys]
        else:
            holders = {_kind_of(event, name): name for name in _entity_fields(event)}
            entities = [row[holders[kind]] for kind in kinds]
        if None in entities:
            return _nothing(node)
        end = max(row[event.__time__], self._clock(kinds, entities, place))
        if self.lateness is not None:
            newest = max(other[stream.__time__] for stream, other in self.log[: place + 1])
            end = max(end, newest - self.lateness)
        values = [
            (time, at, value)
            for time, at, of, value in self._rows[id(node)]
            if at <= place and of == tuple(entities)
        ]
        values.sort(key=lambda one: one[:2])
        return _over(node, values, end, place)


def field_value(event: EventType, name: str, row: dict[str, Any]) -> Any:
    """A field as its type's value: money as an exact fraction of major units."""
    field, value = event.__fields__[name], row[name]
    if field.kind is not Kind.MONEY or value is None:
        return value
    currency = field.currency or (row[field.currency_field] if field.currency_field else None)
    return Fraction(value, 10 ** digits(currency or "EUR"))


def _kind_of(event: EventType, name: str) -> str:
    return event.__fields__[name].entity or name


def _kind(key: Any) -> str:
    return _kind_of(key.event, key.name)


def _sorted_keys(node: Aggregate) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((_kind(key), key.name) for key in node.keys), key=lambda pair: pair[0]))


def _entity_fields(event: EventType) -> list[str]:
    return [name for name, field in event.__fields__.items() if field.kind is Kind.ENTITY]


def _nothing(node: Aggregate) -> Any:
    """What an aggregate is of no events at all."""
    return {"count": 0, "n_unique": 0, "sum": 0.0, "decayed_sum": 0.0, "decayed_count": 0.0}.get(
        node.function
    )


def _over(node: Aggregate, values: list[tuple[int, int, Any]], end: int, place: int) -> Any:
    """An aggregate of events in the order (time, place), looked at from ``end`` by the event at ``place``."""
    if node.windows:
        until = end - node.windows[0].delay
        width = node.windows[0].width
        since = -math.inf if width is None else until - width
        return _windowed(node, [value for time, _, value in values if since < time <= until])
    before = [(time, value) for time, at, value in values if at != place]
    own = [value for _, at, value in values if at == place]
    if node.function == "since_last":
        return end - before[-1][0] if before else None
    if node.function == "since_first":
        return end - values[0][0] if values else None
    if node.function == "lag":
        return before[-node.n][1] if node.n is not None and len(before) >= node.n else None
    if node.function == "changed":
        return own[0] != before[-1][1] if own and before else None
    kind = "integer" if node.function == "decayed_count" else type_of(node.operand)
    weights = [0.5 ** ((end - time) / node.half_life) for time, _, _ in values]
    gains = [1 if node.function == "decayed_count" else as_number(value, kind) for _, _, value in values]
    return float(sum((Fraction(x) * Fraction(y) for x, y in zip(weights, gains, strict=True)), Fraction(0)))


def _windowed(node: Aggregate, inside: list[Any]) -> Any:
    function = node.function
    if function == "count":
        return len(inside)
    if function == "n_unique":
        return len(set(inside))
    if not inside:
        return _nothing(node)
    if function in ("first", "last"):
        return inside[0 if function == "first" else -1]
    if function in ("min", "max"):
        return min(inside) if function == "min" else max(inside)
    unit = _UNIT.get(type_of(node.operand), 1)
    # Milliseconds become seconds here; money is in major units already.
    scale = unit if type_of(node.operand) == "duration" else 1
    exact = [Fraction(value) / scale for value in inside]
    if function == "sum":
        return nearest(sum(exact))
    if function == "mean":
        # By definition a total that a double holds, divided once; a larger one is rounded as a sum is.
        total = nearest(sum(exact) * unit)
        if total is None:
            return None
        return total / (len(exact) * unit) if abs(total) < 2**50 else float(sum(exact)) / len(exact)
    return standard_deviation(exact)


def standard_deviation(values: Sequence[Fraction]) -> float | None:
    """The double nearest to the sample standard deviation; None below two values and beyond doubles."""
    if len(values) < 2:
        return None
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1)
    with localcontext(prec=60, Emax=10**6, Emin=-(10**6)):
        root = float((Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt())
    return root if math.isfinite(root) else None


def same(got: Any, expected: Any, expression: Expression) -> bool:
    """Whether a value is what the oracle says: exactly, or within 1e-9 of it where it may be rounded."""
    if expected is None or got is None:
        return got is None and expected is None
    if isinstance(expected, (str, int)):
        return type(got) is type(expected) and got == expected
    parts = list(walk(expression))
    rounded = any(isinstance(part, Aggregate) and part.function in _ROUNDED for part in parts)
    rounded |= any(isinstance(part, Call) and part.operation in _ROUNDED_CALLS for part in parts)
    if rounded:
        return isinstance(got, float) and math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
    return isinstance(got, float) and got == expected
