"""An A/B test that may be looked at any number of times, and how many decisions it will take.

The estimate is of the challenger's saving for each decision. Each decision whose label is final gives
``x = (own / share - other / (1 - share)) * (y - centre)``, with own = 1 where the challenger decided;
its mean is the difference of the arms whatever the centre is. A confidence sequence covers the true
difference at all times at once with the stated confidence, so that stopping when it excludes zero is no
cheating.

References
----------
Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52, theorem 2.2; Howard, Ramdas, McAuliffe, Sekhon (2021),
"Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49, section 3.2, for
the mixture behind it. Unlike there, the variance is that of sums by entity (Liang and Zeger, 1986): the
decisions about one card belong together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Estimate", "half_width", "needed", "saving"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of the difference.

    Parameters
    ----------
    decisions, challenged
        With a final label: in both arms, and the challenger's.
    value, low, high
        What the challenger saves for each decision, and the bounds that hold at all times.
    """

    decisions: int
    challenged: int
    value: float
    low: float
    high: float

    def verdict(self) -> str:
        """``better``, ``worse``, or ``open``."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "open"


def half_width(spread: float, n: int, confidence: float, planned: int) -> float:
    """Half the width of the confidence sequence after n decisions.

    Parameters
    ----------
    spread
        The standard deviation of what is averaged.
    n
        Decisions so far.
    confidence
        That the truth never leaves the sequence.
    planned
        After how many decisions it should be tightest.
    """
    alpha = 1.0 - confidence
    log = -2.0 * math.log(alpha)
    rho2 = (log + math.log(log + 1.0)) / max(planned, 1)
    inside = (2.0 * (n * rho2 + 1.0)) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1.0) / alpha)
    return spread * math.sqrt(inside)


def needed(spread: float, share: float, effect: float, confidence: float, power: float) -> int:
    """How many decisions with a final label it takes to find an effect, computed before any is made.

    Parameters
    ----------
    spread
        The standard deviation of the metric among the champion's decisions.
    share
        The challenger's.
    effect
        The smallest difference that matters.
    confidence, power
        See `ABTest`.

    Examples
    --------
    >>> fixed = 2 * (1.96 + 0.84) ** 2 / 0.1**2 * 2
    >>> round(needed(1.0, 0.5, 0.1, 0.95, 0.8) / fixed, 1)
    1.9
    """
    of_x = spread * math.sqrt(1.0 / share + 1.0 / (1.0 - share))
    if of_x == 0.0:
        return 1
    z = NormalDist().inv_cdf(power)

    def found(n: int) -> bool:
        return effect - z * of_x / math.sqrt(n) >= half_width(of_x, n, confidence, n)

    high = 1
    while not found(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def saving(
    cost: npt.NDArray[np.float64],
    own: npt.NDArray[np.bool_],
    entity: npt.NDArray[np.int64],
    share: float,
    confidence: float,
    planned: int,
) -> Estimate:
    """Estimate what the challenger saves for each decision.

    Parameters
    ----------
    cost
        float64, shape (decisions,): what each decision cost, of decisions whose label is final.
    own
        bool, shape (decisions,): whether the entity is of the challenger's share.
    entity
        int64, shape (decisions,): of which entity each is.
    share
        The challenger's.
    confidence, planned
        As for `half_width`.
    """
    n, challenged = len(cost), int(own.sum())
    if not 0 < challenged < n:
        return Estimate(n, challenged, math.nan, -math.inf, math.inf)
    x = -np.where(own, 1.0 / share, -1.0 / (1.0 - share)) * (cost - cost.mean())
    value = float(x.mean())
    _, cluster = np.unique(entity, return_inverse=True)
    sums = np.bincount(cluster, weights=x - value)
    spread = math.sqrt(float((sums**2).sum()) / n)
    width = half_width(spread, n, confidence, planned)
    return Estimate(n, challenged, value, value - width, value + width)
