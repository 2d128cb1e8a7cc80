"""What is usual for one entity: the values that a feature had in its earlier decisions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Usual", "Value", "usual_of"]

Value = float | int | str | None

_FEW = 2
"""Below this many earlier values nothing is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a feature was in an entity's earlier decisions.

    Parameters
    ----------
    decisions
        How many of them had a value.
    value
        The middle one of numbers, the most frequent one of texts.
    low, high
        Between which eight of ten numbers lie; ``None`` for texts.
    """

    decisions: int
    value: float | int | str
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data; of texts, without a range."""
        said: dict[str, Any] = {"decisions": self.decisions, "value": self.value}
        return said if self.low is None else said | {"low": self.low, "high": self.high}


def usual_of(feature: str, history: Sequence[Mapping[str, Value]]) -> Usual | None:
    """Find what is usual.

    Parameters
    ----------
    feature
        Its name.
    history
        The features of the entity's earlier decisions, each by name; what one does not know is left out.

    Returns
    -------
    Usual or None
        ``None`` where fewer than two decisions had a value.

    Examples
    --------
    >>> usual_of("count", [{"count": 1}, {"count": 3}, {"count": 2}, {}]).value
    2
    """
    values = [value for one in history if (value := one.get(feature)) is not None]
    if len(values) < _FEW:
        return None
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        return Usual(len(texts), Counter(texts).most_common(1)[0][0])
    numbers = [value for value in values if not isinstance(value, str)]
    tenths = quantiles(numbers, n=10, method="inclusive")
    return Usual(len(numbers), median(numbers), tenths[0], tenths[-1])
