"""The expression language of features: what a column means, and nothing of how it is computed.

Expressions are immutable trees. Operators build larger ones; aggregates turn the rows of a stream into one
value per entity, read at the deciding event. Two expressions that are written alike have equal signatures,
which is how the planner shares work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.data.event import EventType
    from sevenfold.features.aggregate import Aggregate
    from sevenfold.features.described import Described

__all__ = ["Call", "Expression", "FieldOf", "Literal", "Reference", "as_expression", "feature", "walk"]


class Expression:
    """A column of one value an event.

    Arithmetic (``+ - * /``), comparison (``< <= > >= == !=``) and logic (``& | ~``) build larger expressions.
    A null operand gives null, save that ``False & null`` is false and ``True | null`` is true; a division by
    zero and a result that is not finite give null.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def signature(self) -> tuple[Any, ...]:
        """A key that is equal for expressions that are written alike."""
        raise TypeError(f"{type(self).__name__} has no signature")  # every kind of expression has its own

    def children(self) -> tuple[Expression, ...]:
        """The expressions that this one is made of."""
        return ()

    def __bool__(self) -> bool:
        raise DesignError(
            "An expression has no truth value while a design is declared",
            [Fault("feature", "& | ~ between conditions", "and, or, not or if")],
        )

    # Arithmetic.
    def __add__(self, other: object) -> Expression:
        return Call("add", (self, as_expression(other)))

    def __radd__(self, other: object) -> Expression:
        return Call("add", (as_expression(other), self))

    def __sub__(self, other: object) -> Expression:
        return Call("subtract", (self, as_expression(other)))

    def __rsub__(self, other: object) -> Expression:
        return Call("subtract", (as_expression(other), self))

    def __mul__(self, other: object) -> Expression:
        return Call("multiply", (self, as_expression(other)))

    def __rmul__(self, other: object) -> Expression:
        return Call("multiply", (as_expression(other), self))

    def __truediv__(self, other: object) -> Expression:
        return Call("divide", (self, as_expression(other)))

    def __rtruediv__(self, other: object) -> Expression:
        return Call("divide", (as_expression(other), self))

    def __neg__(self) -> Expression:
        return Call("negate", (self,))

    def __abs__(self) -> Expression:
        return Call("absolute", (self,))

    def abs(self) -> Expression:
        """The absolute value."""
        return Call("absolute", (self,))

    def log1p(self) -> Expression:
        """The natural logarithm of one more; null at or below minus one."""
        return Call("log1p", (self,))

    def clip(self, lower: object = None, upper: object = None) -> Expression:
        """Hold between two bounds, either of which may be left out."""
        result: Expression = self
        if lower is not None:
            result = Call("maximum", (result, as_expression(lower)))
        if upper is not None:
            result = Call("minimum", (result, as_expression(upper)))
        return result

    # Comparison and logic.
    def __lt__(self, other: object) -> Expression:
        return Call("less", (self, as_expression(other)))

    def __le__(self, other: object) -> Expression:
        return Call("less_equal", (self, as_expression(other)))

    def __gt__(self, other: object) -> Expression:
        return Call("less", (as_expression(other), self))

    def __ge__(self, other: object) -> Expression:
        return Call("less_equal", (as_expression(other), self))

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return Call("equal", (self, as_expression(other)))

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return Call("unequal", (self, as_expression(other)))

    def __and__(self, other: object) -> Expression:
        return Call("and", (self, as_expression(other)))

    def __rand__(self, other: object) -> Expression:
        return Call("and", (as_expression(other), self))

    def __or__(self, other: object) -> Expression:
        return Call("or", (self, as_expression(other)))

    def __ror__(self, other: object) -> Expression:
        return Call("or", (as_expression(other), self))

    def __invert__(self) -> Expression:
        return Call("not", (self,))

    def is_in(self, *values: object) -> Expression:
        """Whether the value is one of some texts or integers."""
        flat = (
            values[0] if len(values) == 1 and isinstance(values[0], (list, tuple, set, frozenset)) else values
        )
        members = sorted(flat, key=repr) if isinstance(flat, (set, frozenset)) else list(flat)
        return Call("is_in", (self, *(as_expression(value) for value in members)))

    def is_null(self) -> Expression:
        """Whether there is no value."""
        return Call("is_null", (self,))

    def fill_null(self, value: object) -> Expression:
        """Put ``value`` where there is none."""
        return Call("fill_null", (self, as_expression(value)))

    def described(self, what: str, customer: str = "") -> Described:
        """Say what the whole feature is called in reasons, and what is said to a customer."""
        # Imported late: a description is an expression, and every expression can be described.
        from sevenfold.features.described import Described

        return Described(self, what, customer)

    # Parts of a time, in UTC.
    def hour(self) -> Expression:
        """Hour of the day, 0–23, UTC."""
        return Call("hour", (self,))

    def day_of_week(self) -> Expression:
        """Day of the week, 1 (Monday) to 7 (Sunday) as in ISO 8601, UTC."""
        return Call("day_of_week", (self,))

    def is_weekend(self) -> Expression:
        """Whether the day is a Saturday or a Sunday, UTC."""
        return Call("is_weekend", (self,))

    # Aggregates over the events of a stream that share an entity.
    def count(self, where: object = None) -> Aggregate:
        """How many events of a window have a value here."""
        return _aggregate("count", self, where)

    def sum(self, where: object = None) -> Aggregate:
        """Sum over a window, exact before one rounding; 0 when empty."""
        return _aggregate("sum", self, where)

    def mean(self, where: object = None) -> Aggregate:
        """Mean over a window; of a condition, the share of events that meet it. Null when empty."""
        return _aggregate("mean", self, where)

    def std(self, where: object = None) -> Aggregate:
        """Sample standard deviation over a window; null below two values."""
        return _aggregate("std", self, where)

    def min(self, where: object = None) -> Aggregate:
        """Least value of a window; null when empty."""
        return _aggregate("min", self, where)

    def max(self, where: object = None) -> Aggregate:
        """Greatest value of a window; null when empty."""
        return _aggregate("max", self, where)

    def n_unique(self, where: object = None) -> Aggregate:
        """How many different values a window holds."""
        return _aggregate("n_unique", self, where)

    def first(self, where: object = None) -> Aggregate:
        """Value of the earliest event of a window; null when empty."""
        return _aggregate("first", self, where)

    def last(self, where: object = None) -> Aggregate:
        """Value of the latest event of a window, null when empty; of a profile, over ``"all"``."""
        return _aggregate("last", self, where)

    def decayed_sum(self, half_life: str, where: object = None) -> Aggregate:
        """Sum in which an event weighs half after each ``half_life``."""
        return _aggregate("decayed_sum", self, where, half_life=duration_ms(half_life, "half_life"))

    def since_last(self, where: object = None) -> Aggregate:
        """Time since the entity's event before this one (of its time field); null for the first."""
        return _aggregate("since_last", self, where)

    def since_first(self, where: object = None) -> Aggregate:
        """Time since the entity's first event, this one included (of its time field)."""
        return _aggregate("since_first", self, where)

    def lag(self, n: int = 1, where: object = None) -> Aggregate:
        """Value of the entity's ``n``-th event before this one, events without a value left out."""
        return _aggregate("lag", self, where, n=n)

    def changed(self, where: object = None) -> Aggregate:
        """Whether the value differs from that of the entity's event before; null without one."""
        return _aggregate("changed", self, where)


