"""Features as text: what a reader of a design would write for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.aggregate import Aggregate
from sevenfold.features.described import Described
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, Reference, walk
from sevenfold.features.window import duration_text

if TYPE_CHECKING:
    from sevenfold.design.design import Design

__all__ = ["lineage", "written"]

_INFIX = {
    "add": "+", "subtract": "-", "multiply": "×", "divide": "/", "less": "<", "less_equal": "≤",
    "equal": "=", "unequal": "≠", "and": "and", "or": "or",
}  # fmt: skip


def written(expression: Expression) -> str:
    """Write an expression for people."""
    match expression:
        case Described(inner):
            return written(inner)
        case FieldOf(event, name):
            return f"{event.__name__}.{name}"
        case Literal(value):
            return repr(value)
        case Reference(name):
            return name
        case Call(operation, (left, right)) if operation in _INFIX:
            return f"{_inner(left)} {_INFIX[operation]} {_inner(right)}"
        case Call(operation, arguments):
            return f"{operation}({', '.join(map(written, arguments))})"
        case Aggregate():
            return _aggregate(expression)
    return type(expression).__name__


def _inner(expression: Expression) -> str:
    text = written(expression)
    return f"({text})" if isinstance(expression, Call) and expression.operation in _INFIX else text


def _aggregate(node: Aggregate) -> str:
    of = node.stream.__name__ if node.operand is None else written(node.operand)
    where = "" if node.where is None else f" where {written(node.where)}"
    half = "" if node.half_life is None else f", half after {duration_text(node.half_life)}"
    by = f" by {' × '.join(written(key).partition('.')[2] for key in node.keys)}" if node.keys else ""
    at = f" at {' × '.join(map(written, node.places))}" if node.places else ""
    over = f" over {', '.join(window.text for window in node.windows)}" if node.windows else ""
    delayed = next((window.delay for window in node.windows if window.delay), 0)
    delay = f" until {duration_text(delayed)} before" if delayed else ""
    return f"{node.function}({of}{half}){where}{by}{at}{over}{delay}"


def lineage(design: Design, column: str) -> list[str]:
    """The fields that a feature is made from, as ``Event.field``; an event alone where it only counts."""
    found: dict[str, None] = {}
    for part in walk(design.features.resolved(column)):
        if isinstance(part, FieldOf):
            found[f"{part.event.__name__}.{part.name}"] = None
        elif isinstance(part, Aggregate):
            if part.operand is None:
                found[part.stream.__name__] = None
            for key in (*part.keys, *part.places):
                found[written(key)] = None
    return list(found)
