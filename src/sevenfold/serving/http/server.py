"""The server: Granian inside this process, so that the service's state and the requests meet without a hop.

One process decides, since the order of the log is the order of folding; Granian's threads read and write
the sockets beside it. What was accepted is finished before the server ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from sevenfold.errors import Fault, UsageError
from sevenfold.serving.http.journal import JournalHandler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from granian.server.embed import Server

    from sevenfold.serving.http.application import Application
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.http.limits import Limits

__all__ = ["Address", "leave", "serve"]

_BACKLOG = 1_024
_MOST_CONNECTIONS = 8_192
_KEPT_FILES = 256
"""File descriptors that connections leave to others."""
_LARGEST_HEADERS = 64 * 1_024
_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to listen.

    Parameters
    ----------
    host, port
        The interface and the port; port 0 takes one that is free.
    certificate, key
        PEM files for TLS; both or neither.

    Raises
    ------
    UsageError
        One of the files is missing.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        faults = []
        if (self.certificate is None) != (self.key is None):
            missing = "--tls-key" if self.key is None else "--tls-certificate"
            faults.append(Fault(missing, "a PEM file, since the other one is given", "none"))
        faults += [
            Fault(name, "a PEM file", f"{path}, which is no file")
            for name, path in (("--tls-certificate", self.certificate), ("--tls-key", self.key))
            if path is not None and not path.is_file()
        ]
        if faults:
            raise UsageError("The service cannot be reached like this.", faults)

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    def url(self, port: int) -> str:
        """The address as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.certificate is None else 'https'}://{host}:{port}"

    def free_port(self) -> int:
        """Return the port to listen on.

        Granian shares a port with others (SO_REUSEPORT), and then requests would go to either of two
        services; so it is tried first whether it is free.

        Raises
        ------
        UsageError
            It is taken, or this host is not of this machine.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except (OSError, OverflowError) as error:
                got = getattr(error, "strerror", None) or str(error)
                fault = Fault("--host, --port", "an address that is free", f"{self.host}:{self.port}: {got}")
                raise UsageError("The service cannot listen there.", [fault]) from None
            return int(probe.getsockname()[1])


async def serve(
    application: Application,
    address: Address,
    limits: Limits,
    journal: Journal,
    started: Callable[[str], None],
    *,
    grace_s: float = 0.0,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was accepted.

    Parameters
    ----------
    application
        Answers.
    address, limits, journal
        Where to listen, what to put up with, and where to log.
    started
        Told the address once it is reached.
    grace_s
        Seconds to go on answering after the signal while saying "not ready", so that a load balancer can turn
        elsewhere.
    stop
        Ends it as a signal does.

    Raises
    ------
    UsageError
        It can't listen at the address.
    """
    port = address.free_port()
    server = _server(application, address, port, limits)
    granian = logging.getLogger("_granian")
    granian.handlers[:] = [JournalHandler(journal)]
    stop = asyncio.Event() if stop is None else stop
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve())
    ended = asyncio.create_task(stop.wait())
    try:
        await _reached(address, port, serving)
        journal.info("started", address=address.url(port))
        started(address.url(port))
        await asyncio.wait([ended, serving], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            application.stopping = True
            journal.info("stopping", requests_under_way=application.under_way)
            await asyncio.sleep(grace_s)
            server.stop()  # type: ignore[no-untyped-call]
        await serving
        journal.info("stopped")
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        ended.cancel()


def leave(code: int = 0) -> NoReturn:
    """End a process that has served, when everything is closed.

    Granian's threads outlive the event loop by a moment. One that asks for the interpreter while it is being
    taken down would abort the process, so it is not taken down.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _reached(address: Address, port: int, serving: asyncio.Task[None]) -> None:
    """Wait until the server listens, which it begins to do on a thread of its own, or has failed."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            writer.close()
            return


def _server(application: Application, address: Address, port: int, limits: Limits) -> Server:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server.embed import Server

    return Server(
        application,
        address=address.host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=round(limits.header_seconds * 1000), max_buffer_size=_LARGEST_HEADERS
        ),
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_connections(),
        log_level=LogLevels.error,  # that it is experimental when embedded is known, see docs/decisions
        ssl_cert=address.certificate,
        ssl_key=address.key,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def _connections() -> int:
    """How many connections the limit of open files leaves room for; it is raised as far as allowed."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _KEPT_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(64, min(wanted, soft if soft != resource.RLIM_INFINITY else wanted) - _KEPT_FILES)
