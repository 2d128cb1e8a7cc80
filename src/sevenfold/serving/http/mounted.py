"""A framework behind the application: one request at a time, from RSGI to ASGI and back.

Bodies have been read already, within their limits, and answers are small: both cross in one piece.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sevenfold.serving.http.problem import Reply
from sevenfold.serving.http.routes import FAILURE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from sevenfold.serving.http.application import Request

    Message = MutableMapping[str, Any]
    Asgi = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

__all__ = ["Mounted"]


class Mounted:
    """Calls an ASGI application.

    Parameters
    ----------
    application
        It; what it finds under ``sevenfold`` in its scope is the `Request`.
    """

    def __init__(self, application: Asgi) -> None:
        self._application = application

    async def __call__(self, request: Request) -> Reply:
        """Answer a request.

        Raises
        ------
        ProblemError
            A handler raised it.
        RuntimeError
            The framework ended without an answer.
        """
        waiting = [{"type": "http.request", "body": request.body, "more_body": False}]
        status, headers, pieces = 0, list[tuple[str, str]](), list[bytes]()

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await asyncio.Event().wait()  # nobody hears of a disconnect; what was begun is finished
            raise RuntimeError

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in message.get("headers", ())
                    if name != b"content-length"  # the server counts by itself
                )
            else:
                pieces.append(message.get("body", b""))

        scope = _scope(request)
        await self._application(scope, receive, send)
        failure = scope.get(FAILURE)
        if failure is not None:
            raise failure
        if not status:
            raise RuntimeError("The framework ended without an answer")
        headers.append(("x-request-id", request.id))
        return Reply(status, headers, b"".join(pieces))


def _scope(request: Request) -> Message:
    scope = request.scope
    path = scope.path
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": scope.query_string.encode(),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in scope.headers.items()
            if name != "authorization"  # the caller is known; nothing behind this needs the key
        ],
        "client": _address(scope.client),
        "server": _address(scope.server),
        "sevenfold": request,
    }


def _address(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdecimal() else None
