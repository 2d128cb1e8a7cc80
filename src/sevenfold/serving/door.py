"""What a door does to a row before anything else sees it: card numbers stay outside.

Every text of an event that is nothing but a card number is caught here, before it can be validated, logged
or quoted. A design either has such rows refused, or, for entities, puts a token in the number's place
(`Cleaner`, wired by the design).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sevenfold.data.card import HOW_TO_TOKENISE, is_card_number
from sevenfold.data.fields import Kind
from sevenfold.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sevenfold.data.event import EventType

__all__ = ["Cleaner", "Doorman", "doormen_of"]

_SHORTEST = 13
_GUARDED = (Kind.ENTITY, Kind.TEXT, Kind.CATEGORY)


class Cleaner(Protocol):
    """Puts tokens in the place of card numbers."""

    def token(self, number: str) -> str:
        """Return the token of a card number: always the same for the same card, however it was written."""
        ...


class Doorman:
    """Looks at the rows of one event.

    Parameters
    ----------
    event
        What the rows are.
    keys
        Names of fields that name events, such as ``payment_id``: their values identify a payment in its
        sender's books and are never card numbers, though one in ten numbers of such a length looks like one.
    cleaner
        Puts tokens in the place of card numbers in entities; ``None`` where they are refused.
    """

    def __init__(self, event: EventType, keys: Iterable[str], cleaner: Cleaner | None = None) -> None:
        exempt = {event.__key__, *keys}
        self.event = event
        self._token: Callable[[str], str] | None = None if cleaner is None else cleaner.token
        self._guarded = {
            name: field.kind is Kind.ENTITY
            for name, field in event.__fields__.items()
            if field.kind in _GUARDED and name not in exempt
        }

    def __call__(self, row: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Fault]]:
        """Return the row as it may come in, and what keeps it out."""
        faults: list[Fault] = []
        for name, is_entity in self._guarded.items():
            value = row.get(name)
            text = value if type(value) is str else str(value) if type(value) is int else ""
            if len(text) < _SHORTEST or not is_card_number(text):
                continue
            if is_entity and self._token is not None:
                row = {**row, name: self._token(text)}
            else:
                where = f"{self.event.__name__}.{name}"
                faults.append(Fault(where, "an opaque token", "a raw card number", HOW_TO_TOKENISE))
        return row, faults


def doormen_of(events: Mapping[str, EventType], cleaner: Cleaner | None = None) -> dict[str, Doorman]:
    """Return a doorman for each of a design's events; the keys of all of them name events."""
    keys = [event.__key__ for event in events.values()]
    return {name: Doorman(event, keys, cleaner) for name, event in events.items()}
