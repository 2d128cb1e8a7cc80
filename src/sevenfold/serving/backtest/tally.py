"""Add up what rules hit, row by row: the compiled part of a backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.serving.rules.compiled import compiled

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["COLUMNS", "tally"]

COLUMNS = ("hits", "positives", "good", "new", "new_positives", "missed", "false_alarm", "review", "unknown")
"""Of a rule on a day: rows that it hit; those whose label is positive, and negative; those that no live rule
hits, and positives among them; the cost of a miss over the positives that it hit, of a false alarm over the
negatives, of a review over all; rows that it gives no answer for."""


@compiled
def tally(
    answers: Words, own: Words, label: Words, costs: Floats, day: Words, sums: Floats, overlap: Words,
    met: Words,
) -> None:  # fmt: skip
    """Add rows to the sums.

    Parameters
    ----------
    answers
        (rules, rows): 1, 0 or null; the tested rules first, then the live ones.
    own
        (tested,): which of the live rules each tested one is, or -1: a rule is not compared with itself.
    label
        (rows,): 1, 0, or below zero where it is not known.
    costs
        (3, rows): of a miss, a false alarm, a review.
    day
        (rows,): number of the day.
    sums
        (tested, days, len(COLUMNS)), added to.
    overlap
        (tested, live), added to: rows that both hit.
    met
        (rows,), scratch: how many live rules hit each.
    """
    tested = own.size
    live = answers.shape[0] - tested
    met[:] = 0
    for rule in range(live):
        answer = answers[tested + rule]
        for row in range(met.size):
            met[row] += answer[row] == 1
    for rule in range(tested):
        answer = answers[rule]
        for row in range(met.size):
            if answer[row] == 0:
                continue
            into = sums[rule, day[row]]
            if answer[row] == NULL_INT:
                into[8] += 1.0
                continue
            others = met[row]
            for other in range(live if others else 0):
                if answers[tested + other, row] == 1:
                    if other == own[rule]:
                        others -= 1
                    else:
                        overlap[rule, other] += 1
            new = 1.0 if others == 0 else 0.0
            into[0] += 1.0
            into[3] += new
            into[7] += costs[2, row]
            if label[row] == 1:
                into[1] += 1.0
                into[4] += new
                into[5] += costs[0, row]
            elif label[row] == 0:
                into[2] += 1.0
                into[6] += costs[1, row]
