"""Further routes of other rooms, behind the same door: alerts, the review queue, the rollout.

A room declares its routes as `Plugged`; `sevenfold.design.doors` hands them to the application, which lets
callers in by their scope, holds bodies to its limits and keys to their rates, turns errors into problem JSON
and writes the routes into ``/openapi.json``. A handler sees a request that was let in (`Asked`) and returns
what is answered::

    class Verdict(msgspec.Struct, forbid_unknown_fields=True):
        fraud: bool
        note: str = ""

    def close(asked: Asked) -> Closed:
        return queue.close(asked.path["case"], asked.body, by=asked.caller.name)

    Plugged("POST", "/v1/cases/{case}/verdict", "review", close, "Close a case.", room="review",
            body=Verdict, answer=Closed)

A plain function runs on a thread, so that it may wait for a disk; a coroutine function runs on the event
loop, where decisions are made, and must not. What a handler raises is answered like this: `DataError` and
`UsageError` as 422 with their faults, `LogError` and `StateError` as 503, a `ProblemError` as itself
(``not-found``, ``changed`` for what somebody else changed meanwhile); all else is a fault of the service.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

import msgspec

from sevenfold.errors import DataError, Fault, LogError, StateError, UsageError
from sevenfold.serving.http.problem import ProblemError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sevenfold.serving.authentication import Identity, Scope
    from sevenfold.serving.http.application import Request
    from sevenfold.serving.http.limits import RateLimits

__all__ = ["Asked", "Plugged", "Plugs"]

_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_EXPECTED = re.compile(r"Expected (?P<expected>.*), got (?P<got>[^-]*?)(?: - at `(?P<at>.*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`(?: - at `(?P<at>.*)`)?")
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in.

    Parameters
    ----------
    path
        What stands in the path's places, by name.
    query
        The query as its declared type; `None` where none is declared.
    body
        The body as its declared type; `None` where none is declared.
    caller
        Whose key it was: ``caller.name`` is who did it, for the audit trail.
    id
        The request's id.
    """

    path: Mapping[str, str]
    query: Any
    body: Any
    caller: Identity
    id: str


@dataclass(frozen=True)
class Plugged:
    """One route.

    Parameters
    ----------
    method, path
        What it answers; ``{name}`` in a path stands for one part of it.
    scope
        What a key must be good for.
    handler
        Gives what is answered: an object that msgspec can write, or bytes that are JSON already.
    summary
        One sentence for the OpenAPI document.
    room
        The part of the system it belongs to: the value of the label ``route`` in metrics.
    body, query
        `msgspec.Struct` types of what is sent; `None` takes nothing. Those of a query have defaults.
    answer
        The type of what is answered, for the document.
    status
        The code where all is well.
    example
        A body as somebody might send it.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    scope: Scope
    handler: Callable[[Asked], Any]
    summary: str
    room: str
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    answer: Any = None
    status: int = 200
    example: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the paths it answers look like."""
        parts = _PARAMETER.split(self.path)
        return re.compile(
            "".join(
                f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
            )
        )

    @property
    def parameters(self) -> list[str]:
        """Names of the path's places."""
        return _PARAMETER.findall(self.path)


class Plugs:
    """All routes of other rooms.

    Parameters
    ----------
    routes
        They.
    rates
        How much a key may ask for; a request costs one.
    """

    def __init__(self, routes: Sequence[Plugged], rates: RateLimits) -> None:
        self.routes = tuple(routes)
        self._wait = rates.wait

    def find(self, method: str, path: str) -> Plugged | None:
        """Return the route of a request, if there is one."""
        return next(
            (route for route in self.routes if route.method == method and route.pattern.fullmatch(path)), None
        )

    def allowed(self, path: str) -> list[str]:
        """Return the methods that a path takes; none where nothing answers it."""
        return sorted({route.method for route in self.routes if route.pattern.fullmatch(path)})

    async def answer(self, route: Plugged, request: Request) -> Reply:
        """Answer a request that was let in.

        Raises
        ------
        ProblemError
            It is not what the route takes, its key's rate is used up, or the handler raised.
        """
        caller = request.caller
        wait = self._wait(caller, 1)
        if wait:
            detail = f"The key {caller.id} may send {caller.per_second:g} requests a second."
            raise ProblemError("too-many-requests", detail, retry_after_s=wait)
        matched = route.pattern.fullmatch(request.scope.path)
        path = {} if matched is None else matched.groupdict()
        asked = Asked(path, _query(route, request), _body(route, request), caller, request.id)
        try:
            if inspect.iscoroutinefunction(route.handler):
                found = await route.handler(asked)
            else:
                found = await asyncio.to_thread(route.handler, asked)
        except (DataError, UsageError) as error:
            raise ProblemError("invalid", error.summary, error.faults) from error
        except (LogError, StateError) as error:
            raise ProblemError("unavailable", error.summary, retry_after_s=_RETRY_S) from error
        body = found if isinstance(found, bytes) else msgspec.json.encode(found)
        return Reply(route.status, [("content-type", "application/json"), ("x-request-id", request.id)], body)


def _query(route: Plugged, request: Request) -> Any:
    given = dict(parse_qsl(request.scope.query_string, keep_blank_values=True))
    if route.query is None:
        return None
    try:
        return msgspec.convert(given, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise ProblemError("invalid", "The query is not what this takes.", [_fault("query", error)]) from None


def _body(route: Plugged, request: Request) -> Any:
    if route.body is None:
        return None
    given = request.scope.headers.get("content-type")
    if given is not None and given.partition(";")[0].strip().lower() != "application/json":
        raise ProblemError("unsupported-media-type", "Send application/json.")
    try:
        return msgspec.json.decode(request.body, type=route.body)
    except msgspec.ValidationError as error:
        raise ProblemError("invalid", "The body is not what this takes.", [_fault("body", error)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fault = Fault("body", "an object", "no JSON")
        raise ProblemError("malformed", "The body is no JSON.", [fault]) from None


def _fault(where: str, error: msgspec.ValidationError) -> Fault:
    """Say what does not fit, without anything that was sent."""
    text = str(error)
    if matched := _MISSING.fullmatch(text):
        return Fault(f"{_place(where, matched['at'])}.{matched['name']}", "a value", "nothing")
    if matched := _EXPECTED.fullmatch(text):
        return Fault(_place(where, matched["at"]), matched["expected"], matched["got"])
    at = re.search(r" - at `(.*)`", text)
    unknown = text.startswith("Object contains unknown field")
    got = "an undeclared name" if unknown else "another value"
    return Fault(_place(where, at[1] if at else None), "what the schema declares", got)


def _place(where: str, at: str | None) -> str:
    return f"{where}{(at or '').removeprefix('$')}"
