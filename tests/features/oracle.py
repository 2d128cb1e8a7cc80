"""The meaning of features, computed slowly from the definition: every window scans the whole log.

Nothing here is shared with the kernel. Sums are rational numbers.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

from sevenfold.data.fields import Kind
from sevenfold.data.money import digits
from sevenfold.features.expression import Aggregate, Call, FieldOf, Literal, walk

HOUR, DAY = 3_600_000, 86_400_000


def exact(event, name, row):
    """A field in its declared unit: money as an exact fraction of major units."""
    value = row[name]
    field = event.__fields__[name]
    if value is None:
        return None
    if field.kind is Kind.MONEY:
        currency = field.currency or (row[field.currency_field] if field.currency_field else None)
        return Fraction(value, 10 ** (digits(currency) if currency else 2))
    if field.kind is Kind.FLOAT:
        return float(value)
    return value


def number(value):
    if isinstance(value, bool):
        return float(value)
    return float(value) if isinstance(value, (int, Fraction)) else value


def finite(value):
    return None if value is None or math.isinf(value) or math.isnan(value) else value


class Duration(int):
    """Milliseconds that read as seconds."""


def as_number(value):
    return int(value) / 1000 if isinstance(value, Duration) else number(value)


def is_exact(value):
    return isinstance(value, (int, Fraction)) and not isinstance(value, bool)


def call(operation, parts):
    """One row-wise operation on Python values, None for null."""
    if operation == "is_null":
        return parts[0] is None
    if operation == "fill_null":
        return parts[1] if parts[0] is None else parts[0]
    if operation == "choose":
        return parts[1] if parts[0] is True else parts[2]
    if operation == "and":
        return False if False in parts else None if None in parts else True
    if operation == "or":
        return True if True in parts else None if None in parts else False
    if parts[0] is None or (operation != "is_in" and None in parts):
        return None
    if operation == "not":
        return not parts[0]
    if operation == "is_in":
        return parts[0] in parts[1:]
    if operation in ("equal", "unequal", "less", "less_equal"):
        a, b = parts
        if isinstance(a, str) or type(a) is type(b):
            pass
        else:
            a, b = as_number(a), as_number(b)
        return {"equal": a == b, "unequal": a != b}.get(operation) if operation in ("equal", "unequal") else (
            a < b if operation == "less" else a <= b
        )
    if operation == "hour":
        return parts[0] // HOUR % 24
    if operation in ("day_of_week", "is_weekend"):
        day = (parts[0] // DAY + 3) % 7 + 1
        return day if operation == "day_of_week" else day >= 6
    if operation in ("add", "subtract") and type(parts[0]) is type(parts[1]) and is_exact(parts[0]):
        result = parts[0] + parts[1] if operation == "add" else parts[0] - parts[1]
        return type(parts[0])(result)
    if operation in ("negate", "absolute") and is_exact(parts[0]):
        return type(parts[0])(-parts[0] if operation == "negate" else abs(parts[0]))
    numbers = [as_number(part) for part in parts]
    if operation == "add":
        return finite(numbers[0] + numbers[1])
    if operation == "subtract":
        return finite(numbers[0] - numbers[1])
    if operation == "multiply":
        return finite(numbers[0] * numbers[1])
    if operation == "divide":
        return finite(numbers[0] / numbers[1]) if numbers[1] else None
    if operation == "negate":
        return -numbers[0]
    if operation == "absolute":
        return abs(numbers[0])
    if operation == "log1p":
        return math.log1p(numbers[0]) if numbers[0] > -1 else None
    if operation == "minimum":
        return min(numbers)
    if operation == "maximum":
        return max(numbers)
    raise AssertionError(operation)


class Oracle:
    """Features over a log of ``(event class, physical row)`` in log order."""

    def __init__(self, features, log, lateness=None):
        self.features = {name: features.resolved(name) for name in features}
        self.log = log
        self.lateness = lateness
        self.sources = set()
        for expression in self.features.values():
            for part in walk(expression):
                if isinstance(part, Aggregate):
                    fields = sorted((self.kind(key), key.name) for key in part.keys)
                    self.sources.add((part.stream, tuple(fields)))

    @staticmethod
    def kind(key):
        return key.event.__fields__[key.name].entity or key.name

    def at(self, i):
        """Features at event ``i`` of the log, as a dict."""
        event, row = self.log[i]
        return {name: self.value(expression, event, row, i) for name, expression in self.features.items()}

    def value(self, expression, event, row, i):
        if isinstance(expression, FieldOf):
            return exact(event, expression.name, row)
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Call):
            parts = [self.value(part, event, row, i) for part in expression.arguments]
            if expression.operation == "subtract" and self.are_times(expression, event):
                return None if None in parts else Duration(parts[0] - parts[1])
            return call(expression.operation, parts)
        return self.aggregate(expression, event, row, i)

    @staticmethod
    def are_times(expression, event):
        return all(
            isinstance(part, FieldOf) and event.__fields__[part.name].kind is Kind.TIMESTAMP
            for part in expression.arguments
        )

    def aggregate(self, node, event, row, i):
        kinds = [self.kind(key) for key in node.keys]
        if node.places:
            entities = [row[place.name] for place in node.places]
        elif node.stream is event:
            entities = [row[key.name] for key in node.keys]
        else:
            by_kind = {field.entity or name: name for name, field in event.__fields__.items() if field.kind is Kind.ENTITY}
            entities = [row[by_kind[kind]] for kind in kinds]
        zero = {"count": 0, "n_unique": 0, "sum": 0}.get(node.function)
        if node.function in ("decayed_sum", "decayed_count"):
            zero = 0.0 if None not in entities else None
        if None in entities:
            return zero
        pairs = sorted(zip(kinds, entities, range(len(kinds)), strict=True), key=lambda pair: pair[0])
        wanted_kinds, wanted = [p[0] for p in pairs], tuple(p[1] for p in pairs)
        clock, rows, newest = -math.inf, [], -math.inf
        for j in range(i + 1):
            stream, other = self.log[j]
            time = other[stream.__time__]
            newest = max(newest, time)
            for source, fields in self.sources:
                if source is stream and [kind for kind, _ in fields] == wanted_kinds and tuple(other[name] for _, name in fields) == wanted:
                    clock = max(clock, time)
            if stream is node.stream:
                names = [node.keys[p[2]].name for p in pairs]
                if tuple(other[name] for name in names) == wanted:
                    rows.append((time, j, stream, other))
        end = max(row[event.__time__], clock)
        if self.lateness is not None:
            end = max(end, newest - self.lateness)
        rows.sort(key=lambda one: (one[0], one[1]))
        values = []
        for time, j, stream, other in rows:
            if node.where is not None and self.value(node.where, stream, other, j) is not True:
                continue
            x = 1 if node.operand is None else self.value(node.operand, stream, other, j)
            if x is not None:
                values.append((time, j, x))
        return self.over(node, values, end, i, zero)

    def over(self, node, values, end, i, zero):
        function = node.function
        if node.windows:
            window = node.windows[0]
            until = end - window.delay
            since = -math.inf if window.width is None else until - window.width
            inside = [x for time, _, x in values if since < time <= until]
            return self.windowed(function, inside, zero)
        before = [(time, x) for time, j, x in values if j != i]
        own = [x for _, j, x in values if j == i]
        if function == "since_last":
            return Duration(end - before[-1][0]) if before else None
        if function == "since_first":
            return Duration(end - values[0][0]) if values else None
        if function == "lag":
            return before[-node.n][1] if len(before) >= node.n else None
        if function == "changed":
            return (own[0] != before[-1][1]) if own and before else None
        return sum((as_number(x) * 0.5 ** ((end - time) / node.half_life) for time, _, x in values), 0.0)

    @staticmethod
    def windowed(function, inside, zero):
        if function == "count":
            return len(inside)
        if function == "n_unique":
            return len(set(inside))
        if not inside:
            return zero
        if function in ("first", "last"):
            return inside[0 if function == "first" else -1]
        if function in ("min", "max"):
            return min(inside) if function == "min" else max(inside)
        scale = 1000 if isinstance(inside[0], Duration) else 1
        exact_values = [Fraction(int(x)) / scale if not isinstance(x, (float, Fraction)) else Fraction(x) for x in inside]
        total, n = sum(exact_values), len(exact_values)
        if function in ("sum", "mean") and abs(total) > Fraction(2) ** 1023:
            return None
        if function == "sum":
            return total
        if function == "mean":
            return total / n
        if n < 2:
            return None
        mean = total / n
        variance = sum((x - mean) ** 2 for x in exact_values) / (n - 1)
        return Std(variance)


class Std(Fraction):
    """A standard deviation, held as its square."""


def same(got, expected, expression):
    """Whether a feature's value is what the oracle says."""
    if expected is None or got is None:
        return got is None and expected is None
    if isinstance(expected, Std):
        with localcontext(prec=60):
            root = float((Decimal(expected.numerator) / Decimal(expected.denominator)).sqrt())
        return abs(got - root) <= 1e-9 * root
    if isinstance(expected, Duration):
        return got == int(expected) / 1000
    inexact = any(
        isinstance(part, Aggregate) and part.function in ("mean", "std", "decayed_sum", "decayed_count")
        for part in walk(expression)
    )
    if isinstance(expected, str):
        return got == expected
    value = float(expected)
    if isinstance(expression, Aggregate) and expression.function == "mean":
        return abs(got - value) <= math.ulp(value)
    if inexact:
        return math.isclose(got, value, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(expected, Fraction) and expected.denominator > 1 and abs(expected) > 2**39:
        return abs(got - value) <= math.ulp(value)
    return got == value
