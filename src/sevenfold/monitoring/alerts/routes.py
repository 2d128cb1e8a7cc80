"""Alerts over HTTP: who has a key for it looks, acknowledges, silences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sevenfold.data.duration import duration_ms
from sevenfold.errors import DesignError, Fault, UsageError
from sevenfold.monitoring.alerts.book import Alert, Silence
from sevenfold.monitoring.alerts.desk import Alerting
from sevenfold.serving.http.plugged import Plugged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.monitoring.alerts.desk import AlertDesk
    from sevenfold.serving.http.plugged import Asked

__all__ = ["alert_routes"]

_ROOM = "alerts"


class Listed(msgspec.Struct):
    """Which alerts are asked for."""

    cleared: int = 100


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """Who looks after which alert, and why."""

    alert: str
    why: str = ""


class Silencing(msgspec.Struct, forbid_unknown_fields=True):
    """What nobody is to be told of, how long, and why."""

    match: str
    lasts: str
    why: str


class Unsilencing(msgspec.Struct, forbid_unknown_fields=True):
    """Which silence ends, and why."""

    match: str
    why: str = ""


class Ended(msgspec.Struct):
    """The silence that has ended."""

    match: str


def alert_routes(desk: AlertDesk) -> Sequence[Plugged]:
    """Make the routes over a desk."""

    def look(asked: Asked) -> Alerting:
        return desk.look(asked.query.cleared)

    def acknowledge(asked: Asked) -> Alert:
        return desk.acknowledge(asked.body.alert, asked.caller.name, asked.body.why)

    def silence(asked: Asked) -> Silence:
        try:
            lasts = duration_ms(asked.body.lasts, "lasts")
        except DesignError as error:
            faults = [
                Fault(fault.where, fault.expected, "something else", fault.hint) for fault in error.faults
            ]
            raise UsageError("That cannot be silenced.", faults) from error
        return desk.silence(asked.body.match, asked.caller.name, asked.body.why, lasts)

    def unsilence(asked: Asked) -> Ended:
        desk.unsilence(asked.body.match, asked.caller.name, asked.body.why)
        return Ended(asked.body.match)

    match = {"match": "drift:*", "why": "known since the last release"}
    return [
        Plugged(
            "GET", "/v1/alerts", "read", look, "How the alerts stand.", _ROOM, query=Listed, answer=Alerting
        ),
        Plugged(
            "POST", "/v1/alerts/acknowledge", "review", acknowledge, "Look after an alert.", _ROOM,
            body=Acknowledgement, answer=Alert, example={"alert": "drift:card_count_1h", "why": "looking"},
        ),
        Plugged(
            "POST", "/v1/alerts/silence", "review", silence, "Have nobody told for a while.", _ROOM,
            body=Silencing, answer=Silence, example={**match, "lasts": "2h"},
        ),
        Plugged(
            "POST", "/v1/alerts/unsilence", "review", unsilence, "End a silence.", _ROOM,
            body=Unsilencing, answer=Ended, example=match,
        ),
    ]  # fmt: skip
