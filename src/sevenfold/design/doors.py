"""The doors of a design: its service behind HTTP, with trust's keys and tokens wired in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sevenfold.design.home import Home
from sevenfold.design.reviewing import open_queue
from sevenfold.design.rollout import RolloutDesk
from sevenfold.design.watching import alert_desk
from sevenfold.monitoring.alerts.gauges import AlertGauges
from sevenfold.serving.authentication import Open
from sevenfold.serving.door import doormen_of
from sevenfold.serving.http.door import Behind, make_application
from sevenfold.serving.inference_protocol import InferenceProtocol
from sevenfold.trust.key_file import KeyFile
from sevenfold.trust.keys import KeyRing
from sevenfold.trust.tokenise import Tokeniser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.serving.authentication import Authenticator
    from sevenfold.serving.door import Doorman
    from sevenfold.serving.http.application import Application
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.http.limits import Limits
    from sevenfold.serving.http.plugged import Plugged
    from sevenfold.serving.service import DecisionService

__all__ = ["cleaner", "doormen", "http_door", "key_file", "plugged_routes"]


def key_file(root: Path) -> KeyFile:
    """Where a home keeps the records of its keys."""
    return KeyFile(root / "keys.json")


def cleaner(design: Design, root: Path) -> Tokeniser | None:
    """Return what puts tokens in the place of card numbers, where the design says so.

    Raises
    ------
    StateError
        The installation's secret is no secret.
    """
    return Tokeniser.of(root / "token_secret") if design.serving.tokenise else None


def doormen(design: Design, root: Path) -> dict[str, Doorman]:
    """Return what keeps card numbers out, by event.

    Raises
    ------
    StateError
        The installation's secret is no secret.
    """
    return doormen_of(design.events, cleaner(design, root))


def http_door(
    design: Design,
    service: DecisionService,
    root: Path,
    limits: Limits,
    journal: Journal,
    *,
    authenticate: bool = True,
) -> Application:
    """Put the HTTP door of a design before its service.

    Parameters
    ----------
    design
        What was declared.
    service
        What decides, opened over the same home.
    root
        The home folder.
    limits, journal
        What the door puts up with, and where it logs.
    authenticate
        Whether a key is asked for.

    Raises
    ------
    StateError
        The file of keys is damaged, or the secret of tokens.
    """
    from sevenfold.serving.http.inference import inference_handlers  # which loads the framework

    authenticator: Authenticator = KeyRing(key_file(root)) if authenticate else Open()
    alone = inference_handlers(InferenceProtocol(design.name, lambda: service.model))
    behind = Behind(
        design.name,
        design.events,
        design.decides,
        service,
        cleaner(design, root),
        service.stats,
        alone,
        plugged_routes(design, service, root),
        [
            AlertGauges(
                alert_desk(design, root, service.parts.clock_ms),
                Home(root, design.name).monitor.absolute(),
                service.parts.log.end,
            )
        ],
    )
    return make_application(behind, authenticator, limits, journal)


def plugged_routes(
    design: Design,
    service: DecisionService,
    root: Path,
) -> Sequence[Plugged]:
    """Return the routes of other rooms: each adds its own here, see `sevenfold.serving.http.plugged`."""
    from sevenfold.design.rollout_routes import rollout_routes
    from sevenfold.feedback.review.routes import review_routes
    from sevenfold.monitoring.alerts.routes import alert_routes

    return [
        *alert_routes(alert_desk(design, root, service.parts.clock_ms)),
        *rollout_routes(RolloutDesk(design, root, service.parts.clock_ms)),
        *review_routes(partial(open_queue, design, root, None, service.parts.clock_ms)),
    ]
