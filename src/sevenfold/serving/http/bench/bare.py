"""An empty handler on the same server, which parses the same body and says ``{}``: ``bare.py PORT``.

It is ASGI, as a framework's would be; nothing can be faster and still read what it was sent.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["handler", "main"]

_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
_BODY = {"type": "http.response.body", "body": b"{}"}


async def handler(
    scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Read the body, parse it, and answer."""
    import msgspec

    if scope["type"] != "http":
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    msgspec.json.decode(body)
    await send(_START)
    await send(_BODY)


def main(port: int) -> None:
    """Serve until a signal."""
    import signal

    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    async def work() -> None:
        server = Server(
            handler,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
        await server.serve()

    asyncio.run(work())


if __name__ == "__main__":
    from sevenfold.serving.http.server import leave

    main(int(sys.argv[1]))
    leave()
