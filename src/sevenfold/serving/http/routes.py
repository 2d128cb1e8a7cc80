"""Every route but the hot one, as handlers of a framework (Litestar).

The application has checked the key, the size and the time before a handler runs; handlers raise
`ProblemError`, and the application answers it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.routes import HTTPRoute

from sevenfold._version import __version__
from sevenfold.data.refusal import RefusedError
from sevenfold.errors import Fault
from sevenfold.serving.http.body import parted
from sevenfold.serving.http.openapi import document
from sevenfold.serving.http.problem import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.serving.door import Doorman
    from sevenfold.serving.http.application import Application
    from sevenfold.serving.http.application import Request as LetIn
    from sevenfold.serving.http.body import Batch
    from sevenfold.serving.http.door import Behind
    from sevenfold.serving.http.limits import Limits, RateLimits
    from sevenfold.serving.http.service import Service
    from sevenfold.serving.http.telemetry import Telemetry
    from sevenfold.serving.outcome import Accepted

__all__ = ["FAILURE", "framework"]

FAILURE = "sevenfold.failure"
"""Where the ASGI scope holds what a handler raised."""

_JSON = "application/json"
_ROW = re.compile(r"row (\d+)(.*)", re.DOTALL)


def framework(
    behind: Behind,
    application: Application,
    doormen: Mapping[str, Doorman],
    limits: Limits,
    rates: RateLimits,
    telemetry: Telemetry,
) -> Litestar:
    """Make the application of the routes.

    Parameters
    ----------
    behind
        What they are about.
    application
        What lets requests in.
    doormen
        What keeps card numbers out, by event.
    limits, rates, telemetry
        What the door puts up with, and counts.
    """
    service = behind.service

    @get("/healthz", include_in_schema=False)
    async def healthz() -> Response[bytes]:
        return _json({"status": "alive", "version": __version__})

    @get("/readyz", include_in_schema=False)
    async def readyz() -> Response[bytes]:
        why_not = ["It is about to end"] if application.stopping else service.ready()
        if why_not:
            raise ProblemError("unavailable", "; ".join(why_not) + ".", retry_after_s=1)
        return _json({"status": "ready"})

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        return Response(telemetry.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
        generated = request.app.openapi_schema.to_schema()
        return _json(document(behind, limits, generated))

    @get("/v1/decisions/{event_id:path}", include_in_schema=False)
    async def decision(event_id: str) -> Response[bytes]:
        record = service.record(event_id[1:])
        if record is None:
            raise ProblemError("not-found", "Nothing was decided under this key.")
        return _json(record)

    @post("/v1/events/{event:str}", include_in_schema=False)
    async def events(event: str, request: Request[Any, Any, Any]) -> Response[bytes]:
        if event not in doormen:
            fault = Fault("event", f"one of {', '.join(doormen)}", "another name")
            raise ProblemError("not-found", "The design has no such event.", [fault])
        let_in: LetIn = request.scope["sevenfold"]  # type: ignore[typeddict-item]
        batch = parted(let_in.body, let_in.scope.headers.get("content-type"), limits)
        wait = rates.wait(let_in.caller, len(batch.rows))
        if wait:
            detail = f"The key {let_in.caller.id} may send {let_in.caller.per_second:g} events a second."
            raise ProblemError("too-many-requests", detail, retry_after_s=wait)
        return _accepted(batch, *await _taken(service, event, doormen[event], batch))

    return Litestar(
        [healthz, readyz, metrics, openapi, decision, events, *behind.handlers],
        exception_handlers={Exception: _keep},
        openapi_config=OpenAPIConfig(title=behind.name, version=__version__, path="/openapi"),
        logging_config=None,
    )


async def _taken(
    service: Service, event: str, doorman: Doorman, batch: Batch
) -> tuple[Accepted, list[Fault]]:
    """Take in what may come in; returns what became of it, and what is wrong with the others."""
    rows: list[Mapping[str, Any]] = []
    kept: list[int] = []
    faults: list[Fault] = []
    for position, row in enumerate(batch.rows):
        if isinstance(row, RefusedError):
            faults.append(row.at(f"row {position}"))
            continue
        # What is no object, the service refuses in its own words.
        cleaned, wrong = doorman(row) if isinstance(row, dict) else (cast("dict[str, Any]", row), [])
        if wrong:
            faults += [Fault(f"row {position}: {f.where}", f.expected, f.got, f.hint) for f in wrong]
            continue
        kept.append(position)
        rows.append(cleaned)
    accepted = await service.accept(event, rows)
    faults += [_renumbered(fault, kept) for fault in accepted.faults]
    conflicts = [kept[position] for position in accepted.conflicts]
    return replace(accepted, conflicts=conflicts), faults


def _renumbered(fault: Fault, kept: Sequence[int]) -> Fault:
    matched = _ROW.fullmatch(fault.where)
    if matched is None:
        return fault
    return Fault(f"row {kept[int(matched[1])]}{matched[2]}", fault.expected, fault.got, fault.hint)


def _accepted(batch: Batch, accepted: Accepted, faults: Sequence[Fault]) -> Response[bytes]:
    """Answer a request to take events in.

    Raises
    ------
    ProblemError
        Nothing of it could be taken, or it was one event and is refused.
    """
    if accepted.unavailable:
        raise ProblemError(
            "unavailable",
            f"{accepted.unavailable} Nothing was lost: send the same again.",
            retry_after_s=accepted.retry_after_s,
        )
    settled = accepted.new + accepted.duplicates
    if faults and not settled and not accepted.conflicts:
        raise ProblemError("invalid", "Nothing was taken in.", faults)
    if accepted.conflicts and batch.form == "one":
        raise ProblemError("conflict", "The first event under this key stands, and nothing has changed.")
    answer = {
        "new": accepted.new,
        "duplicates": accepted.duplicates,
        "refused": [{"where": f.where, "expected": f.expected, "got": f.got, "hint": f.hint} for f in faults],
        "conflicts": list(accepted.conflicts),
    }
    return _json(answer, 202)


def _json(value: object, status: int = 200) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type=_JSON, status_code=status)


def _keep(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Hand what was raised to the application, which answers all problems in one way."""
    if isinstance(error, NotFoundException):
        error = ProblemError("not-found", "No route leads here; /openapi.json lists them.")
    elif isinstance(error, MethodNotAllowedException):
        allow = ", ".join(_methods(request))
        error = ProblemError("method-not-allowed", f"Use {allow}.", headers=[("allow", allow)])
    elif isinstance(error, HTTPException) and error.status_code < 500:
        error = ProblemError("malformed", "The request is not what this route takes.")
    request.scope[FAILURE] = error  # type: ignore[literal-required]
    return Response(b"", status_code=500)


def _methods(request: Request[Any, Any, Any]) -> list[str]:
    """Name what the request's path takes."""
    path = request.scope["path"]
    return sorted(
        str(method)
        for route in request.app.routes
        if isinstance(route, HTTPRoute) and re.fullmatch(re.sub(r"\{[^}]*\}", ".+", route.path_format), path)
        for method in route.methods
        if method != "OPTIONS"
    )
