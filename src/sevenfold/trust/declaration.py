"""Section 6 of a design: whom the system must protect, and from what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.data.duration import duration_ms
from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Trust"]


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whom the system must protect, and from what.

    Parameters
    ----------
    purposes
        Why a field that tells of people is held, one sentence each, by ``"Event.field"``, by the field's name
        or by the type of its entity (GDPR, Article 5(1)(b)).
    protected
        What decisions must not depend on, such as ``"age"``: fields of the decided event by name, or
        attributes that it does not hold.
    retention
        How long events are kept, such as ``"400d"``; ``None``: nobody has said.
    erasure
        How a person is forgotten on request, in one sentence; empty: nobody has said.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    purposes: Mapping[str, str] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    retention: str | None = None
    erasure: str = ""
    because: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "protected", tuple(self.protected))
        faults = [
            Fault(f"trust.purposes[{name!r}]", "a sentence", repr(purpose))
            for name, purpose in self.purposes.items()
            if not (isinstance(purpose, str) and purpose.strip())
        ]
        if self.retention is not None:
            try:
                duration_ms(self.retention, "trust.retention")
            except DesignError as error:
                faults += error.faults
        if faults:
            raise DesignError("Trust cannot be declared like this", faults)

    @property
    def retention_days(self) -> float | None:
        """How many days events are kept."""
        return None if self.retention is None else duration_ms(self.retention) / 86_400_000
