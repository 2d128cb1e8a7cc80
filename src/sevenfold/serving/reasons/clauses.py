"""A feature's declaration in words.

Only names of events and fields, kinds of aggregates and windows go into them, so they read well for any
design whose names do, and say the same as what is computed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevenfold.data.fields import Kind
from sevenfold.features.aggregate import Aggregate, Window
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, walk
from sevenfold.serving.reasons.units import duration_words, unit_of

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

__all__ = ["clause", "event_word", "phrase", "plural", "window_of"]


def phrase(expression: Expression) -> str:
    """Say what a feature is, to follow "the".

    A condition gives "answer to whether …"; ask `clause` for the condition itself.
    """
    match expression:
        case FieldOf(event, name):
            return "time" if event.__fields__[name].kind is Kind.TIMESTAMP else _words(name)
        case Literal(value):
            return str(value)
        case Aggregate():
            return _aggregate(expression)
        case Call("hour"):
            return "hour of the day"
        case Call("day_of_week"):
            return "day of the week"
        case Call("divide", (above, below)):
            return f"{phrase(above)} relative to {_the(below)}"
        case Call(operation, (one,)) if operation in _ONE:
            return _ONE[operation].format(phrase(one))
        case Call(operation, (one, other)) if operation in _TWO:
            return _TWO[operation].format(phrase(one), _the(other))
        case Call("fill_null", (one, _)):
            return phrase(one)
        case Call("choose", (condition, then, otherwise)):
            return f"{phrase(then)} if {clause(condition)}, else {_the(otherwise)}"
        case Call("distance"):
            return "distance between two positions in kilometres"
    return f"answer to whether {clause(expression)}"


_ONE = {"log1p": "logarithm of the {}", "negate": "opposite of the {}", "absolute": "size of the {}"}
_TWO = {
    "add": "{} plus {}",
    "subtract": "{} less {}",
    "multiply": "{} times {}",
    "maximum": "{}, at least {}",
    "minimum": "{}, at most {}",
}
_ORDER = {
    "less": ("{} is below {}", "{} is above {}"),
    "less_equal": ("{} is at most {}", "{} is at least {}"),
}


def clause(expression: Expression) -> str:
    """Say a condition as a statement: "the amount is below 5"."""
    match expression:
        case Call(operation, (one, other)) if operation in _ORDER:
            if isinstance(one, Literal):  # written the other way round
                return _ORDER[operation][1].format(_the(other), phrase(one))
            return _ORDER[operation][0].format(_the(one), _the(other))
        case Call("equal", (one, other)):
            return f"{_the(one)} is {_the(other)}"
        case Call("unequal", (one, other)):
            return f"{_the(one)} is not {_the(other)}"
        case Call("and", (one, other)):
            return f"{clause(one)} and {clause(other)}"
        case Call("or", (one, other)):
            return f"{clause(one)} or {clause(other)}"
        case Call("not", (one,)):
            return f"it is not so that {clause(one)}"
        case Call("is_in", (one, *members)):
            return f"{_the(one)} is one of {', '.join(phrase(member) for member in members)}"
        case Call("is_null", (one,)):
            return f"{_the(one)} is not known"
        case Call("is_weekend"):
            return "it is a weekend"
        case Aggregate("changed", operand=FieldOf() as operand):
            return f"{_the(operand)} differs from that of the previous {event_word(expression.stream)}"
        case FieldOf(_, name):
            return f"there is a {_words(name)}"
    return f"{_the(expression)} is so"


def window_of(expression: Expression) -> str:
    """Give the words of an expression's window: "last hour", "last 7 days"; empty without one."""
    for part in walk(expression):
        if isinstance(part, Aggregate) and part.windows and part.windows[0].width is not None:
            return f"last {_length(part.windows[0].width)}"
    return ""


def event_word(event: EventType) -> str:
    """Write an event's name as a word: ``CardPayment`` as "card payment"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", event.__name__).lower()


def plural(word: str) -> str:
    """Give the plural of a noun of the regular kind.

    >>> plural("payment"), plural("entry"), plural("address")
    ('payments', 'entries', 'addresses')
    """
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|ch|sh)$", word) else f"{word}s"


def _aggregate(node: Aggregate) -> str:
    events = plural(event_word(node.stream))
    about = f"{events}{_entities(node)}{_window(node)}"
    if node.where is not None:
        about += f" where {clause(node.where)}"
    operand = node.operand
    match node.function:
        case "count":
            return f"number of {about}" + ("" if operand is None else f" with a known {_plain(operand)}")
        case "n_unique":
            return f"number of different {plural(_plain(operand))} in the {about}"
        case "mean" if operand is not None and _is_condition(operand):
            return f"share of the {about} where {clause(operand)}"
        case "decayed_count":
            return (
                f"number of {about}, each weighing half after {duration_words((node.half_life or 1) / 1000)}"
            )
        case "decayed_sum":
            half = duration_words((node.half_life or 1) / 1000)
            return f"total {_plain(operand)} of the {about}, each weighing half after {half}"
        case "since_last":
            return f"time since the previous {event_word(node.stream)}{_entities(node)}"
        case "since_first":
            return f"time since the first {event_word(node.stream)}{_entities(node)}"
        case "lag":
            event = event_word(node.stream)
            which = f"previous {event}" if (node.n or 1) == 1 else f"{event} {node.n} before"
            return f"{_plain(operand)} of the {which}{_entities(node)}"
        case "changed":
            return f"answer to whether {clause(node)}"
    return f"{_KINDS[node.function].format(_plain(operand))} of the {about}"


_KINDS = {
    "sum": "total {}",
    "mean": "mean {}",
    "std": "spread (standard deviation) of the {}",
    "min": "smallest {}",
    "max": "largest {}",
    "first": "first {}",
    "last": "latest {}",
}


def _entities(node: Aggregate) -> str:
    named = node.places or node.keys
    words = [_words(key.name) for key in named if isinstance(key, FieldOf)]
    return f" of this {' and this '.join(words)}" if words else ""


def _window(node: Aggregate) -> str:
    if not node.windows:
        return ""
    window: Window = node.windows[0]
    words = " so far" if window.width is None else f" in the last {_length(window.width)}"
    return f"{words}, up to {duration_words(window.delay / 1000)} ago" if window.delay else words


def _length(milliseconds: int) -> str:
    """Write a length to follow "the last": "hour", "7 days"."""
    words = duration_words(milliseconds / 1000)
    return words.removeprefix("1 ")


def _the(expression: Expression) -> str:
    return phrase(expression) if isinstance(expression, Literal) else f"the {phrase(expression)}"


def _plain(expression: Expression | None) -> str:
    return "value" if expression is None else phrase(expression)


def _is_condition(expression: Expression) -> bool:
    return unit_of(expression) == "condition"


def _words(name: str) -> str:
    return name.replace("_", " ")
