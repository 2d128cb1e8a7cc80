"""From the probability of a positive and the cost of each mistake to the action that costs least.

With probability *p*, a missed positive *m*, a false alarm *f*, a review *r* that finds a share *c* of the
positives, the expected costs are *p·m* (approve), *(1 − p)·f* (block) and *r + p·(1 − c)·m* (review): the
rule of minimum risk (Elkan, The Foundations of Cost-Sensitive Learning, 2001) with a reject option (Chow,
1970). Each pair of lines crosses once, which gives thresholds on *p* for every event by its own costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Thresholds", "review_gains", "review_price", "thresholds", "thresholds_of_many"]


class Thresholds(NamedTuple):
    """From which probability an event is reviewed, and blocked; the same where none is reviewed."""

    review_from: float
    block_from: float


def thresholds(
    missed: float, false_alarm: float, review: float, catches: float = 1.0, *, reviews: bool = True
) -> Thresholds:
    """The thresholds of one event.

    Parameters
    ----------
    missed, false_alarm, review
        What each costs for this event; the price of a reviewer's scarce time is part of `review`.
    catches
        The share of positives that a review finds.
    reviews
        Whether there is anyone left to review.

    Examples
    --------
    >>> thresholds(missed=100, false_alarm=10, review=2)
    Thresholds(review_from=0.02, block_from=0.8)
    >>> thresholds(missed=100, false_alarm=10, review=2, reviews=False)
    Thresholds(review_from=0.09090909090909091, block_from=0.09090909090909091)
    """
    both = missed + false_alarm
    alone = false_alarm / both if both > 0 else 1.0
    caught = catches * missed
    if reviews and caught > 0:
        lower = review / caught
        rest = false_alarm + (1.0 - catches) * missed
        upper = max((false_alarm - review) / rest, 0.0) if rest > 0 else 1.0
        if lower < upper:
            return Thresholds(lower, upper)
    return Thresholds(alone, alone)


def thresholds_of_many(
    missed: NDArray[np.float64],
    false_alarm: NDArray[np.float64],
    review: NDArray[np.float64],
    catches: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The thresholds of many events: `thresholds` of each, bit for bit; all (rows,).

    Returns
    -------
    review_from, block_from, alone
        While somebody is left to review; and where both lie when nobody is.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        both = missed + false_alarm
        alone = np.where(both > 0, false_alarm / both, 1.0)
        caught = catches * missed
        lower = review / caught
        rest = false_alarm + (1.0 - catches) * missed
        upper = np.where(rest > 0, np.maximum((false_alarm - review) / rest, 0.0), 1.0)
        worth = (caught > 0) & (lower < upper)
    return np.where(worth, lower, alone), np.where(worth, upper, alone), alone


def review_gains(
    probability: NDArray[np.float64],
    missed: NDArray[np.float64],
    false_alarm: NDArray[np.float64],
    review: NDArray[np.float64],
    catches: float = 1.0,
) -> NDArray[np.float64]:
    """What a review of each event is expected to save over approving or blocking it; all (rows,)."""
    other = np.minimum(probability * missed, (1.0 - probability) * false_alarm)
    return np.asarray(other - review - probability * (1.0 - catches) * missed)


def review_price(gains: NDArray[np.float64], days: float, capacity: int | None) -> float:
    """What a review must save at least, so that on an average day no more are asked for than can be done.

    It is the multiplier of the constraint on capacity: the gain of the first event that is left out.

    Parameters
    ----------
    gains
        As `review_gains` gives them for a period that the model has not learned from.
    days
        The length of the period.
    """
    if capacity is None:
        return 0.0
    worth = np.sort(gains[gains > 0])[::-1]
    possible = int(capacity * days)
    return float(worth[possible]) if possible < len(worth) else 0.0
