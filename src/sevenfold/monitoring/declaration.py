"""Section 5a of a design: how the running system is watched."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sevenfold.errors import DesignError, Fault
from sevenfold.monitoring.alerts.declaration import Alerts
from sevenfold.monitoring.fairness.declaration import Fairness
from sevenfold.monitoring.performance.declaration import Performance

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Monitoring", "Part"]


@runtime_checkable
class Part(Protocol):
    """A part of the section that knows what must fit the rest of the design."""

    def unfit(self, columns: Collection[str], features: Collection[str]) -> list[Fault]:
        """Return everything in it that does not fit.

        Parameters
        ----------
        columns
            Fields of the event that is decided.
        features
            Columns of the design's features.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """How the running system is watched.

    A design that leaves the section out is watched with every default.

    Parameters
    ----------
    skew_share
        Share of decisions whose recorded features are compared with a backfill of the log, 0 to 1.
    fallback_share
        Share of recent decisions without a score from which on it is an alert, 0 to 1.
    performance
        What decisions are held to once their labels are final.
    fairness
        Which groups are compared, and how far apart they may be.
    alerts
        Who is told of what is noticed, and how often.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    skew_share: float = 0.01
    fallback_share: float = 0.01
    performance: Performance = field(default_factory=Performance)
    fairness: Fairness = field(default_factory=Fairness)
    alerts: Alerts = field(default_factory=Alerts)
    because: str = ""

    def __post_init__(self) -> None:
        faults = [
            Fault(f"monitoring.{name}", "a number from 0 to 1", repr(value))
            for name in ("skew_share", "fallback_share")
            if not _is_share(value := getattr(self, name))
        ]
        faults += [
            Fault(f"monitoring.{name}", call, type(value).__name__)
            for name, (kind, call) in _PARTS.items()
            if not isinstance(value := getattr(self, name), kind)
        ]
        if faults:
            raise DesignError("Monitoring cannot be declared like this", faults)

    def unfit(self, columns: Collection[str], features: Collection[str]) -> list[Fault]:
        """Return everything that does not fit the rest of the design; see `Part`."""
        faults = []
        for declared in fields(self):
            part = getattr(self, declared.name)
            if isinstance(part, Part):
                faults += part.unfit(columns, features)
        return faults


_PARTS: dict[str, tuple[type, str]] = {
    "performance": (Performance, "sf.Performance(...)"),
    "fairness": (Fairness, "sf.Fairness(...)"),
    "alerts": (Alerts, "sf.Alerts(...)"),
}
"""Every part that is a declaration of its own, with the call that makes one."""


def _is_share(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value <= 1
    )
