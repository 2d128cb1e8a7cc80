"""The OpenAPI document: every route, with examples made from the design's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold._version import __version__
from sevenfold.serving.authentication import SCOPES
from sevenfold.serving.http.plugged_schema import described
from sevenfold.serving.http.problem import MEDIA_TYPE, PROBLEMS
from sevenfold.serving.http.schema import event_example, event_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sevenfold.data.event import EventType
    from sevenfold.serving.http.door import Behind
    from sevenfold.serving.http.limits import Limits

__all__ = ["document"]

_JSON, _LINES = "application/json", "application/x-ndjson"
_ALWAYS = ("malformed", "unauthenticated", "forbidden", "timeout", "too-large", "unsupported-media-type")
_LATER = ("too-many-requests", "unavailable")
_RETRY = {"description": "Seconds after which it is worth trying again.", "schema": {"type": "integer"}}
_FAULT = {
    "type": "object",
    "required": ["where", "expected", "got"],
    "properties": {
        "where": {"type": "string", "description": "The field, or the row and the field."},
        "expected": {"type": "string"},
        "got": {"type": "string"},
        "hint": {"type": "string"},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:sevenfold:problem:{name}" for name in PROBLEMS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _FAULT},
        "more_errors": {"type": "integer"},
        "request_id": {"type": "string"},
    },
}
_DECISION = {
    "type": "object",
    "description": "The answer to one event; the same each time the same event is sent.",
    "required": [
        "decision_id",
        "event_id",
        "action",
        "score",
        "reasons",
        "rules",
        "model",
        "policy",
        "elapsed_us",
    ],
    "properties": {
        "decision_id": {"type": "string"},
        "event_id": {"type": "string"},
        "action": {"type": "string", "enum": ["approve", "review", "block"]},
        "score": {"type": ["number", "null"], "description": "Probability; null where rules decided alone."},
        "risk_score": {"type": ["integer", "null"], "minimum": 0, "maximum": 999},
        "reasons": {"type": "array", "items": {"type": "object"}},
        "rules": {"type": "array", "items": {"type": "string"}},
        "model": {"type": ["string", "null"]},
        "policy": {"type": "string"},
        "fallback": {
            "type": "boolean",
            "description": "Decided by rules alone, since no model could be asked.",
        },
        "elapsed_us": {"type": "integer"},
    },
}
_DECIDED = {
    "decision_id": "d-1042",
    "event_id": "payment-1001",
    "action": "review",
    "score": 0.31,
    "risk_score": 941,
    "reasons": [{"feature": "card_count_1h", "contribution": 1.2, "value": 9}],
    "rules": ["many_in_an_hour"],
    "model": "7c1e0a5b2f43",
    "policy": "p-3f9c",
    "fallback": False,
    "elapsed_us": 412,
}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string", "description": "The feature's."},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string", "examples": ["FP64", "BYTES"]},
        "data": {"type": "array"},
    },
}
_TENSORS = {
    "type": "object",
    "description": "Features by the Open Inference Protocol, version 2: a tensor each.",
    "required": ["inputs"],
    "properties": {"id": {"type": "string"}, "inputs": {"type": "array", "items": _TENSOR}},
}
_ACCEPTED = {
    "type": "object",
    "required": ["new", "duplicates", "refused", "conflicts"],
    "properties": {
        "new": {"type": "integer", "description": "How many were added."},
        "duplicates": {"type": "integer", "description": "How many were known already."},
        "refused": {"type": "array", "items": _FAULT, "description": "What is wrong with those left out."},
        "conflicts": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Positions of those under whose key another event is known; they were left out.",
        },
    },
}


def document(behind: Behind, limits: Limits, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write the document.

    Parameters
    ----------
    behind
        What the door leads to.
    limits
        What it puts up with.
    more
        A document of further paths, from the framework.
    """
    events, decides = behind.events, behind.decides
    paths: dict[str, Any] = {
        "/v1/decisions": {"post": _decide(events[decides], limits)},
        "/v1/decisions/{event_id}": {"get": _decision()},
        **{f"/v1/events/{event}": {"post": _events(events[event], limits)} for event in events},
        "/healthz": {"get": _plain("alive", "Whether the process answers.", {"status": "alive"})},
        "/readyz": {"get": _ready()},
        "/metrics": {"get": _metrics()},
        "/openapi.json": {"get": _plain("openapi", "This document.", None)},
    }
    components = more.get("components", {})
    operations, schemas = described(behind.plugged)
    for path, method, operation in operations:
        operation["responses"] |= _problems(*_ALWAYS, "not-found", "changed", "invalid", *_LATER)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Sevenfold: {behind.name}",
            "version": __version__,
            "description": "Decisions in milliseconds, each durable and explained.",
        },
        "paths": paths | {path: _further(path, item) for path, item in more.get("paths", {}).items()},
        "components": {
            "schemas": {
                "Problem": _PROBLEM,
                "Decision": _DECISION,
                "Accepted": _ACCEPTED,
                **{event: event_schema(declared) for event, declared in events.items()},
                **components.get("schemas", {}),
                **schemas,
            },
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of `sevenfold keys create`. Scopes: "
                    + "; ".join(f"{scope}: {what}" for scope, what in SCOPES.items()),
                }
            },
        },
        "security": [{"key": []}],
    }


