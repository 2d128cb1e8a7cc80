"""The RSGI application: who calls, how much, how large; then decisions, or the framework behind them."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sevenfold.data.card import redacted
from sevenfold.serving.authentication import NOBODY, Authenticator, Denied, Identity, Scope
from sevenfold.serving.http.body import Reader, check_encoding
from sevenfold.serving.http.problem import ProblemError, Reply, reply_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sevenfold.serving.http.body import Headers
    from sevenfold.serving.http.decisions import Decisions
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.http.limits import Limits
    from sevenfold.serving.http.plugged import Plugged, Plugs
    from sevenfold.serving.http.telemetry import Telemetry

__all__ = ["Application", "Request", "RequestScope"]

DECISIONS = "/v1/decisions"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL = ("127.0.0.1:", "[::1]:", "::1:")
_GONE = frozenset({"RSGIProtocolClosed", "RSGIProtocolError"})
_CLIENT_GONE = 499
"""What is counted where nobody was left to answer; the code is nginx's."""


class RequestScope(Protocol):
    """What Granian tells of a request."""

    proto: str
    http_version: str
    scheme: str
    method: str
    path: str
    query_string: str
    client: str
    server: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was let in, for the framework."""

    scope: RequestScope
    body: bytes
    caller: Identity
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a path is counted as, what it takes to get in (``None`` for nothing), and whose route it is."""

    route: str
    needs: Scope | None
    plugged: Plugged | None = None


