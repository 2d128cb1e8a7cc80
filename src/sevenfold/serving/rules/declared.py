"""Expressions that a design declares, over the wide row of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault
from sevenfold.features.check import Checker
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, Reference
from sevenfold.features.value import ValueType
from sevenfold.serving.rules.sheet import FEATURES

if TYPE_CHECKING:
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["declared_number"]


def declared_number(expression: Expression, sheet: Sheet, name: str) -> Expression:
    """An expression over the event's fields and the design's features, as one over the wide row.

    Raises
    ------
    DesignError
        It is no number, or reads what is not in the row.
    """
    found = _moved(expression, sheet, name)
    checker = Checker({})
    type_ = checker.type_of(found, name)
    faults = list(checker.faults)
    if type_ is not None and (not type_.is_number or type_ is ValueType.BOOLEAN):
        faults.append(Fault(name, "a number", f"a {type_.value}"))
    if faults:
        raise DesignError(f"This cannot be computed: {name}", faults)
    return found


def _moved(expression: Expression, sheet: Sheet, name: str) -> Expression:
    match expression:
        case FieldOf(event, field) if event is sheet.event:
            return FieldOf(sheet.row, field)
        case Reference(feature) if feature in sheet.names:
            return FieldOf(sheet.row, f"{FEATURES}.{feature}")
        case Literal():
            return expression
        case Call(operation, arguments):
            return Call(operation, tuple(_moved(part, sheet, name) for part in arguments))
    expected = f"fields of {sheet.event.__name__}, and features by sf.feature(name)"
    raise DesignError(
        f"This cannot be computed: {name}", [Fault(name, expected, type(expression).__name__.lower())]
    )
