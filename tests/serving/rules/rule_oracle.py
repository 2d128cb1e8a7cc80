"""Random rules, each as its text and as a slow function of Python values with `None` for null.

The function is made beside the text, never from it, so that it shares nothing with the parser, the checker
or the kernel. Exact kinds are fractions; whatever is mixed is compared as the nearest double.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from orders import COUNTRIES, Order

from sevenfold.data.money import DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

__all__ = ["Part", "conditions", "known_values"]

Values = dict[str, Any]
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_LARGEST = 2**63 - 1
_MONEY_UNIT = 10_000


@dataclass(frozen=True)
class Part:
    """A piece of a rule: its text, the kind of its values, and what they are."""

    text: str
    kind: str
    value: Callable[[Values], Any]


def known_values(row: tuple[Any, ...], features: Values, score: float, risk: int | None) -> Values:
    """Everything that a rule can speak of, by the name that it has there."""
    found = dict(zip(Order.__fields__, row, strict=True))
    found["amount"] = Fraction(found["amount"], 10 ** DIGITS[found["currency"]])
    found["limit"] = None if found["limit"] is None else Fraction(found["limit"])
    for name, value in features.items():
        known = value if value is None or name in ("before", "count_1h") else float(value)
        found[f"features.{name}"] = known
    for name in ("changed", "hour"):
        value = features[name]
        found[f"features.{name}"] = None if value is None else int(value)
    found["score"] = None if math.isnan(score) else score
    found["risk_score"] = risk
    return found


def _name(text: str, kind: str, key: str | None = None) -> Part:
    return Part(text, kind, lambda values: values[key or text])


_NUMBERS = (
    _name("amount", "money"),
    _name("Order.amount", "money", "amount"),
    _name("limit", "money"),
    _name("items", "integer"),
    _name("Order.weight", "float", "weight"),
    _name("features.weight", "float"),
    _name("count_1h", "integer", "features.count_1h"),
    _name("mean_1d", "float", "features.mean_1d"),
    _name("idle", "float", "features.idle"),
    _name("hour", "integer", "features.hour"),
    _name("score", "float"),
    _name("risk_score", "integer"),
    _name("model.score", "float", "score"),
)
_TEXTS = (_name("country", "text"), _name("before", "text", "features.before"))


def _as_float(part: Part, values: Values) -> float | None:
    value = part.value(values)
    return None if value is None else float(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _both(a: Part, b: Part, values: Values) -> tuple[Any, Any] | None:
    """Two values to compare or add, exact where they are of one kind; None where one is null."""
    same = a.kind == b.kind
    x, y = (part.value(values) if same else _as_float(part, values) for part in (a, b))
    return None if x is None or y is None else (x, y)


def _arithmetic(sign: str, a: Part, b: Part) -> Part:
    exact = sign in "+-" and a.kind == b.kind and a.kind in ("integer", "money")

    def value(values: Values) -> Any:
        if exact:
            pair = _both(a, b, values)
            if pair is None:
                return None
            total = pair[0] + pair[1] if sign == "+" else pair[0] - pair[1]
            return total if abs(total * (_MONEY_UNIT if a.kind == "money" else 1)) <= _LARGEST else None
        x, y = _as_float(a, values), _as_float(b, values)
        if x is None or y is None:
            return None
        if sign == "/":
            return _finite(x / y) if y else None
        return _finite({"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](x, y))

    return Part(f"({a.text} {sign} {b.text})", a.kind if exact else "float", value)


def _compared(a: Part, sign: str, b: Part) -> Part:
    def value(values: Values) -> bool | None:
        pair = _both(a, b, values)
        return None if pair is None else _COMPARE[sign](*pair)

    return Part(f"{a.text} {sign} {b.text}", "condition", value)


def _not(a: Part, text: str) -> Part:
    def value(values: Values) -> bool | None:
        known = a.value(values)
        return None if known is None else not known

    return Part(text, "condition", value)


def _logic(word: str, parts: list[Part]) -> Part:
    decisive = word == "or"

    def value(values: Values) -> bool | None:
        known = [part.value(values) for part in parts]
        if decisive in known:
            return decisive
        return None if None in known else not decisive

    return Part(f" {word} ".join(f"({part.text})" for part in parts), "condition", value)


@st.composite
def literals(draw: DrawFn) -> Part:
    """A constant of a number."""
    value = draw(st.integers(-30, 30) | st.sampled_from([0.5, 2.0, -1.25, 1e5]))
    return Part(repr(value), "integer" if isinstance(value, int) else "float", lambda _: value)


@st.composite
def numbers(draw: DrawFn, depth: int = 1) -> Part:
    """A number: a name, or arithmetic."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(_NUMBERS))
    sign = draw(st.sampled_from("+-*/"))
    return _arithmetic(sign, draw(numbers(depth - 1)), draw(numbers(depth - 1) | literals()))


@st.composite
def conditions(draw: DrawFn, depth: int = 2) -> Part:
    """A condition."""
    kind = draw(st.integers(0, 9 if depth else 6))
    if kind <= 1:
        sign = draw(st.sampled_from(sorted(_COMPARE)))
        return _compared(draw(numbers()), sign, draw(numbers() | literals()))
    if kind == 2:
        text = draw(st.sampled_from(_TEXTS))
        other = draw(st.sampled_from(_TEXTS) | st.sampled_from(COUNTRIES).map(_quoted))
        return _compared(text, draw(st.sampled_from(["==", "!="])), other)
    if kind == 3:
        return draw(memberships())
    if kind == 4:
        part = draw(st.sampled_from((*_NUMBERS, *_TEXTS, _name("due", "time"), _name("device", "text"))))
        found = Part(f"{part.text} is None", "condition", lambda values: part.value(values) is None)
        negated = Part(f"{part.text} is not None", "condition", lambda values: part.value(values) is not None)
        return draw(st.sampled_from([found, negated]))
    if kind == 5:
        return draw(st.sampled_from([_truth("gift", "gift"), _truth("changed", "features.changed")]))
    if kind == 6:
        a, b, c = draw(literals()), draw(numbers()), draw(literals())
        pair = _logic("and", [_compared(a, "<", b), _compared(b, "<=", c)])
        return Part(f"{a.text} < {b.text} <= {c.text}", "condition", pair.value)
    inner = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
    if kind == 7:
        return _not(inner[0], f"not ({inner[0].text})")
    return _logic("and" if kind == 8 else "or", inner)


@st.composite
def memberships(draw: DrawFn) -> Part:
    """``in`` and ``not in``, over texts and integers; few members and many are compiled differently."""
    part = draw(
        st.sampled_from((*_TEXTS, _name("items", "integer"), _name("hour", "integer", "features.hour")))
    )
    members: list[Any] = [*COUNTRIES, "FR", "GB"] if part.kind == "text" else list(range(-3, 9))
    chosen = draw(st.lists(st.sampled_from(members), min_size=1, max_size=6))

    def value(values: Values) -> bool | None:
        known = part.value(values)
        return None if known is None else known in chosen

    listed = ", ".join(map(repr, chosen))
    inside = Part(f"{part.text} in ({listed},)", "condition", value)
    return draw(st.sampled_from([inside, _not(inside, f"{part.text} not in [{listed}]")]))


def _quoted(text: str) -> Part:
    return Part(repr(text), "text", lambda _: text)


def _truth(text: str, key: str) -> Part:
    return Part(text, "condition", lambda values: None if values[key] is None else bool(values[key]))
