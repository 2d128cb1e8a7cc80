"""A policy that is easy to foresee: what each action is expected to cost, with the problem's own costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.serving.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.data.log import LogEntry
    from sevenfold.problem.problem import Problem
    from sevenfold.serving.verdict import Action, Asked, RuleCount


class CostJudge:
    """Takes the action that is expected to cost least.

    Parameters
    ----------
    problem
        What mistakes cost.
    amount
        Where a row holds its amount, and by what it is divided to give major units; `None`: amounts do
        not count.
    """

    def __init__(self, problem: Problem, amount: tuple[int, float] | None) -> None:
        self._problem, self._amount = problem, amount
        self.version = "cost-1"

    def judge(self, asked: Asked, event_ids: Sequence[str], now_ms: int) -> list[Verdict]:
        """Decide a batch."""
        if asked.scores is None:
            return [Verdict("approve", None, fallback=True, by="fallback")] * len(asked.rows)
        return [
            self._one(score, 0.0 if self._amount is None else row[self._amount[0]] / self._amount[1])
            for row, score in zip(asked.rows, asked.scores.tolist(), strict=True)
        ]

    def _one(self, score: float, amount: float) -> Verdict:
        if score != score:
            return Verdict("approve", None, fallback=True, by="fallback")
        problem = self._problem
        costs: dict[Action, float] = {
            "approve": score * problem.missed.of(amount),
            "review": problem.review.of(amount),
            "block": (1.0 - score) * problem.false_alarm.of(amount),
        }
        action = min(costs, key=lambda name: costs[name])
        return Verdict(action, min(999, int(score * 1000)), would_be=action)

    def update(self, entry: LogEntry) -> None:
        """Rules and lists are none of its matters."""

    def recall(self, action: str, now_ms: int) -> None:
        """Reviews are not counted."""

    def rule_counts(self) -> dict[str, RuleCount]:
        """It has no rules."""
        return {}
