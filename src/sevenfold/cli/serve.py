"""``sevenfold serve``: the service, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.design import Design
    from sevenfold.serving.http.limits import Limits
    from sevenfold.serving.http.server import Address
    from sevenfold.serving.service import DecisionService

__all__ = ["serve"]


def serve(
    design: str,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    no_auth: Annotated[bool, Parameter(negative="")] = False,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    grace: str | None = None,
    max_body: int = 4 * 2**20,
    body_timeout: float = 10.0,
    options: Options = DEFAULTS,
) -> None:
    """Decide payments over HTTP, until Ctrl-C; what was accepted is then finished.

    Callers need a key of `sevenfold keys create`. What each request and answer
    looks like is at /openapi.json.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    host
        The interface to listen on; 0.0.0.0 is all of them.
    port
        The port to listen on; 0 takes one that is free.
    no_auth
        Ask nobody for a key; only where none but this machine can call.
    tls_certificate
        A PEM file with the certificate and those up to its authority: then
        callers use https.
    tls_key
        A PEM file with its private key.
    grace
        How long to go on answering after Ctrl-C or SIGTERM while saying "not
        ready", such as 5s, so that a load balancer can turn elsewhere.
    max_body
        The largest body of a request, in bytes.
    body_timeout
        Seconds within which a body has to arrive.
    """
    from sevenfold.cli.duration import seconds
    from sevenfold.design.load import load
    from sevenfold.serving.http.limits import Limits
    from sevenfold.serving.http.server import Address, leave

    terminal = options.terminal()
    address = Address(host=host, port=port, certificate=tls_certificate, key=tls_key)
    limits = Limits(body_bytes=max_body, body_seconds=body_timeout)
    grace_s = seconds(grace, "--grace") or 0.0
    if no_auth and not address.is_local:
        hint = "Leave --no-auth out and create keys, or listen on 127.0.0.1"
        fault = Fault("--no-auth", "a host that only this machine can reach", host, hint)
        raise UsageError("The service will not be opened to everybody.", [fault])
    address.free_port()  # said at once, before the log is read
    loaded = load(design)
    with terminal.step(f"{loaded.name}: log read, state rebuilt, model loaded"):
        service = loaded.engine(home=options.home)
    answered = _run(
        terminal, loaded, service, address, limits, grace_s, options.home, authenticate=not no_auth
    )
    terminal.say("Stopped; everything that was accepted is decided and durable.")
    terminal.result({"design": loaded.name, "requests": answered})
    leave()


def _run(
    terminal: Terminal,
    design: Design,
    service: DecisionService,
    address: Address,
    limits: Limits,
    grace_s: float,
    home: Path,
    *,
    authenticate: bool,
) -> int:
    """Serve; returns how many requests were answered."""
    import asyncio

    from sevenfold.design.doors import http_door
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.http.server import serve

    journal = Journal()
    application = http_door(design, service, home, limits, journal, authenticate=authenticate)

    def started(url: str) -> None:
        _tell(terminal, design, service, url, home, authenticate=authenticate, local=address.is_local)

    async def work() -> None:
        try:
            await serve(application, address, limits, journal, started, grace_s=grace_s)
        finally:
            await service.close()

    asyncio.run(work())
    return application.answered


def _tell(
    terminal: Terminal,
    design: Design,
    service: DecisionService,
    url: str,
    home: Path,
    *,
    authenticate: bool,
    local: bool,
) -> None:
    """Say where it is, what decides, and who may ask."""
    from sevenfold.design.doors import key_file
    from sevenfold.trust.keys import KeyRing

    model = service.parts.model
    decider = "rules alone, since there is no model" if model is None else f"model {model.id}"
    terminal.say(f"Deciding each {design.decides} by {decider}; {len(design.features)} features.")
    if model is None and service.parts.trouble:
        terminal.say(f"Note: {service.parts.trouble}", style="yellow")
    if not authenticate:
        terminal.say("Note: whoever reaches this machine's own ports may call; nobody is asked for a key.")
    elif not len(KeyRing(key_file(home))):
        terminal.say("Note: there is no key yet: sevenfold keys create --name gateway --scope decide")
    if not local and url.startswith("http:"):
        terminal.say("Note: keys cross the network in the clear unless something before this adds TLS.")
    terminal.say(f"Serving at {url} (Ctrl-C finishes what was accepted and stops)", style="green")
