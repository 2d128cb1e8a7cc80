"""Row-wise operations on Python values, with None for null: what each means, one row at a time."""

from __future__ import annotations

import math
import operator
from fractions import Fraction
from typing import Any

from sevenfold.data.fields import Kind
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf, Literal

__all__ = ["EARTH_RADIUS_KM", "as_number", "call", "great_circle_km", "nearest", "type_of"]

HOUR, DAY = 3_600_000, 86_400_000
LARGEST_INTEGER = 2**63 - 1
EARTH_RADIUS_KM = 6371.0088

_KINDS = {
    Kind.TIMESTAMP: "time",
    Kind.MONEY: "money",
    Kind.INTEGER: "integer",
    Kind.FLOAT: "float",
    Kind.BOOLEAN: "boolean",
}
_LITERALS = {bool: "boolean", int: "integer", float: "float", str: "text"}
_EXACT = ("integer", "money", "duration")
_COMPARE = {
    "equal": operator.eq,
    "unequal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
}
_CONDITIONS = (*_COMPARE, "and", "or", "not", "is_in", "is_null", "is_weekend")
_AGGREGATES = {
    "count": "integer",
    "n_unique": "integer",
    "since_last": "duration",
    "since_first": "duration",
    "changed": "boolean",
}


def type_of(expression: Expression | None) -> str:
    """What the values of an expression are."""
    match expression:
        case FieldOf(event, name):
            return _KINDS.get(event.__fields__[name].kind, "text")
        case Literal(value):
            return _LITERALS[type(value)]
        case Aggregate(function):
            if function in ("min", "max", "first", "last", "lag"):
                return type_of(expression.operand)
            return _AGGREGATES.get(function, "float")
        case Call(operation, arguments):
            return _type_of_call(operation, [type_of(part) for part in arguments])
    raise TypeError(f"no type for {expression!r}")


def _type_of_call(operation: str, types: list[str]) -> str:
    if operation in _CONDITIONS:
        return "boolean"
    if operation in ("hour", "day_of_week"):
        return "integer"
    if operation == "subtract" and types == ["time", "time"]:
        return "duration"
    if operation in ("choose", "fill_null"):
        first, second = types[-2:]
        return first if first == second else "float"
    if operation in ("add", "subtract", "negate", "absolute") and len(set(types)) == 1 and types[0] in _EXACT:
        return types[0]
    return "float"


def nearest(value: Fraction | int | float) -> float | None:
    """The double nearest to a number; None beyond the largest one."""
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def as_number(value: Any, kind: str) -> float | None:
    """A value as the float that a column holds: major units, seconds, 0 and 1."""
    if value is None:
        return None
    return nearest(Fraction(value, 1_000) if kind == "duration" else value)


def call(expression: Call, parts: list[Any]) -> Any:
    """The value of an operation whose arguments have the values ``parts``."""
    operation = expression.operation
    types = [type_of(part) for part in expression.arguments]
    result = type_of(expression)
    if operation == "is_null":
        return parts[0] is None
    if operation == "and":
        return False if False in parts else None if None in parts else True
    if operation == "or":
        return True if True in parts else None if None in parts else False
    if operation in ("choose", "fill_null"):
        take = parts[0] is not True if operation == "choose" else parts[0] is None
        first, second = len(parts) - 2, len(parts) - 1
        chosen = second if take else first
        return parts[chosen] if types[first] == types[second] else as_number(parts[chosen], types[chosen])
    if parts[0] is None or (operation != "is_in" and None in parts):
        return None
    if operation == "not":
        return not parts[0]
    if operation == "is_in":
        return parts[0] in parts[1:]
    if operation in _COMPARE:
        a, b = parts if types[0] == types[1] else map(as_number, parts, types)
        return _COMPARE[operation](a, b)
    if operation == "hour":
        return parts[0] // HOUR % 24
    if operation in ("day_of_week", "is_weekend"):
        day = (parts[0] // DAY + 3) % 7 + 1
        return day if operation == "day_of_week" else day >= 6
    if result in _EXACT:
        return _exact(operation, parts, result)
    return _float(operation, [as_number(part, kind) for part, kind in zip(parts, types, strict=True)])


def _exact(operation: str, parts: list[Any], kind: str) -> Any:
    """Arithmetic without rounding; None where 64 bits cannot hold an integer."""
    operations = {"add": operator.add, "subtract": operator.sub, "negate": operator.neg, "absolute": abs}
    value = operations[operation](*parts)
    word = value * 10_000 if kind == "money" else value
    return value if abs(word) <= LARGEST_INTEGER else None


def _float(operation: str, x: list[float | None]) -> float | None:
    if None in x:
        return None
    a, b = x[0], x[-1]
    if operation == "add":
        return _finite(a + b)
    if operation == "subtract":
        return _finite(a - b)
    if operation == "multiply":
        return _finite(a * b)
    if operation == "divide":
        return _finite(a / b) if b else None
    if operation == "negate":
        return -a
    if operation == "absolute":
        return abs(a)
    if operation == "log1p":
        return math.log1p(a) if a > -1 else None
    if operation in ("minimum", "maximum"):
        return min(x) if operation == "minimum" else max(x)
    if operation == "distance":
        return great_circle_km(*x)
    raise ValueError(f"no meaning for {operation}")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def great_circle_km(latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float) -> float:
    """Great-circle distance in kilometres by the angle between two vectors, not by the haversine formula."""
    first, second = _unit_vector(latitude_1, longitude_1), _unit_vector(latitude_2, longitude_2)
    dot = math.fsum(p * q for p, q in zip(first, second, strict=True))
    cross = math.hypot(
        first[1] * second[2] - first[2] * second[1],
        first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
    )
    return EARTH_RADIUS_KM * math.atan2(cross, dot)


def _unit_vector(latitude: float, longitude: float) -> tuple[float, float, float]:
    a, o = math.radians(latitude), math.radians(longitude)
    return math.cos(a) * math.cos(o), math.cos(a) * math.sin(o), math.sin(a)
