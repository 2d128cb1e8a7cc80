"""What waits to be folded: an event to decide, or events that are only to be known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sevenfold.serving.outcome import Accepted, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.data.log import NewEntry
    from sevenfold.errors import DataError, Fault
    from sevenfold.serving.record import DecisionRecord

__all__ = ["Deciding", "Job", "Taking"]

Result = TypeVar("Result", Outcome, Accepted)


@dataclass(slots=True, eq=False)
class Job(Generic[Result]):
    """Work that somebody waits for.

    Attributes
    ----------
    settled
        Called with what became of it.
    result
        What will be told once the log holds it; set where it is known before.
    """

    settled: list[Callable[[Result], object]] = field(default_factory=list)
    result: Result | None = None

    def settle(self, result: Result) -> None:
        """Tell everybody who waits."""
        for tell in self.settled:
            tell(result)


@dataclass(slots=True, eq=False)
class Deciding(Job[Outcome]):
    """One event on its way to a decision.

    Attributes
    ----------
    key, row, body, time_ms
        The event: its key, physical values, body in the log, and time in epoch milliseconds.
    came_ns
        When it came, by `time.perf_counter_ns`.
    record
        The decision, once made.
    fault
        Why the kernel refused it.
    offset
        Where the record stands in the log, once placed.
    durable
        Whether the log has its record, and it only waits for its reasons.
    reasons
        The log entry of those, once they are found.
    why
        What they say.
    earlier
        The entity's decisions before this one, where it needs reasons and they are remembered.
    """

    key: str = ""
    row: Sequence[Any] = ()
    body: bytes = b""
    time_ms: int = 0
    came_ns: int = 0
    record: DecisionRecord | None = None
    fault: DataError | None = None
    offset: int = -1
    durable: bool = False
    reasons: NewEntry | None = None
    why: tuple[dict[str, Any], ...] = ()
    earlier: Sequence[DecisionRecord] = ()


@dataclass(slots=True, eq=False)
class Taking(Job[Accepted]):
    """Events of one kind that are folded and not decided.

    Attributes
    ----------
    event
        Their name.
    rows, entries
        Their physical values, and what the log takes.
    found
        What became of the rows when they were looked up.
    refused
        Faults of those that the kernel refused.
    """

    event: str = ""
    rows: list[Sequence[Any]] = field(default_factory=list)
    entries: list[NewEntry] = field(default_factory=list)
    found: Accepted = field(default_factory=Accepted)
    refused: list[Fault] = field(default_factory=list)
