"""The formulas of the check: queues, sample sizes, intervals, costs. Each names its source."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = [
    "block_threshold",
    "half_width",
    "queue_p99_ms",
    "review_gain",
    "sample_size",
    "utilisation",
]


def utilisation(rate: float, service_ms: float) -> float:
    """Share of time in which one server is busy: arrivals a second times seconds of service.

    >>> utilisation(200, 2.0)
    0.4
    """
    return rate * service_ms / 1000


def queue_p99_ms(rate: float, service_ms: float) -> float:
    """The 99th percentile of the time in an M/M/1 queue, waiting and service, milliseconds.

    The time in the system is exponential with rate ``mu - lambda`` (Kleinrock, 1975, "Queueing Systems",
    volume 1, section 3.2), so that its 99th percentile is ``ln(100) / (mu - lambda)``. Service times here
    vary less than exponential ones, which makes it an upper bound for arrivals that are independent.

    Returns
    -------
    float
        Infinite where more comes than can be served.

    >>> round(queue_p99_ms(100, 5.0), 2)
    46.05
    """
    spare = 1000 / service_ms - rate
    return math.inf if spare <= 0 else 1000 * math.log(100) / spare


def sample_size(share: float, difference: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Positives that each of two groups needs for a difference of shares to be told apart.

    Two-sided comparison of two proportions without continuity correction (Fleiss, Levin and Paik, 2003,
    "Statistical Methods for Rates and Proportions", 3rd edition, section 4.2, equation 4.14).

    Parameters
    ----------
    share
        The one share; the other is ``share - difference``.
    difference
        To be told apart.
    power, alpha
        The chance of seeing it where it is there, and of seeing one that is not.

    Examples
    --------
    >>> sample_size(0.5, 0.1)
    388
    """
    other = share - difference
    mean = (share + other) / 2
    normal = NormalDist()
    a, b = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    root = a * math.sqrt(2 * mean * (1 - mean)) + b * math.sqrt(share * (1 - share) + other * (1 - other))
    return math.ceil(root**2 / difference**2)


def half_width(positives: float, share: float = 0.5, level: float = 0.95) -> float:
    """Half of the width of a share's confidence interval (Wilson, 1927, Journal of the ASA 22, 209–212).

    >>> round(half_width(96, 0.5), 3)
    0.098
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    spread = math.sqrt(share * (1 - share) / positives + z**2 / (4 * positives**2))
    return z * spread / (1 + z**2 / positives)


def block_threshold(missed: float, false_alarm: float) -> float:
    """The probability from which blocking is cheaper than letting pass (Elkan, 2001, section 1).

    >>> block_threshold(80.0, 20.0)
    0.2
    """
    return false_alarm / (missed + false_alarm) if missed + false_alarm > 0 else 1.0


def review_gain(missed: float, false_alarm: float, catches: float = 1.0) -> float:
    """What a review saves at most: at the probability where letting pass and blocking cost the same.

    There, at ``p = A / (A + M)``, either action costs ``A M / (A + M)``; a review that finds a share ``c``
    of positives leaves ``(1 - c) p M`` of it.

    >>> review_gain(80.0, 20.0)
    16.0
    """
    total = missed + false_alarm
    return 0.0 if total <= 0 else catches * missed * false_alarm / total
