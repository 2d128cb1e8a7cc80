"""Section 7 of a design: what it runs on, who works with it, and what both cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sevenfold.errors import DesignError, Fault

__all__ = ["Scale"]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What the system runs on, who works with it, and what both cost.

    Parameters
    ----------
    cores, memory_gb, disk_gb
        Of one machine.
    replicas
        Machines that decide.
    restarts_per_month
        How often a machine is started anew: releases, updates, crashes.
    machine_per_month
        What one machine costs, major units.
    reviewers
        People who review, in full time.
    review_hours_per_day
        Hours of a day in which one of them reviews.
    hour_cost
        What an hour of a reviewer costs, major units.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    cores: int = 2
    memory_gb: float = 8.0
    disk_gb: float = 100.0
    replicas: int = 1
    restarts_per_month: float = 4.0
    machine_per_month: float = 80.0
    reviewers: float = 1.0
    review_hours_per_day: float = 6.0
    hour_cost: float = 36.0
    because: str = ""

    def __post_init__(self) -> None:
        faults = [
            Fault(f"scale.{name}", "a whole number, one or more", repr(value))
            for name in ("cores", "replicas")
            if type(value := getattr(self, name)) is not int or value < 1
        ]
        limits = (
            *((name, "above 0", 0.0) for name in ("memory_gb", "disk_gb")),
            *((name, "zero or more", -1e-300) for name in _AMOUNTS),
        )
        faults += [
            Fault(f"scale.{name}", f"a number, {expected}", repr(value))
            for name, expected, low in limits
            if not (_is_number(value := getattr(self, name)) and value > low)
        ]
        if faults:
            raise DesignError("Scale cannot be declared like this", faults)


_AMOUNTS = ("restarts_per_month", "machine_per_month", "reviewers", "review_hours_per_day", "hour_cost")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