@dataclass(frozen=True, slots=True, eq=False)
class FieldOf(Expression):
    """A field of an event."""

    event: EventType
    name: str

    def signature(self) -> tuple[Any, ...]:
        """The event and the field."""
        return ("field", self.event.__name__, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Expression):
    """A constant: a bool, an int, a float or a text."""

    value: bool | int | float | str

    def signature(self) -> tuple[Any, ...]:
        """The value and its type: True is not 1."""
        return ("literal", type(self.value).__name__, self.value)


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expression):
    """A row-wise operation."""

    operation: str
    arguments: tuple[Expression, ...]

    def signature(self) -> tuple[Any, ...]:
        """The operation and the signatures of what it is applied to."""
        return (self.operation, *(argument.signature() for argument in self.arguments))

    def children(self) -> tuple[Expression, ...]:
        """What the operation is applied to."""
        return self.arguments


@dataclass(frozen=True, slots=True, eq=False)
class Reference(Expression):
    """Another feature of the same design, by name."""

    name: str

    def signature(self) -> tuple[Any, ...]:
        """The name, whatever it stands for."""
        return ("feature", self.name)


def _aggregate(
    function: str, operand: Expression, where: object, *, half_life: int | None = None, n: int | None = None
) -> Aggregate:
    # Imported late: an aggregate is an expression, and every expression can be aggregated.
    from sevenfold.features.aggregate import aggregate

    return aggregate(function, operand, where, half_life=half_life, n=n)


def as_expression(value: object) -> Expression:
    """An expression as it is, a constant as a literal.

    Raises
    ------
    DesignError
        When it is neither.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, (bool, int, float, str)):
        return Literal(value)
    expected = "an expression, a number, a bool or a text"
    raise DesignError("This cannot be part of a feature", [Fault("feature", expected, repr(value))])


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything in it."""
    yield expression
    for child in expression.children():
        yield from walk(child)


def feature(name: str) -> Reference:
    """Refer to another feature of the same declaration by the name of its column."""
    return Reference(name)
