"""What a check finds, and what it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Finding", "Number", "Severity"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that the arithmetic uses, and where it is from.

    Parameters
    ----------
    value
        In the unit that its place says.
    source
        ``declared: problem.expected.per_day``, ``measured: 4,000 events in the log``, ``assumed: …``.
    """

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Parameters
    ----------
    id
        Stable: ``SF101``. Each is explained on the page about the check.
    severity
        ``"error"``: it can't work as declared. ``"warning"``: it will disappoint. ``"info"``: worth knowing.
    section
        Of the design.
    where
        The place, as its user knows it.
    wrong
        What is wrong, in one sentence.
    by
        By how much.
    fix
        What would fix it.
    arithmetic
        How it was computed, a line each, with the source of every number.
    accepted
        Why the design lets it stand; ``None`` where it doesn't.
    """

    id: str
    severity: Severity
    section: str
    where: str
    wrong: str
    by: str
    fix: str
    arithmetic: tuple[str, ...] = ()
    accepted: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain data."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "arithmetic": list(self.arithmetic)}