def _further(path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Complete what the framework wrote about the inference protocol: it sees bytes where JSON is."""
    told = {}
    for method, operation in item.items():
        told[method] = {
            **operation,
            "responses": {
                "200": {
                    "description": operation["summary"],
                    "content": {_JSON: {"schema": {"type": "object"}}},
                },
                **_problems(*_ALWAYS, "not-found", "invalid", "unavailable"),
            },
        }
        if path.startswith("/v2/health/"):
            told[method]["security"] = []
        if method == "post":
            told[method]["requestBody"] = {"required": True, "content": {_JSON: {"schema": _TENSORS}}}
    return told


def _decide(event: EventType, limits: Limits) -> dict[str, Any]:
    one, decision = _ref(event.__name__), _ref("Decision")
    either = {"anyOf": [decision, _ref("Problem")]}
    answers = {"type": "array", "items": either}
    return {
        "operationId": "decide",
        "summary": f"Decide a {event.__name__}, or up to {limits.batch:,} of them, each by itself.",
        "description": "The answer is given when the decision is durable. The same event again gets the same "
        "answer; another one under the same key is a conflict. Takes the scope decide.",
        "requestBody": _body(event, one, limits),
        "responses": {
            "200": {
                "description": "Decided. In a batch, each event has a decision or a problem of its own.",
                "content": {
                    _JSON: {"schema": {"anyOf": [decision, answers]}, "example": _DECIDED},
                    _LINES: {"schema": {"type": "string"}},
                },
            },
            **_problems(*_ALWAYS, "conflict", "invalid", *_LATER),
        },
    }


def _decision() -> dict[str, Any]:
    parameter = {
        "name": "event_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
        "example": "payment-1001",
    }
    found = {
        "description": "The record, with its feature values.",
        "content": {_JSON: {"schema": {"type": "object"}}},
    }
    return {
        "operationId": "decision",
        "summary": "Give the record of a decision. Takes the scope read.",
        "parameters": [parameter],
        "responses": {"200": found, **_problems(*_ALWAYS, "not-found", "unavailable")},
    }


def _events(event: EventType, limits: Limits) -> dict[str, Any]:
    example = {"new": 1, "duplicates": 0, "refused": [], "conflicts": []}
    accepted = {
        "description": "Taken in, and durable; what was left out is named.",
        "content": {_JSON: {"schema": _ref("Accepted"), "example": example}},
    }
    return {
        "operationId": f"take{event.__name__}",
        "summary": f"Bring in a {event.__name__}, or up to {limits.batch:,} of them. Takes the scope ingest.",
        "requestBody": _body(event, _ref(event.__name__), limits),
        "responses": {"202": accepted, **_problems(*_ALWAYS, "conflict", "invalid", *_LATER)},
    }


def _body(event: EventType, one: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": limits.batch}
    first = event_example(event)
    second = event_example(event, f"{first[event.__key__]}-b")
    examples = {"one": {"value": first}, "several": {"value": [first, second]}}
    return {
        "required": True,
        "content": {
            _JSON: {"schema": {"anyOf": [one, many]}, "examples": examples},
            _LINES: {"schema": {"type": "string", "description": "One JSON object a line."}},
        },
    }


def _plain(operation: str, summary: str, example: object) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"type": "object"}}
    if example is not None:
        content["example"] = example
    found = {"description": summary, "content": {_JSON: content}}
    return {
        "operationId": operation,
        "summary": summary,
        "security": [],
        "responses": {"200": found, **_problems("unavailable")},
    }


def _ready() -> dict[str, Any]:
    return _plain("ready", "Whether it decides; where not, the problem says why.", {"status": "ready"})


def _metrics() -> dict[str, Any]:
    text = {
        "description": "In Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return {
        "operationId": "metrics",
        "summary": "What is counted. Takes the scope read, except from the same machine.",
        "responses": {"200": text, **_problems("unauthenticated", "forbidden", "unavailable")},
    }


def _problems(*names: str) -> dict[str, Any]:
    kinds: Iterable[str] = dict.fromkeys((*names, "internal"))
    return {
        str(PROBLEMS[name].status): {
            "description": PROBLEMS[name].title,
            "content": {MEDIA_TYPE: {"schema": _ref("Problem")}},
            **({"headers": {"Retry-After": _RETRY}} if name in _LATER else {}),
        }
        for name in kinds
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
