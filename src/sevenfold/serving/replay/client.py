"""A small HTTP/1.1 client for many requests on few connections: one at a time on each, kept alive.

It reads what this service writes (a length, or none) and nothing fancier; a general client costs a
millisecond a request, which is what is to be measured.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BROKEN", "Connection", "Target"]

BROKEN = 0
"""Stands for the status of a request that the connection did not live to answer."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Target(NamedTuple):
    """Where to send.

    Attributes
    ----------
    host, port
        Of the service.
    tls
        How to speak to it; ``None`` for plain HTTP.
    key
        The caller's key; never shown.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    key: str | None

    @classmethod
    def of(cls, url: str, key: str | None, authority: str | None = None) -> Target:
        """Read an address such as ``http://127.0.0.1:8000``.

        Parameters
        ----------
        url
            Scheme, host and port.
        key
            The caller's key, if any.
        authority
            A PEM file with the certificate authority to trust; the system's by default.

        Raises
        ------
        UsageError
            It is no such address.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise UsageError(
                "That is no service.", [Fault("--to", "http://HOST:PORT or https://…", repr(url))]
            )
        tls = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
        return cls(parts.hostname, port or (443 if tls else 80), tls, key)

    def request(self, path: str, body: bytes) -> bytes:
        """Write a POST request of a JSON body."""
        key = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self.host}\r\n{key}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection, on which one request at a time is under way.

    Parameters
    ----------
    answered
        Called with this connection, the status and the body of each answer; `BROKEN` where there is none.
    """

    def __init__(self, answered: Callable[[Connection, int, bytes], None]) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self.under_way = -1
        """The number of the request that is under way; -1 for none."""

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember what to write to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (asyncio's contract for TCP)
        self._transport = transport

    def send(self, number: int, request: bytes) -> None:
        """Send a request."""
        assert self._transport is not None  # noqa: S101  (only open connections are used)
        self.under_way = number
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Put an answer together."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        length = _LENGTH.search(head)
        size = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
        if _CLOSES.search(head):
            self.close()
        self._answered(self, int(head[9:12]), body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's protocol)
        """Tell of the request that was under way."""
        self._transport = None
        if self.under_way >= 0:
            self._answered(self, BROKEN, b"")

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
