"""What is expected of a system before there is any traffic, and what was considered and not chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Alternative", "Expected"]


@dataclass(frozen=True)
class Alternative:
    """What was considered and not chosen.

    Parameters
    ----------
    choice
        What it was.
    because
        Why it was not chosen.

    Raises
    ------
    DesignError
        Where one of the two is missing.
    """

    choice: str
    because: str

    def __post_init__(self) -> None:
        faults = [
            Fault(f"alternative.{name}", "a sentence", repr(text))
            for name, text in (("choice", self.choice), ("because", self.because))
            if not (isinstance(text, str) and text.strip())
        ]
        if faults:
            raise DesignError("An alternative cannot be stated like this", faults)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is expected before anything was measured; what a home's data says takes its place.

    Parameters
    ----------
    per_day
        Decided events a day.
    positive_rate
        Share of the decided events that are positive and come to be known, 0 to 1.
    amount
        The mean of what is at stake in an event, major units.
    entities
        How many entities of each type there are, by type.
    other_events
        Events of the other streams for each decided event, by name; one for those that are not named.
    label_delay_days
        Days within which nine of ten labels arrive.
    difference
        The smallest difference of a share, such as recall, that is worth telling apart, 0 to 1.
    power
        The chance of seeing such a difference, where there is one.
    because
        Where the numbers come from.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    per_day: float | None = None
    positive_rate: float | None = None
    amount: float | None = None
    entities: Mapping[str, int] = field(default_factory=dict)
    other_events: Mapping[str, float] = field(default_factory=dict)
    label_delay_days: float | None = None
    difference: float = 0.05
    power: float = 0.8
    because: str = ""

    def __post_init__(self) -> None:
        shares = (
            ("positive_rate", self.positive_rate),
            ("difference", self.difference),
            ("power", self.power),
        )
        amounts = (
            ("per_day", self.per_day),
            ("amount", self.amount),
            ("label_delay_days", self.label_delay_days),
            *((f"entities[{name!r}]", count) for name, count in self.entities.items()),
            *((f"other_events[{name!r}]", rate) for name, rate in self.other_events.items()),
        )
        faults = [
            Fault(f"problem.expected.{name}", "a number above 0 and below 1", repr(value))
            for name, value in shares
            if value is not None and not (_is_number(value) and 0 < value < 1)
        ]
        faults += [
            Fault(f"problem.expected.{name}", "a number, zero or more", repr(value))
            for name, value in amounts
            if value is not None and not (_is_number(value) and value >= 0)
        ]
        if faults:
            raise DesignError("Nothing can be expected like this", faults)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
