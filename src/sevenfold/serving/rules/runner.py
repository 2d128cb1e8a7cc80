"""Rules that run: compiled together, what they share computed once, one call for a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.layout import LANE
from sevenfold.features.program import Compiler
from sevenfold.serving.rules.flat import flatten
from sevenfold.serving.rules.kernel import judge_few, judge_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sevenfold.features.expression import Expression
    from sevenfold.features.program import Register
    from sevenfold.serving.rules.flat import FlatRules
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["RuleCompiler", "Runner"]

_REGISTER_WORDS = 1 << 16
"""Registers of a block together: half a megabyte, which stays in the second-level cache."""

_WIDEST, _NARROWEST = LANE, 16


class RuleCompiler:
    """Compiles expressions into one program, one after the other; what was compiled is not done again."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._compiler = Compiler(sheet.row)
        self._whole = frozenset(sheet.position(f"features.{name}") for name in sheet.whole)

    def add(self, expression: Expression) -> Register:
        """Compile one more expression."""
        return self._compiler.compile(expression)

    def number(self, expression: Expression) -> Register:
        """Compile one more expression whose value is wanted as a float, in its declared unit."""
        return self._compiler.number(self._compiler.compile(expression))

    def runner(self, rules: Sequence[Register]) -> Runner:
        """What gives the values of some registers."""
        return Runner(flatten(self._compiler.program(), rules, self._whole))


class Runner:
    """Runs compiled expressions over wide rows; for one thread at a time.

    Attributes
    ----------
    unknown
        int64, one an expression: rows for which it gave no answer so far.
    """

    def __init__(self, flat: FlatRules) -> None:
        self._flat = flat
        self.count = len(flat.ends) - 1
        self.used = frozenset(int(column) for column in flat.loads[:, 0])
        self.unknown = np.zeros(self.count, np.int64)
        self._values = flat.values.copy()
        self._lanes = np.zeros((6, LANE), np.int64)
        self._hits = np.zeros((1, 1 + self.count), np.int64)
        width = min(_WIDEST, max(_NARROWEST, _REGISTER_WORDS // max(self._values.size, 1)))
        self._width = width
        self._registers: NDArray[np.int64] | None = None

    def hits(self, raw: NDArray[np.int64]) -> list[list[int]]:
        """For each wide row, the numbers of the conditions that hold, rising."""
        if not self.count:
            return [[] for _ in range(len(raw))]
        if len(raw) > len(self._hits):
            self._hits = np.zeros((len(raw), 1 + self.count), np.int64)
        flat, hits = self._flat, self._hits
        judge_few(
            flat.groups, flat.operands, flat.constants, flat.loads, flat.terms, flat.ends, raw,
            self._values, self._lanes, hits, self.unknown,
        )  # fmt: skip
        counts = hits[: len(raw), 0].tolist()
        return [hits[i, 1 : 1 + count].tolist() if count else [] for i, count in enumerate(counts)]

    def answers(self, raw: NDArray[np.int64]) -> NDArray[np.int64]:
        """The registers' words, shape (expressions, rows): of a condition 1, 0, or null below zero."""
        if self._registers is None:
            self._registers = np.repeat(self._flat.values[:, None], self._width, axis=1)
        flat = self._flat
        columns = np.ascontiguousarray(raw.T)  # as `wide_table` lays them, so that nothing is copied
        answers = np.empty((self.count, len(raw)), np.int64)
        judge_many(
            flat.program, flat.constants, flat.loads, flat.terms, flat.ends, columns, self._registers, answers
        )
        return answers
