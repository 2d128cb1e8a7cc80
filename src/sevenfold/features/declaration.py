"""``sf.features(...)``: the features of a design, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault
from sevenfold.features.aggregate import Aggregate, Window
from sevenfold.features.check import Checker
from sevenfold.features.described import Described
from sevenfold.features.expression import Call, Expression, FieldOf, Reference, as_expression, walk

if TYPE_CHECKING:
    from sevenfold.data.event import EventType
    from sevenfold.features.value import ValueType

__all__ = ["FeatureSet", "features"]


class FeatureSet(Mapping[str, Expression]):
    """Checked features by column name, windows spread out, in the order of declaration.

    Parameters
    ----------
    expressions
        One expression a column, each with at most one window an aggregate.
    types
        The type of each.
    descriptions
        The words of those that have their own, by column.
    """

    def __init__(
        self,
        expressions: Mapping[str, Expression],
        types: Mapping[str, ValueType],
        descriptions: Mapping[str, Described] | None = None,
    ) -> None:
        self._expressions = dict(expressions)
        self.types = dict(types)
        self.descriptions = dict(descriptions or {})

    def __getitem__(self, name: str) -> Expression:
        return self._expressions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._expressions)

    def __len__(self) -> int:
        return len(self._expressions)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._expressions)

    def resolved(self, name: str) -> Expression:
        """The expression of a column with references to other features put in."""
        return _resolve(self._expressions[name], self._expressions)

    def streams(self) -> list[EventType]:
        """Every event that some feature reads."""
        found: dict[str, EventType] = {}
        for expression in self._expressions.values():
            for part in walk(expression):
                if isinstance(part, FieldOf):
                    found[part.event.__name__] = part.event
                elif isinstance(part, Aggregate):
                    found[part.stream.__name__] = part.stream
        return list(found.values())

    def is_count(self, name: str) -> bool:
        """Whether a column holds integers: counts do, all else is Float64 or text."""
        expression = self.resolved(name)
        return isinstance(expression, Aggregate) and expression.function in ("count", "n_unique")


def features(**declared: object) -> FeatureSet:
    """Declare features by name.

    An aggregate over several windows becomes one column a window, with the window as suffix
    (``card_count_1h``); so does a plain aggregate over one. A larger expression around one window keeps its
    name.

    Raises
    ------
    DesignError
        With everything that is wrong, by name: unknown fields, types that do not fit, windows that are not
        positive, cycles, names used twice.
    """
    expanded: dict[str, Expression] = {}
    declared_by: dict[str, str] = {}
    descriptions: dict[str, Described] = {}
    faults: list[Fault] = []
    for name, value in declared.items():
        try:
            expression, description = _undescribed(as_expression(value))
            columns = list(_spread(name, expression))
        except DesignError as error:
            faults.extend(replace(fault, where=f"features.{name}") for fault in error.faults)
            continue
        for column, part in columns:
            if declared_by.setdefault(column, name) != name:
                hint = "Rename one of the two features that make it"
                faults.append(
                    Fault(f"features.{name}", "a name of its own", f"{column!r} a second time", hint)
                )
            expanded[column] = part
            if description is not None:
                descriptions[column] = description
    checker = Checker(expanded)
    types = {column: checker.check(column, f"features.{declared_by[column]}") for column in expanded}
    if not declared:
        faults.append(Fault("features", "at least one feature", "none"))
    faults.extend(checker.faults)
    if faults:
        raise DesignError("These features cannot be built", faults)
    return FeatureSet(
        expanded, {name: type_ for name, type_ in types.items() if type_ is not None}, descriptions
    )


def _undescribed(expression: Expression) -> tuple[Expression, Described | None]:
    """Take the words off a feature."""
    description = expression if isinstance(expression, Described) else None
    bare = expression if description is None else description.expression
    if next(Described.within(bare), None) is not None:
        fault = Fault("feature", ".described(...) once, around the whole feature", "one around a part of it")
        raise DesignError("A part of a feature has no words of its own", [fault])
    return bare, description


def _spread(name: str, expression: Expression) -> Iterator[tuple[str, Expression]]:
    """One column for each window that an expression is over."""
    counts = {len(part.windows) for part in walk(expression) if isinstance(part, Aggregate) and part.windows}
    many = sorted(count for count in counts if count > 1)
    if len(many) > 1:
        raise DesignError(
            "Windows do not pair",
            [
                Fault(
                    name,
                    "one window, or the same windows, in all parts",
                    " and ".join(map(str, many)) + " windows",
                )
            ],
        )
    if not many:
        plain = isinstance(expression, Aggregate) and expression.windows
        yield (f"{name}_{expression.windows[0].text}" if plain else name), expression  # type: ignore[attr-defined]
        return
    lists = {
        tuple(window.text for window in part.windows)
        for part in walk(expression)
        if isinstance(part, Aggregate) and len(part.windows) > 1
    }
    if len(lists) > 1:
        got = " and ".join(sorted(", ".join(texts) for texts in lists))
        raise DesignError("Windows do not pair", [Fault(name, "the same windows in all parts", got)])
    for position, text in enumerate(next(iter(lists))):
        yield f"{name}_{text}", _narrow(expression, position)


def _narrow(expression: Expression, position: int) -> Expression:
    """The expression with the window at ``position`` alone, where there are several."""
    if isinstance(expression, Aggregate):
        windows: tuple[Window, ...] = expression.windows
        return (
            replace(expression, windows=windows[position : position + 1]) if len(windows) > 1 else expression
        )
    if isinstance(expression, Call):
        return Call(expression.operation, tuple(_narrow(part, position) for part in expression.arguments))
    return expression


def _resolve(expression: Expression, by_name: Mapping[str, Expression]) -> Expression:
    if isinstance(expression, Reference):
        return _resolve(by_name[expression.name], by_name)
    if isinstance(expression, Call):
        return Call(expression.operation, tuple(_resolve(part, by_name) for part in expression.arguments))
    return expression
