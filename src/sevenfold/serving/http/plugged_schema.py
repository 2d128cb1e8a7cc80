"""The part of the OpenAPI document that is about routes of other rooms, made from their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.serving.http.plugged import Plugged

__all__ = ["described"]

_JSON = "application/json"


def described(routes: Sequence[Plugged]) -> tuple[list[tuple[str, str, dict[str, Any]]], dict[str, Any]]:
    """Describe routes.

    Returns
    -------
    Each path with its method in small letters and its operation, whose responses lack the problems; and the
    schemas they refer to, by names that begin with their room's.
    """
    schemas: dict[str, Any] = {}
    operations = []
    for route in routes:
        refs = _Refs(route, schemas)
        operations.append((route.path, route.method.lower(), _operation(route, refs)))
    return operations, schemas


class _Refs:
    """Schemas of a route's types, kept under their room's name."""

    def __init__(self, route: Plugged, schemas: dict[str, Any]) -> None:
        self._room, self._schemas = route.room, schemas

    def __call__(self, declared: Any) -> dict[str, Any]:
        template = f"#/components/schemas/{self._room}.{{name}}"
        (schema,), components = msgspec.json.schema_components([declared], ref_template=template)
        self._schemas.update({f"{self._room}.{name}": found for name, found in components.items()})
        return schema


def _operation(route: Plugged, refs: _Refs) -> dict[str, Any]:
    words = [part for part in route.path.strip("/").split("/") if part != "v1"]
    answer = {"type": "object"} if route.answer is None else refs(route.answer)
    operation: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *(word.strip("{}") for word in words)]),
        "summary": f"{route.summary} Takes the scope {route.scope}.",
        "tags": [route.room],
        "responses": {
            str(route.status): {"description": route.summary, "content": {_JSON: {"schema": answer}}}
        },
    }
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.parameters
    ]
    if route.query is not None:
        parameters += _query_parameters(route.query)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content: dict[str, Any] = {"schema": refs(route.body)}
        if route.example:
            content["example"] = dict(route.example)
        operation["requestBody"] = {"required": True, "content": {_JSON: content}}
    return operation


def _query_parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """Describe each field of a query by itself."""
    _, components = msgspec.json.schema_components([query])
    (declared,) = (found for name, found in components.items() if name == query.__name__)
    return [
        {"name": name, "in": "query", "required": name in declared.get("required", ()), "schema": schema}
        for name, schema in declared["properties"].items()
    ]
