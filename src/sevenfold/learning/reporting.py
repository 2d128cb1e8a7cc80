"""How late labels arrive: what a silent event still has to say at its age.

Only delays shorter than an event's age can have been seen, so that the plain histogram of delays is too
short. The estimator below takes that into account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, Times
    from sevenfold.learning.knowledge import Labels

__all__ = ["Reporting"]


@dataclass(frozen=True, eq=False)
class Reporting:
    """The distribution of delays from an event to its positive label.

    Parameters
    ----------
    delay
        int64, rising, shape (delays,): milliseconds.
    chance
        float64, the same shape: of the positives that are ever reported, the share that is by then.
    """

    delay: Times
    chance: FloatVector

    @classmethod
    def learn(cls, labels: Labels, moment: int) -> Reporting:
        """Estimate the distribution from the positive labels known at a moment.

        The product-limit estimator for delays that are seen only up to each event's age: a delay *d* has the
        reverse hazard "reports after exactly *d*" over "reports after at most *d*, of events at least so old"
        (Lagakos, Barraj and De Gruttola, 1988, "Nonparametric analysis of truncated survival data", section
        2). Delays longer than the longest that was seen count as never.
        """
        seen = (labels.value == 1) & (labels.known_at <= moment)
        rows = labels.row[seen]
        first = np.full(len(labels), np.iinfo(np.int64).max)
        np.minimum.at(first, rows, labels.known_at[seen])
        rows = np.unique(rows)
        delays, ages = first[rows] - labels.times[rows], moment - labels.times[rows]
        at, exactly = np.unique(delays, return_counts=True)
        # At risk of a delay d, looking back: at most d, and the event old enough for it to have been seen.
        risk = np.cumsum(exactly) - np.searchsorted(np.sort(ages), at, side="left")
        shrink = 1.0 - exactly / np.maximum(risk, exactly)
        later = np.append(np.cumprod(shrink[::-1])[::-1][1:], 1.0)
        return cls(at, later)

    def by(self, age: Times) -> FloatVector:
        """Give the share of positives that are reported by an age in milliseconds, same shape."""
        place = np.searchsorted(self.delay, age, side="right")
        share: FloatVector = np.append(0.0, self.chance)[place]
        return share
