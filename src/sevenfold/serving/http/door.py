"""The door put together: an application for a design's events and the service that decides them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.serving.door import doormen_of
from sevenfold.serving.http.application import Application
from sevenfold.serving.http.decisions import Decisions
from sevenfold.serving.http.limits import Limits, RateLimits
from sevenfold.serving.http.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from litestar.types import ControllerRouterHandler
    from prometheus_client.registry import Collector

    from sevenfold.data.event import EventType
    from sevenfold.serving.authentication import Authenticator
    from sevenfold.serving.door import Cleaner
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.http.plugged import Plugged
    from sevenfold.serving.http.service import Service
    from sevenfold.serving.stats import Stats

__all__ = ["Behind", "make_application"]


@dataclass(frozen=True)
class Behind:
    """What a door leads to.

    Parameters
    ----------
    name
        The design's.
    events, decides
        Its events by name, and the one that is decided.
    service
        What decides.
    cleaner
        Puts tokens in the place of card numbers; ``None`` where they are refused.
    stats
        Gives what the service counts by itself.
    handlers
        Further routes, such as those of the Open Inference Protocol.
    plugged
        Routes of other rooms; see `sevenfold.serving.http.plugged`.
    collectors
        What other rooms tell Prometheus.
    """

    name: str
    events: Mapping[str, EventType]
    decides: str
    service: Service
    cleaner: Cleaner | None = None
    stats: Callable[[], Stats] | None = None
    handlers: Sequence[ControllerRouterHandler] = field(default_factory=tuple)
    plugged: Sequence[Plugged] = ()
    collectors: Sequence[Collector] = ()


def make_application(
    behind: Behind, authenticator: Authenticator, limits: Limits, journal: Journal
) -> Application:
    """Put a door together.

    Parameters
    ----------
    behind
        What it leads to.
    authenticator
        Tells who calls.
    limits, journal
        What it puts up with, and where it logs.
    """
    from sevenfold.serving.http.mounted import Mounted
    from sevenfold.serving.http.plugged import Plugs
    from sevenfold.serving.http.routes import framework

    doormen = doormen_of(behind.events, behind.cleaner)
    rates = RateLimits()
    telemetry = Telemetry(behind.stats, [route.room for route in behind.plugged], behind.collectors)
    decisions = Decisions(behind.decides, behind.service, doormen[behind.decides], limits, rates, telemetry)
    application = Application(
        decisions, authenticator, limits, telemetry, journal, Plugs(behind.plugged, rates)
    )
    routes = framework(behind, application, doormen, limits, rates, telemetry)
    application.framework = Mounted(routes)
    return application
