"""Run rules over history, and add up what they would have done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.serving.backtest.tally import COLUMNS, tally
from sevenfold.serving.rules.row import wide_table
from sevenfold.serving.rules.rule import checked
from sevenfold.serving.rules.runner import RuleCompiler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sevenfold.serving.backtest.history import History
    from sevenfold.serving.costs import EventCosts
    from sevenfold.serving.rules.rule import Rule
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["Backtest", "RuleResult", "backtest"]

_DAY_MS = 86_400_000
_ROWS_A_PART = 16_384


@dataclass(frozen=True, eq=False)
class RuleResult:
    """What one rule would have done.

    Parameters
    ----------
    rule
        The rule.
    days
        Figures by day, shape (days, len(COLUMNS)).
    positives
        Positives of the whole period, whatever rules there are.
    catches
        The share of positives that a review finds.
    overlap
        Rows that it shares with each live rule, by name.
    """

    rule: Rule
    days: NDArray[np.float64]
    positives: int
    catches: float
    overlap: dict[str, int]

    def total(self, column: str) -> float:
        """One figure over all days."""
        return float(self.days[:, COLUMNS.index(column)].sum())

    @property
    def precision(self) -> float | None:
        """Positives among the hits whose label is known; `None` without any."""
        known = self.total("positives") + self.total("good")
        return self.total("positives") / known if known else None

    @property
    def recall(self) -> float | None:
        """The share of all positives of the period that it hit; `None` without any."""
        return self.total("positives") / self.positives if self.positives else None

    def saved(self) -> NDArray[np.float64]:
        """Losses that it would have prevented, by day, major units: those of the positives that it hit."""
        missed = self.days[:, COLUMNS.index("missed")]
        share = {"block": 1.0, "review": self.catches, "approve": 0.0}[self.rule.action]
        return np.asarray(missed * share)

    def lost(self) -> NDArray[np.float64]:
        """What it would have cost, by day: false alarms, reviews, or the positives that it waves through."""
        column = {"block": "false_alarm", "review": "review", "approve": "missed"}[self.rule.action]
        return np.asarray(self.days[:, COLUMNS.index(column)])

    def to_json(self) -> dict[str, Any]:
        """Give the totals as plain data."""
        return {
            "rule": self.rule.name,
            "expression": self.rule.expression,
            "action": self.rule.action,
            "hits": int(self.total("hits")),
            "positives": int(self.total("positives")),
            "good": int(self.total("good")),
            "unknown": int(self.total("unknown")),
            "precision": self.precision,
            "recall": self.recall,
            "saved": round(float(self.saved().sum()), 2),
            "lost": round(float(self.lost().sum()), 2),
            "new_hits": int(self.total("new")),
            "new_positives": int(self.total("new_positives")),
            "overlap": {name: rows for name, rows in self.overlap.items() if rows},
        }


@dataclass(frozen=True, eq=False)
class Backtest:
    """What rules would have done over a period.

    Parameters
    ----------
    results
        One a tested rule.
    first_day
        The first day of the period, counted from 1 January 1970 (UTC).
    rows, positives, unknown
        Events of the period, positives, and those whose label is not known yet.
    at_stake
        What all positives together would have cost.
    """

    results: tuple[RuleResult, ...]
    first_day: int
    rows: int
    positives: int
    unknown: int
    at_stake: float


def backtest(
    history: History,
    rules: Sequence[Rule],
    live: Sequence[Rule],
    sheet: Sheet,
    costs: EventCosts,
    *,
    catches: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Run rules over history.

    A rule sees one row at a time: the event, its features as they were, and the score as it was. Labels are
    read only where what was hit is added up.

    Parameters
    ----------
    rules
        What is tested.
    live
        What they are compared with.
    catches
        The share of positives that a review finds.
    progress
        Told how many rows are done, of how many.

    Raises
    ------
    DesignError
        A rule does not fit the design.
    """
    compiler = RuleCompiler(sheet)
    runner = compiler.runner([compiler.add(checked(rule, sheet)) for rule in (*rules, *live)])
    names = [rule.name for rule in live]
    own = np.array([names.index(rule.name) if rule.name in names else -1 for rule in rules], np.int64)
    first_day = int(history.times.min() // _DAY_MS) if len(history) else 0
    day = history.times // _DAY_MS - first_day
    days = int(day.max()) + 1 if len(history) else 0
    sums = np.zeros((len(rules), days, len(COLUMNS)))
    overlap = np.zeros((len(rules), len(live)), np.int64)
    at_stake = 0.0
    used = runner.used | costs.used
    for begin in range(0, len(history), _ROWS_A_PART):
        part = slice(begin, begin + _ROWS_A_PART)
        wide = wide_table(
            sheet,
            used,
            history.decided[part],
            history.features[part],
            history.scores[part],
            history.risks[part],
        )
        table = costs.table(wide)
        label = history.label[part]
        at_stake += float(table.missed[label == 1].sum())
        each = np.stack([table.missed, table.false_alarm, table.review])
        tally(
            runner.answers(wide), own, label, each, day[part], sums, overlap, np.empty(len(label), np.int64)
        )
        if progress is not None:
            progress(min(begin + _ROWS_A_PART, len(history)), len(history))
    positives = int((history.label == 1).sum())
    results = tuple(
        RuleResult(rule, sums[i], positives, catches, dict(zip(names, overlap[i].tolist(), strict=True)))
        for i, rule in enumerate(rules)
    )
    return Backtest(results, first_day, len(history), positives, int((history.label < 0).sum()), at_stake)
