"""Which events belong to a series: those whose operand has a value, and that meet the condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.data.fields import Kind
from sevenfold.features.check import field_of
from sevenfold.features.expression import Call, Expression, FieldOf, Literal

if TYPE_CHECKING:
    from sevenfold.features.aggregate import Aggregate

__all__ = ["can_be_null", "series_label"]


def can_be_null(expression: Expression) -> bool:
    """Whether a row-wise expression may have no value; on the side of yes."""
    match expression:
        case FieldOf(event, name):
            return event.__fields__[name].nullable
        case Literal():
            return False
        case Call("is_null", _):
            return False
        case Call("fill_null", (_, filling)):
            return can_be_null(filling)
        case Call("choose", (_, first, second)):
            return can_be_null(first) or can_be_null(second)
        case Call("divide" | "multiply" | "log1p" | "distance", _):
            return True
        case Call("subtract", (first, second)) if _is_time(first) and _is_time(second):
            return can_be_null(first) or can_be_null(second)
        case Call("add" | "subtract"):
            return True  # beyond the largest number there is none
        case Call(_, parts):
            return any(can_be_null(part) for part in parts)
    return True


def _is_time(expression: Expression) -> bool:
    return (
        isinstance(expression, FieldOf)
        and expression.event.__fields__[expression.name].kind is Kind.TIMESTAMP
    )


def series_label(node: Aggregate, *, nullable: bool) -> str:
    """The events that an aggregate is over, for people."""
    parts = [node.stream.__name__, "by", ", ".join(field_of(key).name for key in node.keys)]
    if nullable and node.operand is not None:
        parts.append(f"with {_shown(node.operand)}")
    if node.where is not None:
        parts.append(f"where {_shown(node.where)}")
    return " ".join(parts)


def _shown(expression: Expression) -> str:
    match expression:
        case FieldOf(_, name):
            return name
        case Literal(value):
            return repr(value)
        case Call(operation, parts):
            return f"{operation}({', '.join(map(_shown, parts))})"
    return type(expression).__name__
