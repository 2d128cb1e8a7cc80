"""What the door asks of the service behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.serving.outcome import Accepted, Outcome

__all__ = ["Service"]


class Service(Protocol):
    """Decides events, takes events in, and knows its own state; `sevenfold.serving.service` is the one."""

    async def decided(self, values: Mapping[str, object] | bytes) -> Outcome:
        """Decide one event; what it returns is durable."""
        ...

    async def accept(self, event: str, rows: Sequence[Mapping[str, object]]) -> Accepted:
        """Take events in that are only to be known; what it returns is durable."""
        ...

    def record(self, event_id: str) -> dict[str, Any] | None:
        """Give the record of a decision as plain data, or nothing where there is none."""
        ...

    def ready(self) -> list[str]:
        """Tell why it does not decide just now; nothing where it does."""
        ...
