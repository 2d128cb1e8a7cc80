"""Who may call: the protocol that a door asks, and what it gets for an answer.

How keys are made and kept is trust's matter (`sevenfold.trust.keys`); the design wires the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOBODY", "SCOPES", "Authenticator", "Denied", "Identity", "Open", "Scope"]

Scope = Literal["decide", "ingest", "read", "review", "admin"]
"""What a key is good for."""

SCOPES: dict[Scope, str] = {
    "decide": "ask for decisions, and the model for scores",
    "ingest": "bring in events: chargebacks, reviews, whatever the design declares",
    "read": "read decision records with their feature values, and metrics",
    "review": "work on cases and alerts: look at them, give verdicts, acknowledge and silence",
    "admin": "all of it",
}
"""Every scope, with what it opens."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls.

    Parameters
    ----------
    id
        The public part of the key; what logs and metrics may show.
    name
        What its owner called it.
    per_second
        How many payments a second it may send; ``None`` for as many as there is room for.
    """

    id: str
    name: str
    per_second: float | None = None


NOBODY = Identity("none", "nobody in particular")
"""Whoever calls where no key is asked for."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Why somebody may not.

    Parameters
    ----------
    status
        401 where the key is not good, 403 where it is, but not for this.
    reason
        One of a few words, for metrics.
    detail
        A sentence for whoever holds the key. It never repeats what was sent.
    """

    status: Literal[401, 403]
    reason: Literal["missing", "malformed", "unknown", "expired", "revoked", "scope"]
    detail: str


class Authenticator(Protocol):
    """Tells who calls."""

    def check(self, header: str | None, scope: Scope) -> Identity | Denied:
        """Check the value of an ``Authorization`` header against what is asked for."""
        ...


class Open:
    """Lets everybody do everything: for one's own machine, and only there."""

    check: Callable[[str | None, Scope], Identity] = staticmethod(lambda _header, _scope: NOBODY)
