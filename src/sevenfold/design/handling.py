"""Declared choices about missing values, outliers and unknown categories, made part of the features.

A choice is written into every feature that reads its field, as the expression that it stands for:
``clip=True`` is ``.clip(low, high)``, ``other="other"`` a `when` over ``.is_in(…)``, ``missing=0`` is
``.fill_null(0)``. The compiled plan then holds it, and with the plan backfill, training, serving and replay;
a model's bundle carries the plan's hash, so that a model never meets features that were handled otherwise.

``is_null()`` of a field still asks about the event as it came: a feature
``country_missing=Payment.country.is_null()`` tells a model what was filled in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.check import Checker
from sevenfold.features.conditional import when
from sevenfold.features.declaration import FeatureSet
from sevenfold.features.expression import Call, Expression, FieldOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sevenfold.data.expectation import Expectation

__all__ = ["handled"]


def handled(features: FeatureSet, expectations: Iterable[Expectation]) -> FeatureSet:
    """Return features that see the values of some fields as declared.

    Parameters
    ----------
    features
        As they were declared.
    expectations
        Of the design; those that handle nothing change nothing.

    Raises
    ------
    DesignError
        A feature cannot be built from the values that a choice gives it.
    """
    choices = {(one.event.__name__, str(one.field)): one for one in expectations if one.handles}
    if not choices:
        return features
    written = {name: _written(features[name], choices) for name in features}
    checker = Checker(written)
    types = {name: checker.check(name, f"features.{name}") for name in written}
    if checker.faults:
        raise DesignError("These features cannot be built from fields as they are handled", checker.faults)
    return FeatureSet(written, {name: type_ for name, type_ in types.items() if type_ is not None})


def _written(expression: Expression, choices: Mapping[tuple[str, str], Expectation]) -> Expression:
    match expression:
        case FieldOf(event, name):
            choice = choices.get((event.__name__, name))
            return expression if choice is None else _choice(expression, choice)
        case Call("is_null", (FieldOf(),)):
            return expression
        case Call(operation, arguments):
            return Call(operation, tuple(_written(part, choices) for part in arguments))
        case Aggregate():
            return replace(
                expression,
                operand=None if expression.operand is None else _written(expression.operand, choices),
                where=None if expression.where is None else _written(expression.where, choices),
            )
    return expression


def _choice(field: FieldOf, choice: Expectation) -> Expression:
    """Write a field as features see it: unknown values first, then bounds, then what is missing."""
    seen: Expression = field
    if choice.other is not None:
        seen = when(field.is_null() | field.is_in(*(choice.one_of or ()))).then(field).otherwise(choice.other)
    if choice.clip:
        seen = seen.clip(*(choice.between or (None, None)))
    if choice.missing is not None:
        seen = seen.fill_null(choice.missing)
    return seen
