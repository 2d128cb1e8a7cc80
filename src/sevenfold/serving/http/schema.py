"""JSON schemas and examples of a design's events, made from their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.data.fields import MISSING, Kind

if TYPE_CHECKING:
    from sevenfold.data.event import EventType
    from sevenfold.data.fields import Field

__all__ = ["event_example", "event_schema"]

_TOKEN = {"type": "string", "minLength": 1, "description": "An opaque token; never a card number."}
_INT64 = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
_SCHEMAS: dict[Kind, dict[str, Any]] = {
    Kind.TIMESTAMP: {
        "description": "RFC 3339 with an offset, or epoch milliseconds.",
        "oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}],
    },
    Kind.MONEY: {
        "description": "In major units; as text where it has to be exact beyond a double.",
        "oneOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$"}],
    },
    Kind.ENTITY: {"oneOf": [_TOKEN, _INT64]},
    Kind.CATEGORY: {"oneOf": [{"type": "string"}, _INT64]},
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: _INT64,
    Kind.FLOAT: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
}
_EXAMPLES: dict[Kind, Any] = {
    Kind.TIMESTAMP: "2026-03-01T09:00:00+01:00",
    Kind.MONEY: "49.90",
    Kind.INTEGER: 1,
    Kind.FLOAT: 1.5,
    Kind.BOOLEAN: False,
}


def event_schema(event: EventType) -> dict[str, Any]:
    """Return the JSON schema of an event; names that it does not declare are refused.

    Examples
    --------
    >>> from sevenfold.data.event import EventRecord
    >>> from sevenfold.data.fields import Timestamp
    >>> class Visit(EventRecord, key="visit_id", time="at"):
    ...     visit_id: str
    ...     at: Timestamp
    ...     robot: bool = False
    >>> schema = event_schema(Visit)
    >>> schema["required"], schema["properties"]["robot"]
    (['visit_id', 'at'], {'type': 'boolean', 'default': False})
    """
    return {
        "type": "object",
        "description": _first_line(event),
        "properties": {name: _field(field) for name, field in event.__fields__.items()},
        "required": [name for name, field in event.__fields__.items() if field.required],
        "additionalProperties": False,
    }


def event_example(event: EventType, key: str = "") -> dict[str, Any]:
    """Return an event as somebody might send it."""
    example = {name: _value(field) for name, field in event.__fields__.items()}
    if key:
        example[event.__key__] = key
    return example


def _field(field: Field) -> dict[str, Any]:
    currencies = {"pattern": "^[A-Z]{3}$", "type": "string", "description": "An ISO 4217 code."}
    schema = dict(currencies if _is_currency(field) else _SCHEMAS[field.kind])
    if field.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if field.default is not MISSING and field.default is not None:
        schema["default"] = field.default
    return schema


def _value(field: Field) -> Any:
    if field.default is not MISSING and field.default is not None:
        return field.default
    if field.kind is Kind.ENTITY:
        return f"{field.entity or field.name}_8f2a"
    if field.kind is Kind.CATEGORY:
        return "EUR" if _is_currency(field) else "DE"
    return _EXAMPLES.get(field.kind, f"{field.name.removesuffix('_id')}-1001")


def _is_currency(field: Field) -> bool:
    return field.kind is Kind.CATEGORY and field.name == "currency"


def _first_line(event: EventType) -> str:
    return (event.__doc__ or event.__name__).strip().partition("\n")[0]
