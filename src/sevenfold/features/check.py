"""Find the type of an expression, and everything that is wrong with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sevenfold.data.fields import Kind
from sevenfold.errors import Fault
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, Reference, walk
from sevenfold.features.value import OF_KIND, ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.data.event import EventType

__all__ = ["Checker", "entity_types", "field_of", "key_types"]

_ARITHMETIC = ("add", "subtract", "multiply", "divide")
_LOGIC = ("and", "or", "not")
_ORDER = ("less", "less_equal")
_WINDOWED = ("count", "sum", "mean", "std", "min", "max", "n_unique", "first", "last")
_NUMERIC = ("sum", "mean", "std", "decayed_sum")
_TIMED = ("since_last", "since_first")
_LARGEST = 2**63 - 1
_EXACT = (ValueType.INTEGER, ValueType.MONEY, ValueType.DURATION)


class Checker:
    """Type-checks the expressions of one declaration.

    Parameters
    ----------
    features
        All expressions of the declaration by name, so that references can be followed.
    """

    def __init__(self, features: Mapping[str, Expression]) -> None:
        self._features = features
        self._following: list[str] = []
        self.faults: list[Fault] = []

    def check(self, name: str, where: str) -> ValueType | None:
        """The type of a feature; what is wrong with it goes to `faults`, each thing once."""
        self._following = [name]
        type_ = self.type_of(self._features[name], where)
        if type_ is ValueType.TIME:
            hint = "Use .hour() or a difference"
            return self._fault(where, "a number, a condition or a text", "a time", hint)
        return type_

    def type_of(self, expression: Expression, where: str) -> ValueType | None:
        """The type of an expression, or `None` after a fault."""
        match expression:
            case FieldOf(event, name):
                return OF_KIND[event.__fields__[name].kind]
            case Literal(value):
                return self._literal(value, where)
            case Reference(name):
                return self._reference(name, where)
            case Aggregate():
                return self._aggregate(expression, where)
            case Call(operation, arguments):
                types = [self.type_of(argument, where) for argument in arguments]
                if None in types:
                    return None
                return self._call(
                    operation, [type_ for type_ in types if type_ is not None], arguments, where
                )
        return self._fault(where, "an expression", type(expression).__name__)

    def _fault(self, where: str, expected: str, got: str, hint: str = "") -> ValueType | None:
        """Note a fault; what has one has no type."""
        fault = Fault(where, expected, got, hint)
        if fault not in self.faults:
            self.faults.append(fault)
        return None

    def _literal(self, value: bool | int | float | str, where: str) -> ValueType | None:
        if isinstance(value, bool):
            return ValueType.BOOLEAN
        if isinstance(value, int):
            if abs(value) > _LARGEST:
                return self._fault(where, "an integer of 64 bits", str(value), "A float may be larger")
            return ValueType.INTEGER
        if isinstance(value, float):
            if not math.isfinite(value):
                return self._fault(where, "a finite number", repr(value))
            return ValueType.FLOAT
        return ValueType.TEXT

    def _reference(self, name: str, where: str) -> ValueType | None:
        if name not in self._features:
            known = ", ".join(self._features)
            return self._fault(where, "the name of a feature", repr(name), f"The features are: {known}")
        if name in self._following:
            cycle = " → ".join([*self._following[self._following.index(name) :], name])
            return self._fault(where, "features that do not refer to themselves", f"the cycle {cycle}")
        self._following.append(name)
        type_ = self.type_of(self._features[name], where)
        self._following.pop()
        return type_

    def _call(
        self, operation: str, types: list[ValueType], arguments: tuple[Expression, ...], where: str
    ) -> ValueType | None:
        if operation in _ARITHMETIC:
            return self._arithmetic(operation, types[0], types[1], where)
        if operation in _LOGIC:
            return self._all(
                types, (ValueType.BOOLEAN,), f"conditions around {operation!r}", where, ValueType.BOOLEAN
            )
        if operation in ("equal", "unequal", *_ORDER):
            return self._comparison(operation, types[0], types[1], where)
        if operation == "is_in":
            return self._membership(types, arguments, where)
        if operation == "is_null":
            return ValueType.BOOLEAN
        if operation == "fill_null":
            return self._same(types[0], types[1], "fill_null", where)
        if operation == "choose":
            self._all(types[:1], (ValueType.BOOLEAN,), "a condition in when()", where, None)
            return self._same(types[1], types[2], "then() and otherwise()", where)
        if operation in ("minimum", "maximum"):
            return self._same(types[0], types[1], "clip()", where, number=True)
        if operation in ("hour", "day_of_week", "is_weekend"):
            result = ValueType.BOOLEAN if operation == "is_weekend" else ValueType.INTEGER
            return self._all(types, (ValueType.TIME,), f"a time for {operation}()", where, result)
        if operation == "distance":
            degrees = (ValueType.FLOAT, ValueType.INTEGER)
            return self._all(types, degrees, "degrees as numbers for a distance", where, ValueType.FLOAT)
        numbers = tuple(type_ for type_ in ValueType if type_.is_number)
        result = types[0] if operation in ("negate", "absolute") and types[0] in _EXACT else ValueType.FLOAT
        return self._all(types, numbers, f"a number for {operation}", where, result)

    def _all(
        self,
        types: list[ValueType],
        allowed: tuple[ValueType, ...],
        expected: str,
        where: str,
        result: ValueType | None,
    ) -> ValueType | None:
        wrong = [type_ for type_ in types if type_ not in allowed]
        if wrong:
            return self._fault(where, expected, " and ".join(type_.value for type_ in wrong))
        return result

    def _arithmetic(self, operation: str, a: ValueType, b: ValueType, where: str) -> ValueType | None:
        if operation == "subtract" and a is b is ValueType.TIME:
            return ValueType.DURATION
        if not (a.is_number and b.is_number):
            got = f"{a.value} and {b.value}"
            return self._fault(where, f"numbers to {operation}", got, "Two times can be subtracted")
        if operation in ("add", "subtract") and a is b and a in _EXACT:
            return a
        return ValueType.FLOAT

    def _comparison(self, operation: str, a: ValueType, b: ValueType, where: str) -> ValueType | None:
        if a.is_number and b.is_number:
            return ValueType.BOOLEAN
        if a is b and (a is ValueType.TIME or operation not in _ORDER):
            return ValueType.BOOLEAN
        if a is b is ValueType.TEXT:
            return self._fault(where, "== or != between texts", "an order between texts")
        return self._fault(where, "two values of one type to compare", f"{a.value} and {b.value}")

    def _membership(
        self, types: list[ValueType], arguments: tuple[Expression, ...], where: str
    ) -> ValueType | None:
        if len(arguments) < 2 or not all(isinstance(member, Literal) for member in arguments[1:]):
            return self._fault(where, "at least one constant in is_in()", f"{len(arguments) - 1} expressions")
        wanted = types[0]
        if wanted not in (ValueType.TEXT, ValueType.INTEGER):
            return self._fault(where, "a text or an integer before is_in()", wanted.value)
        wrong = [type_ for type_ in types[1:] if type_ is not wanted]
        if wrong:
            return self._fault(where, f"only {wanted.value} in is_in()", wrong[0].value)
        return ValueType.BOOLEAN

    def _same(
        self, a: ValueType, b: ValueType, what: str, where: str, *, number: bool = False
    ) -> ValueType | None:
        if a is b and (a.is_number or not number):
            return a
        if a.is_number and b.is_number:
            return ValueType.FLOAT
        expected = f"{'numbers' if number else 'values of one type'} in {what}"
        return self._fault(where, expected, f"{a.value} and {b.value}")

    def _aggregate(self, node: Aggregate, where: str) -> ValueType | None:
        before = len(self.faults)
        for mistake in node.mistakes:
            self._fault(f"{where}: {mistake.where}", mistake.expected, mistake.got, mistake.hint)
        self._keys(node, where)
        self._windows(node, where)
        self._rows(node, where)
        operand = None if node.operand is None else self.type_of(node.operand, where)
        if node.where is not None:
            condition = self.type_of(node.where, where)
            if condition not in (None, ValueType.BOOLEAN):
                self._fault(where, "a condition in where=", condition.value if condition else "")
        result = self._result(node, operand, where)
        return result if len(self.faults) == before else None

    def _keys(self, node: Aggregate, where: str) -> None:
        stream = node.stream.__name__
        entities = ", ".join(entity_types(node.stream)) or "none"
        if not node.keys:
            self._fault(
                where, f".by(...) with an entity of {stream}", "none", f"Its entities are: {entities}"
            )
        for key in node.keys:
            if not isinstance(key, FieldOf) or key.event is not node.stream:
                expected = f"an entity of {stream} in .by()"
                self._fault(where, expected, _shown(key), f"Its entities are: {entities}")
            elif key.event.__fields__[key.name].kind is not Kind.ENTITY:
                kind = key.event.__fields__[key.name].kind.value
                self._fault(
                    where,
                    f"an entity of {stream} in .by()",
                    f"{key.name}, a {kind}",
                    f"Its entities are: {entities}",
                )
        names = [key.name for key in node.keys if isinstance(key, FieldOf)]
        if len(set(names)) != len(names):
            self._fault(where, "each entity once in .by()", ", ".join(names))
        if node.places and len(node.places) != len(node.keys):
            self._fault(
                where, f"{len(node.keys)} fields in .at(), one for each of .by()", str(len(node.places))
            )
        for place in node.places:
            if not isinstance(place, FieldOf) or place.event.__fields__[place.name].kind is not Kind.ENTITY:
                self._fault(where, "entities of the deciding event in .at()", _shown(place))
        for key, place in zip(node.keys, node.places, strict=False):
            wanted, given = _entity(key), _entity(place)
            if wanted and given and wanted != given:
                hint = f'A field of another name can hold one too: sf.Entity["{wanted}"]'
                expected = f"an entity of type {wanted} in .at()"
                self._fault(where, expected, f"{_shown(place)} of type {given}", hint)

    def _windows(self, node: Aggregate, where: str) -> None:
        if node.function in _WINDOWED:
            if not node.windows and not node.mistakes:
                self._fault(
                    where, f".over(...) after {node.function}()", "no window", "Such as .over('1h', 'all')"
                )
        elif node.windows:
            self._fault(
                where, f"{node.function}() without .over()", "a window", "It looks back as far as it needs"
            )
        if node.function == "lag" and not (isinstance(node.n, int) and 1 <= node.n <= 1000):
            self._fault(where, "lag(n) with n from 1 to 1000", f"lag({node.n!r})")

    def _rows(self, node: Aggregate, where: str) -> None:
        """What is aggregated must be known from the event alone."""
        for part in (node.operand, node.where):
            for inner in walk(part) if part is not None else ():
                if isinstance(inner, (Aggregate, Reference)):
                    self._fault(
                        where,
                        f"fields of {node.stream.__name__} inside {node.function}()",
                        "another aggregate",
                        "Aggregates can be combined, not nested",
                    )
                elif isinstance(inner, FieldOf) and inner.event is not node.stream:
                    got = f"{inner.event.__name__}.{inner.name}"
                    self._fault(where, f"fields of {node.stream.__name__} inside {node.function}()", got)

    def _result(self, node: Aggregate, operand: ValueType | None, where: str) -> ValueType | None:
        function = node.function
        if function in ("count", "n_unique"):
            return ValueType.INTEGER
        if function == "decayed_count":
            return ValueType.FLOAT
        if operand is None:
            return None
        if function in _NUMERIC:
            if not operand.is_number:
                return self._fault(where, f"a number or a condition in {function}()", operand.value)
            return ValueType.FLOAT
        if function in _TIMED:
            is_time = isinstance(node.operand, FieldOf) and node.operand.name == node.stream.__time__
            if not is_time:
                time = f"{node.stream.__name__}.{node.stream.__time__}"
                return self._fault(where, f"{time}.{function}()", "another expression")
            return ValueType.DURATION
        if function == "changed":
            return ValueType.BOOLEAN
        if function in ("min", "max") and operand is ValueType.TEXT:
            return self._fault(where, f"an ordered value in {function}()", "text")
        return operand


def _entity(field: Expression) -> str | None:
    """The type of the entity that a field holds."""
    if not isinstance(field, FieldOf):
        return None
    declared = field.event.__fields__[field.name]
    return (declared.entity or field.name) if declared.kind is Kind.ENTITY else None


def _shown(expression: Expression) -> str:
    """A field by its name."""
    if isinstance(expression, FieldOf):
        return f"{expression.event.__name__}.{expression.name}"
    return "an expression"


def entity_types(event: EventType) -> dict[str, list[str]]:
    """The entity types of an event, and the fields that hold each."""
    found: dict[str, list[str]] = {}
    for name, field in event.__fields__.items():
        if field.kind is Kind.ENTITY:
            found.setdefault(field.entity or name, []).append(name)
    return found


def field_of(key: Expression) -> FieldOf:
    """A checked key of ``.by()`` as the field it is."""
    if not isinstance(key, FieldOf):
        raise TypeError(f"a key is a field after checking, got {type(key).__name__}")
    return key


def key_types(node: Aggregate) -> list[str]:
    """The entity types of a checked aggregate's keys."""
    found = []
    for key in map(field_of, node.keys):
        declared = key.event.__fields__[key.name]
        found.append(declared.entity or declared.name)
    return found
