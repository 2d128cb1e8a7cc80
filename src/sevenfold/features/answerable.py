"""Which features an event can be asked for, and what it lacks to be asked for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.errors import Fault
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.check import entity_types, field_of, key_types
from sevenfold.features.expression import Expression, FieldOf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.features.declaration import FeatureSet

__all__ = ["lacks", "unanswered", "unlisted"]

_BY_PLACE = "Say which of its fields with .at(...)"
_BY_AGGREGATE = "Aggregate it by an entity that both have, such as .last().by(...).over('all')"


def unlisted(events: Sequence[EventType], features: FeatureSet) -> list[Fault]:
    """Events that features read and the design does not list."""
    listed = ", ".join(event.__name__ for event in events)
    return [
        Fault("features", "events that the design lists", stream.__name__, f"The design lists: {listed}")
        for stream in features.streams()
        if stream not in events
    ]


def unanswered(events: Sequence[EventType], features: FeatureSet, on: EventType | None = None) -> list[Fault]:
    """Why no event can be asked for all features, or ``on`` cannot; nothing if one can."""
    lacking = {
        event: [
            fault for name in features for fault in lacks(event, features.resolved(name), f"features.{name}")
        ]
        for event in (events if on is None else (on,))
    }
    return min(lacking.values(), key=len, default=[])


def lacks(event: EventType, expression: Expression, where: str) -> list[Fault]:
    """What an event lacks to be asked for a feature.

    Parameters
    ----------
    expression
        With references to other features put in.
    where
        The feature, as faults name it.
    """
    expected = f"what can be known at a {event.__name__}"
    faults = [Fault(where, expected, got, hint) for got, hint in _lacking(event, expression)]
    return list(dict.fromkeys(faults))


def _lacking(event: EventType, expression: Expression) -> Iterator[tuple[str, str]]:
    """What is missing, and what to do about it."""
    match expression:
        case Aggregate():
            yield from _lacking_entities(event, expression)
        case FieldOf(other, name) if other is not event:
            yield f"{other.__name__}.{name}", _BY_AGGREGATE
        case _:
            for part in expression.children():
                yield from _lacking(event, part)


def _lacking_entities(event: EventType, node: Aggregate) -> Iterator[tuple[str, str]]:
    """Which entities of an aggregate's key an event cannot give."""
    if node.places:
        for place in map(field_of, node.places):
            if place.event is not event:
                yield f".at({place.event.__name__}.{place.name})", f"Give fields of {event.__name__} to .at()"
    elif node.stream is not event:
        held = entity_types(event)
        kinds = key_types(node)
        for kind in kinds:
            if kinds.count(kind) > 1:
                yield f"each {kind} of {node.stream.__name__}, which has several", _BY_PLACE
                continue
            fields = held.get(kind, [])
            if not fields:
                yield f"the {kind} of {node.stream.__name__}, which it has no field of", _BY_PLACE
            elif len(fields) > 1:
                several = ", ".join(fields)
                yield f"the {kind} of {node.stream.__name__}, which it has several of: {several}", _BY_PLACE
