"""Operations: what the kernel computes for an aggregate, and which columns of a series it needs for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.features.kernel import layout as w
from sevenfold.features.value import UNIT, ValueType
from sevenfold.features.window import duration_text

if TYPE_CHECKING:
    from sevenfold.features.aggregate import Aggregate
    from sevenfold.features.series import Series

__all__ = ["Operation", "operation_of", "operation_text"]

_NAMES = {
    w.COUNT: "count",
    w.SUM: "sum",
    w.STD: "std",
    w.EXTREME: "extreme",
    w.FIRST: "first",
    w.LAST: "last",
    w.N_UNIQUE: "n_unique",
    w.EXTREME_EVER: "extreme ever",
    w.FIRST_EVER_VALUE: "first ever",
    w.SINCE_LAST: "since last",
    w.SINCE_FIRST: "since first",
    w.LAG: "lag",
    w.CHANGED: "changed",
    w.DECAY: "decayed",
}
_STATEFUL = (w.SINCE_LAST, w.SINCE_FIRST, w.LAG, w.CHANGED, w.DECAY)
_OF_ROWS = (w.COUNT, w.SINCE_LAST, w.SINCE_FIRST)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a reader; fields as in `kernel.layout`, without the slot."""

    code: int
    window: int = -1
    delay: int = 0
    column: int = 0
    auxiliary: int = 0


def operation_text(operation: Operation, series: Series) -> str:
    """An operation for people: everything that tells it from another one of the series."""
    name = _NAMES[operation.code]
    if operation.code == w.EXTREME:
        name = "minimum" if series.stacks[operation.auxiliary][1] > 0 else "maximum"
    elif operation.code == w.LAG:
        name = f"lag {operation.auxiliary}"
    of = "" if operation.code in _OF_ROWS else f" of column {operation.column}"
    over = f" over window {operation.window}" if operation.window >= 0 else ""
    if operation.window < 0 and operation.code not in _STATEFUL:
        delay = series.delays[operation.delay]
        over = " over all" + (f" delayed {duration_text(delay)}" if delay else "")
    return f"{name}{of}{over} of series {series.number}"


def operation_of(
    series: Series, node: Aggregate, operand: ValueType, word: int, lookup: int
) -> tuple[Operation, ValueType]:
    """The operation that computes an aggregate, and the type of what it gives.

    Parameters
    ----------
    series
        Gets the windows and columns that the operation needs.
    operand, word
        Type of the operand, and its row of the input matrix.
    lookup
        The number, under its key, of the lookup that reads it.
    """
    if node.windows:
        window, delay = series.window(node.windows[0].width, node.windows[0].delay)
        if node.function in ("min", "max"):
            return _extreme(series, node.function, operand, word, window, delay, lookup), operand
        return _windowed(series, node.function, operand, word, window, delay)
    series.permanent = True
    return _stateful(series, node, operand, word)


def _windowed(
    series: Series, function: str, operand: ValueType, word: int, window: int, delay: int
) -> tuple[Operation, ValueType]:
    if function == "count":
        return Operation(w.COUNT, window, delay), ValueType.INTEGER
    if function in ("sum", "mean"):
        total = series.column(w.TOTAL, word, operand)
        return Operation(w.SUM, window, delay, total, UNIT[operand]), ValueType.FLOAT
    if function == "std":
        total, square = series.column(w.TOTAL, word, operand), series.column(w.SQUARE, word, operand)
        return Operation(w.STD, window, delay, total, square), ValueType.FLOAT
    if function == "n_unique":
        value = series.column(w.VALUE, word, operand)
        links = series.column(w.LINKS, word, operand, value)
        counter = series.counter(links, window, delay)
        return Operation(w.N_UNIQUE, window, delay, value, counter), ValueType.INTEGER
    if function == "first" and window < 0:
        return Operation(w.FIRST_EVER_VALUE, -1, delay, series.column(w.FIRST_EVER, word, operand)), operand
    code = w.FIRST if function == "first" else w.LAST
    return Operation(code, window, delay, series.column(w.VALUE, word, operand)), operand


def _extreme(
    series: Series, function: str, operand: ValueType, word: int, window: int, delay: int, lookup: int
) -> Operation:
    if window < 0:
        kind = w.RUNNING_MIN if function == "min" else w.RUNNING_MAX
        return Operation(w.EXTREME_EVER, -1, delay, series.column(kind, word, operand))
    value = series.column(w.VALUE, word, operand)
    stack = series.stack(value, 1 if function == "min" else -1, delay, lookup)
    return Operation(w.EXTREME, window, delay, value, stack)


def _stateful(series: Series, node: Aggregate, operand: ValueType, word: int) -> tuple[Operation, ValueType]:
    if node.function in ("since_last", "since_first"):
        code = w.SINCE_LAST if node.function == "since_last" else w.SINCE_FIRST
        return Operation(code), ValueType.DURATION
    if node.function == "lag":
        back = node.n or 1
        series.keep = max(series.keep, back + 1)
        return Operation(w.LAG, -1, 0, series.column(w.VALUE, word, operand), back), operand
    if node.function == "changed":
        series.keep = max(series.keep, 2)
        return Operation(w.CHANGED, -1, 0, series.column(w.VALUE, word, operand)), ValueType.BOOLEAN
    half_life = node.half_life or 1
    return Operation(w.DECAY, -1, 0, series.column(w.DECAYED, word, operand, half_life)), ValueType.FLOAT
