"""What a design's policy learns from a training, and the rules and lists that lie in its log."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.problem.problem import Problem
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.lists import ListChange, Lists
from sevenfold.serving.rules.book import RuleBook
from sevenfold.serving.rules.row import wide_table
from sevenfold.serving.rules.rule import Rule, RuleChange, checked, promoted
from sevenfold.serving.rules.sheet import Sheet
from sevenfold.serving.thresholds import review_gains, review_price

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.data.log import NewEntry
    from sevenfold.design.design import Design
    from sevenfold.design.home import Home
    from sevenfold.learning.train import TrainingResult
    from sevenfold.serving.lists import ListEntry
    from sevenfold.serving.rules.rule import State

__all__ = ["PolicyDesk", "learned_policy", "problem_of", "sheet_of"]

_DAY_MS = 86_400_000


def sheet_of(design: Design) -> Sheet:
    """What is known at a decision of a design."""
    event = design.events[design.decides]
    return Sheet(event, design.features, design.plan.asking[design.decides].names)


def problem_of(design: Design) -> Problem:
    """The design's problem; one with the stated defaults where it declares none."""
    if design.problem is not None:
        return design.problem
    return Problem(goal="Decide well.", decision="Approve, review or block.")


def learned_policy(
    design: Design, result: TrainingResult, decided: pl.DataFrame, features: pl.DataFrame
) -> dict[str, Any]:
    """What a bundle has to say for its policy, from the test periods of the chosen candidate's folds.

    Those are events that the model which scored them had not learned from, with final labels.

    Parameters
    ----------
    decided, features
        The rows that the result was trained and tested on.

    Returns
    -------
    dict
        ``risk_scale``, see `RiskScale`; ``review_price``: what a review must save at least, so that the
        reviewers' capacity suffices on an average day, under the costs and the capacity as declared now.
    """
    folds = result.chosen.folds
    rows = np.concatenate([fold.rows for fold in folds])
    y = np.concatenate([fold.y for fold in folds])
    score = np.concatenate([fold.score for fold in folds])
    sheet, policy = sheet_of(design), design.serving.policy
    costs = EventCosts(sheet, problem_of(design), policy.amount)
    wide = wide_table(sheet, costs.used, decided[rows], features[rows], score, None)
    table = costs.table(wide)
    gains = review_gains(score, table.missed, table.false_alarm, table.review, policy.review_catches)
    days = sum(fold.fold.test_end - fold.fold.test_start for fold in folds) / _DAY_MS
    return {
        "risk_scale": RiskScale.learn(y, score).to_json(),
        "review_price": review_price(gains, days, policy.review_capacity_per_day),
    }


class PolicyDesk:
    """Where analysts keep rules and lists: every change is an event of the log, and checked before it is one.

    Parameters
    ----------
    design, home
        Whose rules and lists.
    """

    def __init__(self, design: Design, home: Home) -> None:
        self.home = home
        self.sheet = sheet_of(design)

    def book(self) -> RuleBook:
        """All rules."""
        if not self.home.log.exists():
            return RuleBook(self.sheet)
        with self.home.open_log() as log:
            return RuleBook.of(self.sheet, log.entries_of(RuleChange.__name__))

    def lists(self) -> Lists:
        """All lists."""
        found = Lists(self.sheet.event)
        if self.home.log.exists():
            with self.home.open_log() as log:
                for entry in log.entries_of(ListChange.__name__):
                    found.update(entry)
        return found

    def add(self, rule: Rule) -> Rule:
        """Keep a rule, or a new version of one.

        Raises
        ------
        DesignError
            With everything that is wrong with it.
        DataError
            Someone else changed it at the same time.
        """
        before = self.book().rules.get(rule.name)
        version = 1 if before is None else before.version + 1
        rule = replace(rule, version=version, changed_at=_now_ms())
        checked(rule, self.sheet)
        self._append(rule.entry())
        return rule

    def rule(self, name: str) -> Rule:
        """The newest version of a rule.

        Raises
        ------
        UsageError
            There is none of that name.
        """
        rules = self.book().rules
        if name not in rules:
            known = f"The rules are: {', '.join(sorted(rules))}" if rules else "There are no rules yet"
            raise UsageError(
                "There is no such rule.", [Fault("rule", "the name of a rule", repr(name), known)]
            )
        return rules[name]

    def promote(self, name: str, to: State | None, author: str) -> Rule:
        """Have a rule go on to its next state, or to another one.

        Raises
        ------
        UsageError
            There is no such rule, or nothing would change.
        DesignError
            It is to run, and no longer fits the design.
        """
        rule = promoted(self.rule(name), to, author, _now_ms())
        if rule.runs:
            checked(rule, self.sheet)
        self._append(rule.entry())
        return rule

    def change_list(self, change: ListEntry) -> ListEntry:
        """Put an entity on a list, or take it off.

        Raises
        ------
        DesignError
            With everything that is wrong with the change.
        UsageError
            It is to be taken off and is not on it.
        DataError
            The entity may not be kept, or someone else changed it at the same time.
        """
        lists, now = self.lists(), _now_ms()
        change = replace(lists.next(change), changed_at=now)
        before = lists.entries.get((change.list, change.kind, change.entity))
        if not change.listed and (before is None or not before.counts_at(now)):
            fault = Fault(f"{change.list} list", f"a {change.kind} that is on it", repr(change.entity))
            raise UsageError("Nothing would change.", [fault])
        self._append(change.entry())
        return change

    def _append(self, entry: NewEntry) -> None:
        with self.home.open_log() as log:
            try:
                log.append([entry])
            except DataError as error:
                hint = "Someone changed it at the same time; look again"
                fault = Fault(entry.key, "the next version", "one that is there already", hint)
                raise DataError("The change was not kept.", [fault]) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
