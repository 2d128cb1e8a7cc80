"""How far two people agree who looked at the same cases: Cohen's kappa."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Agreement", "cohen_kappa"]

_NORMAL_95 = 1.959963984540054


class Agreement(NamedTuple):
    """How far two people agree.

    Attributes
    ----------
    cases
        How many both looked at.
    agreed
        The share on which they found the same.
    kappa
        Agreement beyond chance: 1 is perfect, 0 is what chance gives; `None` without cases, or where both
        always found one and the same.
    low, high
        Its 95 % interval.
    """

    cases: int
    agreed: float | None
    kappa: float | None
    low: float | None
    high: float | None


def cohen_kappa(pairs: Sequence[tuple[object, object]]) -> Agreement:
    """Cohen's kappa of pairs of findings (Cohen, A coefficient of agreement for nominal scales, 1960).

    The interval is the large-sample one of that paper (its equation 7).

    Examples
    --------
    >>> found = cohen_kappa([(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15)
    >>> found.cases, round(found.agreed, 2), round(found.kappa, 2)
    (50, 0.7, 0.4)
    """
    n = len(pairs)
    if not n:
        return Agreement(0, None, None, None, None)
    agreed = sum(first == second for first, second in pairs) / n
    firsts, seconds = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    chance = sum(firsts[value] * seconds[value] for value in firsts) / n**2
    if chance >= 1.0:
        return Agreement(n, agreed, None, None, None)
    kappa = (agreed - chance) / (1.0 - chance)
    error = math.sqrt(agreed * (1.0 - agreed) / n) / (1.0 - chance)
    return Agreement(n, agreed, kappa, kappa - _NORMAL_95 * error, min(kappa + _NORMAL_95 * error, 1.0))
