"""What each mistake costs for each event: declared once, computed for one decision or for a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.fields import Kind
from sevenfold.errors import DesignError, Fault
from sevenfold.features.expression import Expression
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.value import MONEY_UNIT
from sevenfold.serving.rules.declared import declared_number
from sevenfold.serving.rules.runner import RuleCompiler, Runner
from sevenfold.serving.rules.translate import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.problem.problem import Cost, Problem
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["MISTAKES", "CostTable", "EventCosts"]

MISTAKES = ("missed", "false_alarm", "review")
_EXACT = 2**53
"""Up to here every whole number is a double."""

_UNITS = {Kind.MONEY: MONEY_UNIT, Kind.INTEGER: 1, Kind.FLOAT: 1}


@dataclass(frozen=True, eq=False)
class CostTable:
    """What is at stake and what each mistake costs, zero or more; float64, shape (rows,), major units."""

    amount: NDArray[np.float64]
    missed: NDArray[np.float64]
    false_alarm: NDArray[np.float64]
    review: NDArray[np.float64]


class EventCosts:
    """Computes the costs that a problem declares, over wide rows.

    Parameters
    ----------
    sheet
        The columns of the rows.
    problem
        Where the costs are declared.
    amount
        The field that holds what is at stake; `None` for the first amount of money.

    Attributes
    ----------
    used
        Columns of the wide row that it reads.

    Raises
    ------
    DesignError
        With everything that is wrong with an expression, or with the field.
    """

    def __init__(self, sheet: Sheet, problem: Problem, amount: str | None = None) -> None:
        self._costs: list[Cost] = [getattr(problem, name) for name in MISTAKES]
        self._place, self._unit, self._float = _amount_place(sheet, amount)
        compiler = RuleCompiler(sheet)
        self._computed = [i for i, cost in enumerate(self._costs) if cost.expression is not None]
        registers = [
            compiler.number(_expression(self._costs[i], sheet, f"problem.{MISTAKES[i]}"))
            for i in self._computed
        ]
        self._runner: Runner | None = compiler.runner(registers) if registers else None
        self.used = self._runner.used if self._runner is not None else frozenset()
        if self._place is not None:
            self.used |= {self._place}

    def each(self, raw: NDArray[np.int64]) -> list[tuple[float, float, float, float]]:
        """Amount and the three costs of each wide row."""
        if self._runner is None:
            return [self._plain(self._amount(word)) for word in self._words(raw)]
        table = self.table(raw)
        columns = (table.amount, table.missed, table.false_alarm, table.review)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def table(self, raw: NDArray[np.int64]) -> CostTable:
        """Amounts and costs of many wide rows."""
        words = raw[:, self._place] if self._place is not None else np.full(len(raw), NULL_INT)
        if self._float:
            amount = np.nan_to_num(words.view(np.float64), nan=0.0)
        else:
            amount = np.where(words == NULL_INT, 0.0, words / self._unit)
        stake = np.maximum(amount, 0.0)
        costs = [cost.fixed + cost.share * stake for cost in self._costs]
        if self._runner is not None:
            answers = self._runner.answers(raw).view(np.float64)
            for i, answer in zip(self._computed, answers, strict=True):
                costs[i] = np.where(np.isnan(answer), self._costs[i].fixed, np.maximum(answer, 0.0))
        return CostTable(amount, costs[0], costs[1], costs[2])

    def exactly(self, raw: NDArray[np.int64]) -> CostTable | None:
        """As `table`, where that is the same as `each` bit for bit: amounts are not too large for it."""
        if self._place is not None and self._runner is None:
            words = raw[:, self._place]
            amounts = words.view(np.float64) if self._float else words[words != NULL_INT]
            if not (np.abs(amounts) < _EXACT).all():
                return None
        return self.table(raw)

    def _words(self, raw: NDArray[np.int64]) -> list[int | float]:
        if self._place is None:
            return [NULL_INT] * len(raw)
        column = raw[:, self._place]
        return list((column.view(np.float64) if self._float else column).tolist())

    def _amount(self, word: float) -> float:
        return 0.0 if word in (NULL_INT, None) or word != word else word / self._unit

    def _plain(self, amount: float) -> tuple[float, float, float, float]:
        stake = max(amount, 0.0)
        missed, false_alarm, review = self._costs
        return amount, missed.of(stake), false_alarm.of(stake), review.of(stake)


def _amount_place(sheet: Sheet, amount: str | None) -> tuple[int | None, int, bool]:
    """Where the amount stands, its unit, and whether it is a float."""
    fields = sheet.event.__fields__
    if amount is None:
        amount = next((name for name, field in fields.items() if field.kind is Kind.MONEY), None)
        if amount is None:
            return None, 1, False
    elif amount not in fields or fields[amount].kind not in _UNITS:
        numbers = ", ".join(name for name, field in fields.items() if field.kind in _UNITS)
        hint = f"It could be: {numbers or 'none'}"
        fault = Fault(
            "policy.amount", f"a field of {sheet.event.__name__} that is a number", repr(amount), hint
        )
        raise DesignError("The policy does not fit the design", [fault])
    kind = fields[amount].kind
    return sheet.position(amount), _UNITS[kind], kind is Kind.FLOAT


def _expression(cost: Cost, sheet: Sheet, name: str) -> Expression:
    if isinstance(cost.expression, str):
        return number(cost.expression, sheet, name)
    if isinstance(cost.expression, Expression):
        return declared_number(cost.expression, sheet, name)
    expected = "an expression of the feature language, or its text"
    raise DesignError(
        f"This cannot be computed: {name}", [Fault(name, expected, type(cost.expression).__name__)]
    )
