"""A design as plain data: everything that was decided, for explanations and for the document."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.event import EventType
from sevenfold.data.fields import MISSING
from sevenfold.design.written import lineage, written
from sevenfold.features.expression import Expression

if TYPE_CHECKING:
    from sevenfold.data.expectation import Expectation
    from sevenfold.design.design import Design

__all__ = ["describe_design", "plain"]

_SECTIONS = ("problem", "label", "learning", "serving", "monitoring", "feedback", "trust", "scale")


def describe_design(design: Design) -> dict[str, Any]:
    """Give all that a design declares, defaults put in, as JSON can hold it."""
    return {
        "name": design.name,
        "because": design.because,
        "source": design.source,
        "decides": design.decides,
        "given": sorted(design.given),
        "events": {name: _event(event) for name, event in design.events.items()},
        "event_names": list(design.events),
        "entity_names": sorted(
            {
                str(field.entity)
                for event in design.events.values()
                for field in event.__fields__.values()
                if field.entity is not None
            }
        ),
        "feature_names": list(design.features),
        "features": {
            name: {
                "text": written(design.features[name]),
                "type": _type(design, name),
                "lineage": lineage(design, name),
            }
            for name in design.features
        },
        "feature_count": len(design.features),
        "expectations": [_expectation(one) for one in design.expectations],
        **{name: plain(getattr(design, name)) for name in _SECTIONS},
        **_label(design),
        "alternatives": {section: plain(rest) for section, rest in design.alternatives.items()},
        "accepts": dict(design.accepts),
    }


def plain(value: object) -> Any:
    """Give a declaration as plain data: dataclasses as mappings, events and expressions as text."""
    if isinstance(value, EventType):
        return value.__name__
    if isinstance(value, Expression):
        return written(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _label(design: Design) -> dict[str, Any]:
    """The label, with the wait in days beside its text."""
    if design.label is None:
        return {"label": None}
    return {"label": plain(design.label) | {"matures_days": design.label.matures_ms / 86_400_000}}


def _event(event: EventType) -> dict[str, Any]:
    return {
        "doc": inspect.cleandoc(event.__doc__ or ""),
        "key": event.__key__,
        "time": event.__time__,
        "fields": {
            name: {
                "name": name,
                "kind": field.kind.value,
                "entity": field.entity,
                "nullable": field.nullable,
                "default": None if field.default is MISSING else plain(field.default),
            }
            for name, field in event.__fields__.items()
        },
    }


def _type(design: Design, name: str) -> str:
    if design.features.is_count(name):
        return "count"
    kind = design.features.types.get(name)
    return "" if kind is None else kind.value


def _expectation(one: Expectation) -> dict[str, Any]:
    declared = {name: item for name, item in plain(one).items() if item not in (None, False, [], "")}
    declared["field"] = f"{one.event.__name__}.{one.field}"
    declared.pop("event", None)
    return declared
