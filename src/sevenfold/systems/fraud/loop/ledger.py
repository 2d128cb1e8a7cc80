"""What a day cost, by the truth: frauds that went through, customers turned away, reviewers' time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from sevenfold.problem.problem import Cost, Problem

__all__ = ["SCHEMA", "Ledger"]

SCHEMA = pl.Schema(
    {
        "day": pl.Int64(),
        "payments": pl.Int64(),
        "frauds": pl.Int64(),
        "stopped": pl.Int64(),
        "reviews": pl.Int64(),
        "blocks": pl.Int64(),
        "honest_stopped": pl.Int64(),
        "missed": pl.Float64(),
        "false_alarms": pl.Float64(),
        "review_time": pl.Float64(),
        "lost": pl.Float64(),
        "new_frauds": pl.Int64(),
        "new_stopped": pl.Int64(),
        "new_missed": pl.Float64(),
    }
)
"""One row a day; money in major units. ``lost`` is what mistakes and reviews cost together, ``new_…`` is
about the pattern that is watched."""


class Ledger:
    """Adds up what each day cost.

    Parameters
    ----------
    problem
        What mistakes cost: only what is fixed or a share of the amount.
    watched
        The pattern of fraud that is told apart.

    Examples
    --------
    >>> from sevenfold.problem.problem import Cost, Problem
    >>> costs = {"missed": Cost(share=1.0), "false_alarm": Cost(fixed=5.0), "review": Cost(fixed=3.0)}
    >>> ledger = Ledger(Problem(goal="g", decision="d", **costs), "ring")
    >>> ledger.add(
    ...     0,
    ...     pl.DataFrame(
    ...         {
    ...             "amount": [10.0, 20.0, 30.0],
    ...             "is_fraud": [True, False, True],
    ...             "pattern": ["ring", "ordinary", "ring"],
    ...             "action": ["approve", "block", "review"],
    ...             "stopped": [False, True, True],
    ...         }
    ...     ),
    ... )
    >>> ledger.frame().select("missed", "false_alarms", "review_time", "lost", "new_missed").row(0)
    (10.0, 5.0, 3.0, 18.0, 10.0)
    """

    def __init__(self, problem: Problem, watched: str) -> None:
        self._problem = problem
        self._watched = watched
        self._days: list[pl.DataFrame] = []

    def add(self, day: int, decided: pl.DataFrame) -> None:
        """Take note of a day.

        Parameters
        ----------
        day
            Its number.
        decided
            One row a payment: ``amount``, ``is_fraud``, ``pattern``, ``action``, and ``stopped``, whether it
            was blocked in the end, by the policy or by a reviewer.
        """
        fraud, stopped, new = pl.col("is_fraud"), pl.col("stopped"), pl.col("pattern") == self._watched
        missed = pl.when(fraud & ~stopped).then(_cost(self._problem.missed)).otherwise(0.0)
        alarms = pl.when(~fraud & stopped).then(_cost(self._problem.false_alarm)).otherwise(0.0)
        reviewed = pl.col("action") == "review"
        reviews = pl.when(reviewed).then(_cost(self._problem.review)).otherwise(0.0)
        sums = decided.select(
            day=pl.lit(day, pl.Int64),
            payments=pl.len(),
            frauds=fraud.sum(),
            stopped=(fraud & stopped).sum(),
            reviews=reviewed.sum(),
            blocks=(pl.col("action") == "block").sum(),
            honest_stopped=(~fraud & stopped).sum(),
            missed=missed.sum(),
            false_alarms=alarms.sum(),
            review_time=reviews.sum(),
            lost=(missed + alarms + reviews).sum(),
            new_frauds=(fraud & new).sum(),
            new_stopped=(fraud & new & stopped).sum(),
            new_missed=pl.when(new).then(missed).otherwise(0.0).sum(),
        )
        self._days.append(sums.cast(SCHEMA))

    def frame(self) -> pl.DataFrame:
        """Return the days so far: the columns of `SCHEMA`."""
        return pl.concat(self._days) if self._days else pl.DataFrame(schema=SCHEMA)


def _cost(cost: Cost) -> pl.Expr:
    return cost.fixed + cost.share * pl.col("amount").cast(pl.Float64)
