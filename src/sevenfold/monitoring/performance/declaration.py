"""``sf.Performance``: what decisions are held to, and how they are looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.duration import duration_ms
from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Performance", "window_faults"]

_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Performance:
    """Limits of how good decisions are; one that is crossed beyond the interval becomes an alert.

    A decision is positive where the event would be reviewed or blocked. Limits that are ``None`` are not
    watched.

    Parameters
    ----------
    precision
        The least share of positives among the events that were reviewed or blocked, 0 to 1.
    recall
        The least share of positives that were reviewed or blocked, 0 to 1.
    false_positives
        The greatest share of negatives that were reviewed or blocked, 0 to 1.
    calibration
        How many times too high or too low scores may be on the whole, above 1: at 1.5, the positives may be
        between two thirds of what the scores add up to and one and a half times as many.
    losses_per_day
        The most that missed positives may cost a day, in major units.
    window
        How many days of matured cohorts the figures are taken over.
    segments
        Fields of the decided event by whose values the figures are split.
    minimum
        Positives that a window must hold at least before anything is said of it.
    because
        Why these limits.

    Raises
    ------
    DesignError
        With everything that can't be.

    Examples
    --------
    >>> Performance(precision=0.3, recall=0.5).limits
    {'precision': 0.3, 'recall': 0.5}
    """

    precision: float | None = None
    recall: float | None = None
    false_positives: float | None = None
    calibration: float | None = None
    losses_per_day: float | None = None
    window: str = "28d"
    segments: tuple[str, ...] = ()
    minimum: int = 30
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        for name, expected, right in (
            ("precision", "a share from 0 to 1", _is_share),
            ("recall", "a share from 0 to 1", _is_share),
            ("false_positives", "a share from 0 to 1", _is_share),
            ("calibration", "a number above 1", lambda value: value > 1),
            ("losses_per_day", "a number above 0", lambda value: value > 0),
        ):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and right(value)):
                faults.append(Fault(f"performance.{name}", expected, repr(value)))
        if type(self.minimum) is not int or self.minimum < 1:
            faults.append(Fault("performance.minimum", "a whole number, 1 or more", repr(self.minimum)))
        faults += window_faults("performance.window", self.window)
        if faults:
            raise DesignError("Performance cannot be watched like this", faults)

    @property
    def limits(self) -> dict[str, float]:
        """What is declared, by name."""
        names = ("precision", "recall", "false_positives", "calibration", "losses_per_day")
        found = {name: getattr(self, name) for name in names}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def days(self) -> int:
        """Days of the window."""
        return duration_ms(self.window) // _DAY_MS

    def unfit(self, columns: Collection[str], features: Collection[str]) -> list[Fault]:
        """Return everything that does not fit the rest of the design."""
        del features
        hint = f"Its fields are: {', '.join(columns)}"
        return [
            Fault("performance.segments", "fields of the decided event", repr(name), hint)
            for name in self.segments
            if name not in columns
        ]


def window_faults(where: str, window: str) -> list[Fault]:
    """Return what is wrong with a window of days."""
    try:
        if duration_ms(window, where) < _DAY_MS:
            return [Fault(where, "a day or more", repr(window))]
    except DesignError as error:
        return list(error.faults)
    return []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: float) -> bool:
    return 0 <= value <= 1
