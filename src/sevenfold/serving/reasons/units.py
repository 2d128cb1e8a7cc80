"""Values of features as people write them."""

from __future__ import annotations

from typing import Literal

from sevenfold.data.fields import Kind
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf

__all__ = ["Unit", "duration_words", "unit_of", "written"]

Unit = Literal["money", "seconds", "share", "count", "condition", "ratio", "hour", "day", "text", "number"]

_OF_KIND: dict[Kind, Unit] = {
    Kind.MONEY: "money",
    Kind.INTEGER: "count",
    Kind.BOOLEAN: "condition",
    Kind.CATEGORY: "text",
    Kind.ENTITY: "text",
    Kind.TEXT: "text",
}
_CONDITIONS = ("less", "less_equal", "equal", "unequal", "and", "or", "not", "is_in", "is_null", "is_weekend")
_OF_CALL: dict[str, Unit] = {"hour": "hour", "day_of_week": "day"}
_OF_CALL |= dict.fromkeys(_CONDITIONS, "condition")
_OF_AGGREGATE: dict[str, Unit] = {
    "count": "count",
    "n_unique": "count",
    "since_last": "seconds",
    "since_first": "seconds",
    "changed": "condition",
    "decayed_count": "number",
}
_KEEPS = ("add", "subtract", "negate", "absolute", "maximum", "minimum", "fill_null")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STEPS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_LARGE = 1e6


def unit_of(expression: Expression) -> Unit:
    """Tell what a feature's values are."""
    match expression:
        case FieldOf(event, name):
            return _OF_KIND.get(event.__fields__[name].kind, "number")
        case Aggregate(function, operand=operand):
            if function in _OF_AGGREGATE:
                return _OF_AGGREGATE[function]
            unit = "number" if operand is None else unit_of(operand)
            return "share" if unit == "condition" and function == "mean" else unit
        case Call("divide", (above, below)):
            return "ratio" if unit_of(above) == unit_of(below) else "number"
        case Call("choose", (_, then, _)):
            return unit_of(then)
        case Call(operation, arguments):
            return unit_of(arguments[0]) if operation in _KEEPS else _OF_CALL.get(operation, "number")
    return "number"


def written(value: float | int | str | None, unit: Unit) -> str:
    """Write a value for people.

    >>> written(0.25, "share"), written(5400.0, "seconds"), written(1234.5, "money"), written(3.1, "ratio")
    ('25 %', '1.5 hours', '1,234.50', '3.1 times')
    """
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    match unit:
        case "condition":
            return "yes" if value else "no"
        case "money":
            return f"{value:,.2f}"
        case "count":
            return f"{value:,.0f}" if value == int(value) else _short(value)
        case "share":
            return f"{100 * value:.0f} %"
        case "ratio":
            return f"{_short(value)} times"
        case "seconds":
            return duration_words(value)
        case "hour":
            return f"{value:.0f}:00 UTC"
        case "day":
            return _DAYS[int(value) - 1] if value in range(1, 8) else _short(value)
    return _short(value)


def duration_words(seconds: float) -> str:
    """Write a duration in its largest unit.

    >>> duration_words(60.0), duration_words(172800.0), duration_words(0.0)
    ('1 minute', '2 days', '0 seconds')
    """
    for size, name in _STEPS:
        if abs(seconds) >= size or size == 1.0:
            text = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{text} {name}" if text == "1" else f"{text} {name}s"
    raise AssertionError(seconds)  # a second ends the loop


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:,.4g}"
