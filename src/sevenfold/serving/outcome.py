"""What becomes of a request: the answer in the words of a door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.errors import Fault

__all__ = ["Accepted", "Outcome", "Status"]

Status = Literal["new", "repeated", "conflict", "refused", "unavailable"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event that was to be decided.

    Parameters
    ----------
    status
        ``"new"``: decided, and durable. ``"repeated"``: the same event was decided before, and this is that
        answer. ``"conflict"``: another event is known under its key; nothing has changed. ``"refused"``: it
        is no such event. ``"unavailable"``: not now; nothing is known to have been logged, and the same event
        may be sent again.
    body
        The answer as JSON, where there is one.
    faults
        Why not, where there is none.
    retry_after_s
        Seconds after which it is worth trying again, where it is unavailable.
    event_id
        The key of the event, where it could be read.
    """

    status: Status
    body: bytes = b""
    faults: Sequence[Fault] = ()
    retry_after_s: float = 0.0
    event_id: str | None = None

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.status in ("new", "repeated")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of events that were only to be known.

    Parameters
    ----------
    new, duplicates
        How many were added, and how many were known already.
    faults
        What is wrong with others, by their position; they were left out.
    conflicts
        Positions of those under whose key another event is known; they were left out.
    unavailable
        Why none of them could be taken just now; the same may be sent again. Empty where they were.
    retry_after_s
        Seconds after which it is worth trying again.
    """

    new: int = 0
    duplicates: int = 0
    faults: Sequence[Fault] = ()
    conflicts: Sequence[int] = ()
    unavailable: str = ""
    retry_after_s: float = 0.0
