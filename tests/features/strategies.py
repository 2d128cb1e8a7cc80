"""Random designs for Hypothesis.

They are drawn from the whole expression language, and each can be built: types fit, and the deciding event
has the entities.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from implementations import Case
from random_logs import logs
from sample_events import EVENTS, Chargeback, Payment, Profile, Transfer

import sevenfold as sf
from sevenfold.data.fields import Kind
from sevenfold.features.expression import FieldOf, as_expression

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from sevenfold.data.event import EventType
    from sevenfold.features.aggregate import Aggregate
    from sevenfold.features.expression import Expression

__all__ = ["cases", "designs"]

WINDOWS = ("1ms", "10m", "1h", "1d", "7d", "all")
DELAYS = (None, None, "10m", "1d")
HALF_LIVES = ("10m", "1d")

_NUMBERS = (Kind.MONEY, Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN)
_TEXTS = (Kind.ENTITY, Kind.CATEGORY, Kind.TEXT)


@cache
def _fields(event: EventType, *kinds: Kind) -> SearchStrategy[Expression]:
    names = [name for name, field in event.__fields__.items() if field.kind in kinds]
    return st.sampled_from([FieldOf(event, name) for name in names])


# Row-wise expressions over one event.


@cache
def numbers(event: EventType, depth: int = 2) -> SearchStrategy[Expression]:
    """Numbers: fields, durations, arithmetic."""
    leaves = [_fields(event, *_NUMBERS)]
    if event is Payment:
        leaves.append(st.just(Payment.occurred_at - Payment.card_since))
    if event is Profile:
        leaves.append(st.just(sf.distance_km(Profile.latitude, Profile.longitude, 52.5, -13)))
    if depth == 0:
        return st.one_of(leaves)
    inner = numbers(event, depth - 1)
    other = st.one_of(inner, _literals())
    return st.one_of(
        *leaves,
        st.builds(_arithmetic, st.sampled_from("+-*/"), inner, other),
        st.builds(lambda x: abs(x), inner),
        st.builds(lambda x: -x, inner),
        st.builds(lambda x: x.log1p(), inner),
        st.builds(lambda x, low, high: x.clip(low, high), inner, _literals(), st.none() | _literals()),
        st.builds(lambda x, value: x.fill_null(value), inner, other),
        st.builds(
            lambda c, x, y: sf.when(c).then(x).otherwise(y), conditions(event, depth - 1), inner, other
        ),
    )


@cache
def conditions(event: EventType, depth: int = 1) -> SearchStrategy[Expression]:
    """Conditions: comparisons, tests, logic."""
    compared = st.builds(_comparison, st.sampled_from(_COMPARE), numbers(event, 0), _literals())
    leaves = [compared, st.builds(lambda x: x.is_null(), _fields(event, *Kind))]
    leaves.append(st.just(FieldOf(event, event.__time__).is_weekend()))
    leaves.append(st.builds(lambda x, y: x == y, _fields(event, *_TEXTS), _fields(event, *_TEXTS)))
    leaves.append(st.builds(lambda x, v: x.is_in(*v), _fields(event, *_TEXTS), st.sampled_from(_MEMBERS)))
    if any(field.kind is Kind.BOOLEAN for field in event.__fields__.values()):
        leaves.append(_fields(event, Kind.BOOLEAN))
    if depth == 0:
        return st.one_of(leaves)
    inner = conditions(event, depth - 1)
    logic = st.builds(_logic, st.sampled_from("&|~"), inner, inner)
    return st.one_of(*leaves, logic)


_MEMBERS = (("DE", "FR"), ("a",), ("a", "b", "EUR"))
_COMPARE = ("<", "<=", ">", ">=", "==", "!=")


@cache
def _literals() -> SearchStrategy[Any]:
    return st.sampled_from([0, 1, -3, 50, 2.5, 0.1, -1e300, True])


def _arithmetic(sign: str, x: Expression, y: Any) -> Expression:
    operations: dict[str, Callable[[Any, Any], Expression]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }
    return operations[sign](x, y)


def _comparison(sign: str, x: Expression, y: Any) -> Expression:
    operations: dict[str, Callable[[Any, Any], Any]] = {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
    }
    return operations[sign](x, y)


def _logic(sign: str, x: Expression, y: Expression) -> Expression:
    return ~x if sign == "~" else (x & y if sign == "&" else x | y)


# Aggregates that an event can be asked.


def _entities(event: EventType) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, field in event.__fields__.items():
        if field.kind is Kind.ENTITY:
            found.setdefault(field.entity or name, []).append(name)
    return found


@st.composite
def aggregates(draw: DrawFn, on: EventType, windows: int = 1) -> Aggregate:
    """Any aggregate of any stream that ``on`` can be asked, over up to ``windows`` windows."""
    held = _entities(on)
    stream = draw(st.sampled_from([one for one in EVENTS.values() if set(_entities(one)) & set(held)]))
    usable = [name for kind, names in _entities(stream).items() if kind in held for name in names]
    keys = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=2, unique=True))
    kinds = [stream.__fields__[name].entity or name for name in keys]
    node = draw(_functions(stream))
    node = node.by(*(FieldOf(stream, name) for name in keys))
    plain = stream is on or all(len(held[kind]) == 1 for kind in kinds)
    # Two keys of one type cannot be told apart by an event that holds one of it.
    plain = plain and (stream is on or len(set(kinds)) == len(kinds))
    if not plain or draw(st.integers(0, 4)) == 0:
        node = node.at(*(FieldOf(on, draw(st.sampled_from(held[kind]))) for kind in kinds))
    if node.function in _WINDOWED:
        chosen = st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=windows, unique=True)
        node = node.over(*draw(chosen), delay=draw(st.sampled_from(DELAYS)))
    return node


_WINDOWED = ("count", "sum", "mean", "std", "min", "max", "n_unique", "first", "last")


@st.composite
def _functions(draw: DrawFn, stream: EventType) -> Aggregate:
    where = draw(st.none() | conditions(stream))
    function = draw(st.sampled_from((*_WINDOWED, *_OTHERS)))
    anything = st.one_of(numbers(stream), _fields(stream, *_TEXTS), _fields(stream, Kind.TIMESTAMP))
    if function == "count" and draw(st.booleans()):
        return stream.count(where=where)
    if function == "decayed_count":
        return stream.decayed_count(draw(st.sampled_from(HALF_LIVES)), where=where)
    if function == "decayed_sum":
        # Held within bounds: a decayed sum is the one aggregate that is not exact.
        operand = draw(numbers(stream, 0)).clip(-1e6, 1e6)
        return operand.decayed_sum(draw(st.sampled_from(HALF_LIVES)), where=where)
    if function in ("since_last", "since_first"):
        return getattr(FieldOf(stream, stream.__time__), function)(where=where)
    if function in ("sum", "mean", "std"):
        return getattr(draw(st.one_of(numbers(stream), conditions(stream))), function)(where=where)
    if function in ("min", "max"):
        ordered = st.one_of(numbers(stream), _fields(stream, Kind.TIMESTAMP))
        return getattr(draw(ordered), function)(where=where)
    if function == "lag":
        return draw(anything).lag(draw(st.integers(1, 4)), where=where)
    return getattr(draw(anything), function)(where=where)


_OTHERS = ("since_last", "since_first", "lag", "changed", "decayed_count", "decayed_sum")


# Whole designs.


@st.composite
def _one_feature(draw: DrawFn, on: EventType) -> Expression:
    kind = draw(st.sampled_from(("row", "aggregate", "aggregate", "aggregate", "larger")))
    if kind == "row":
        return draw(st.one_of(numbers(on), conditions(on), _fields(on, *_TEXTS)))
    node = draw(aggregates(on, windows=3 if kind == "aggregate" else 1))
    if _is_time(node):
        first = draw(st.sampled_from([window.text for window in node.windows])) if node.windows else None
        narrowed = node if first is None else node.over(first)
        return FieldOf(on, on.__time__) - narrowed
    return node if kind == "aggregate" else draw(_around(node, on))


def _is_time(node: Aggregate) -> bool:
    from rowwise_oracle import type_of

    return type_of(node) == "time"


@st.composite
def _around(draw: DrawFn, node: Aggregate, on: EventType) -> Expression:
    """An expression around an aggregate."""
    from rowwise_oracle import type_of

    choices: list[Expression] = [node.is_null()]
    if type_of(node) == "text":
        choices += [node == "DE", node.is_in("DE", "a")]
    else:
        field = draw(numbers(on, 0))
        other = draw(aggregates(on))
        choices += [node.fill_null(0), node / field, field - node, node.clip(-1, 100), node > 2]
        choices.append(sf.when(node >= field).then(node).otherwise(field))
        if type_of(other) not in ("text", "time"):
            choices += [node / other, node + other, other.fill_null(node)]
    return draw(st.sampled_from(choices))


@st.composite
def designs(draw: DrawFn, on: EventType) -> sf.features:
    """One to five features."""
    drawn = draw(st.lists(_one_feature(on), min_size=1, max_size=5))
    return sf.features(**{f"f{number}": as_expression(one) for number, one in enumerate(drawn)})


@st.composite
def cases(draw: DrawFn) -> Case:
    """A random design and a random log that it is asked about."""
    on = draw(st.sampled_from([Payment, Payment, Transfer, Chargeback]))
    lateness = draw(st.sampled_from([None, None, 0, 600_000, 86_400_000]))
    return Case(draw(designs(on)), draw(logs(on)), on.__name__, lateness)