class Application:
    """Answers every request.

    Parameters
    ----------
    decisions
        Answers ``POST /v1/decisions``.
    authenticator
        Tells who calls.
    limits, telemetry, journal
        What it puts up with, counts and logs.
    plugs
        Routes of other rooms.

    Attributes
    ----------
    framework
        Answers what is not a decision.
    under_way, answered
        How many requests are being answered, and how many were.
    stopping
        Whether it is about to end: then it is not ready, though it still answers.
    """

    framework: Callable[[Request], Awaitable[Reply]]

    def __init__(
        self,
        decisions: Decisions,
        authenticator: Authenticator,
        limits: Limits,
        telemetry: Telemetry,
        journal: Journal,
        plugs: Plugs,
    ) -> None:
        self._plugs = plugs
        self._decisions, self._check = decisions, authenticator.check
        self._limits, self._telemetry, self._journal = limits, telemetry, journal
        self._read = Reader(limits)
        self._run, self._number = secrets.token_hex(4), itertools.count(1)
        self.under_way, self.answered, self.stopping = 0, 0, False
        telemetry.under_way = lambda: self.under_way

    async def __rsgi__(self, scope: RequestScope, proto: Any) -> None:
        """Answer one request; Granian calls this."""
        began = time.perf_counter()
        path, method = scope.path, scope.method
        entry = _DECIDE if path == DECISIONS and method == "POST" else self._entry(path, method)
        request_id = self._request_id(scope.headers)
        self.under_way += 1
        try:
            status, headers, body = await self._reply(scope, proto, entry, request_id)
            proto.response_bytes(status, headers, body)
        except Exception as error:
            if type(error).__name__ not in _GONE:
                raise
            status = _CLIENT_GONE
        finally:
            self.under_way -= 1
        self.answered += 1
        self._telemetry.answered(entry.route, status, time.perf_counter() - began)

    async def _reply(self, scope: RequestScope, proto: Any, entry: Entry, request_id: str) -> Reply:
        caller = NOBODY
        try:
            if self.under_way > self._limits.requests and entry.route != "health":
                detail = f"{self._limits.requests:,} requests are under way. Nothing was read of this one."
                raise ProblemError("unavailable", detail, retry_after_s=1, close=True)
            if scope.path == DECISIONS and entry is not _DECIDE:
                raise ProblemError("method-not-allowed", "Use POST.", headers=[("allow", "POST")])
            if entry is _OTHER and (allowed := self._plugs.allowed(scope.path)):
                allow = ", ".join(allowed)
                raise ProblemError("method-not-allowed", f"Use {allow}.", headers=[("allow", allow)])
            caller = self._let_in(scope, entry)
            headers = scope.headers
            check_encoding(headers)
            body = b"" if scope.method == "GET" else await self._read(proto, headers)
            if entry is _DECIDE:
                return await self._decisions(body, headers.get("content-type"), caller, request_id)
            request = Request(scope, body, caller, request_id)
            if entry.plugged is not None:
                return await self._plugs.answer(entry.plugged, request)
            return await self.framework(request)
        except ProblemError as problem:
            self._log(problem, entry, caller, request_id)
            return reply_to(problem, request_id)
        except Exception as error:
            if type(error).__name__ in _GONE:
                raise
            self._journal.error("failed", error=error, route=entry.route, request=request_id, key=caller.id)
            detail = f"The service's log knows more, under the request id {request_id}."
            return reply_to(ProblemError("internal", detail), request_id)

    def _entry(self, path: str, method: str) -> Entry:
        found = _entry(path)
        if found is _OTHER and (route := self._plugs.find(method, path)) is not None:
            return Entry(route.room, route.scope, route)
        return found

    def _let_in(self, scope: RequestScope, entry: Entry) -> Identity:
        """Tell who calls.

        Raises
        ------
        ProblemError
            Nobody who may.
        """
        needs = entry.needs
        if needs is None or (entry.route == "metrics" and _is_local(scope)):
            return NOBODY
        answer = self._check(scope.headers.get("authorization"), needs)
        if isinstance(answer, Identity):
            return answer
        raise self._denial(answer)

    def _denial(self, denied: Denied) -> ProblemError:
        self._telemetry.denied(denied.reason)
        if denied.status == 403:
            return ProblemError("forbidden", denied.detail)
        error = "" if denied.reason == "missing" else ', error="invalid_token"'
        challenge = ("www-authenticate", f'Bearer realm="sevenfold"{error}')
        return ProblemError("unauthenticated", denied.detail, headers=[challenge])

    def _log(self, problem: ProblemError, entry: Entry, caller: Identity, request_id: str) -> None:
        fields = [fault.where for fault in problem.faults[:5]]
        about: dict[str, object] = {"fields": fields} if fields else {}
        self._journal.warning(problem.name, route=entry.route, request=request_id, key=caller.id, **about)

    def _request_id(self, headers: Headers) -> str:
        given = headers.get("x-request-id")
        if given is not None and _ID.fullmatch(given) and redacted(given) == given:
            return str(given)
        return f"{self._run}-{next(self._number)}"


_DECIDE = Entry("decide", "decide")
_HEALTH = Entry("health", None)
_FIXED = {
    "/healthz": _HEALTH,
    "/readyz": _HEALTH,
    "/openapi.json": Entry("openapi", None),
    "/metrics": Entry("metrics", "read"),
    "/v2/health/live": _HEALTH,
    "/v2/health/ready": _HEALTH,
    DECISIONS: Entry("other", None),  # by another method than POST
}
_BELOW = (
    (f"{DECISIONS}/", Entry("decision", "read")),
    ("/v1/events/", Entry("events", "ingest")),
    ("/v2", Entry("inference", "decide")),
)
_OTHER = Entry("other", None)
"""For paths that lead nowhere: nothing lies behind them, so nobody is asked for a key."""


def _entry(path: str) -> Entry:
    found = _FIXED.get(path)
    if found is not None:
        return found
    return next((entry for prefix, entry in _BELOW if path.startswith(prefix)), _OTHER)


def _is_local(scope: RequestScope) -> bool:
    """Tell whether a request comes from this machine itself, not through a proxy that runs on it."""
    headers = scope.headers
    forwarded = headers.get("forwarded") or headers.get("x-forwarded-for")
    return forwarded is None and scope.client.startswith(_LOCAL)
