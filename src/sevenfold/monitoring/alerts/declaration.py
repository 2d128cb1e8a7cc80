"""Who is told of what a watcher notices, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import SplitResult, urlsplit

from sevenfold.data.duration import duration_ms
from sevenfold.errors import DesignError, Fault
from sevenfold.monitoring.finding import SEVERITIES, Severity

__all__ = ["Alerts", "GroupBy", "Webhook"]

GroupBy = Literal["kind", "severity", "subject"]
"""What alerts that are told together have in common."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that changes of alerts are sent to, signed.

    Parameters
    ----------
    name
        What logs and metrics call it: small letters, digits, ``-`` and ``_``.
    url
        Where to; ``https``, but for this machine itself.
    key_variable
        The environment variable that holds the key of the signature, 16 characters or more. The key itself
        never stands in a design.
    least
        The mildest severity that is sent.
    because
        Who listens there, and why.
    """

    name: str
    url: str
    key_variable: str
    least: Severity = "warning"
    because: str = ""

    def faults(self, where: str) -> list[Fault]:
        """Return everything that can't be."""
        faults = []
        if not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            faults.append(Fault(f"{where}.name", "small letters, digits, - and _", repr(self.name)))
        parts = _parts(self.url)
        if parts is None or not _is_safe(parts):
            hint = "Plain http is only for this machine itself"
            faults.append(Fault(f"{where}.url", "an https address", repr(self.url), hint))
        elif parts.username is not None or parts.password is not None:
            got = "one with a name or a password in it"
            faults.append(Fault(f"{where}.url", "an address without a secret", got))
        if not (isinstance(self.key_variable, str) and _VARIABLE.fullmatch(self.key_variable)):
            got = "something else"  # which may be the secret itself
            hint = "Put the secret into the environment and its name here, such as ALERTS_SECRET"
            faults.append(Fault(f"{where}.key_variable", "the name of an environment variable", got, hint))
        if self.least not in SEVERITIES:
            faults.append(Fault(f"{where}.least", f"one of {', '.join(SEVERITIES)}", repr(self.least)))
        return faults


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """How findings become alerts, and who is told.

    Parameters
    ----------
    webhooks
        Addresses that changes are sent to.
    group_by
        What alerts that are told together have in common.
    wait
        How long a change waits for others of its group, so that one cause is told once.
    clears_after
        How long, in the log's time, a finding must stay cleared before its alert is: so that what comes and
        goes is one alert.
    remind_every
        How often it is told again that an alert fires which nobody acknowledged.
    because
        Why this way.

    Raises
    ------
    DesignError
        With everything that can't be.

    Examples
    --------
    >>> Alerts().wait_ms, Alerts(clears_after="2h").clears_after_ms
    (30000, 7200000)
    """

    webhooks: tuple[Webhook, ...] = ()
    group_by: GroupBy = "kind"
    wait: str = "30s"
    clears_after: str = "1h"
    remind_every: str = "1d"
    because: str = ""

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        declared: tuple[object, ...] = self.webhooks
        for position, webhook in enumerate(declared):
            where = f"alerts.webhooks[{position}]"
            if isinstance(webhook, Webhook):
                faults += webhook.faults(where)
            else:
                faults.append(Fault(where, "sf.Webhook(...)", type(webhook).__name__))
        names = [webhook.name for webhook in self.webhooks if isinstance(webhook, Webhook)]
        faults += [
            Fault("alerts.webhooks", "a name of its own for each", f"{name!r} twice")
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        if self.group_by not in get_args(GroupBy):
            known = ", ".join(get_args(GroupBy))
            faults.append(Fault("alerts.group_by", f"one of {known}", repr(self.group_by)))
        for name in ("wait", "clears_after", "remind_every"):
            try:
                duration_ms(getattr(self, name), f"alerts.{name}")
            except DesignError as error:
                faults += error.faults
        if faults:
            raise DesignError("Alerts cannot be declared like this", faults)

    @property
    def wait_ms(self) -> int:
        """`wait` in milliseconds."""
        return duration_ms(self.wait)

    @property
    def clears_after_ms(self) -> int:
        """`clears_after` in milliseconds."""
        return duration_ms(self.clears_after)

    @property
    def remind_every_ms(self) -> int:
        """`remind_every` in milliseconds."""
        return duration_ms(self.remind_every)


def _parts(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:  # such as a bracket that is not closed
        return None
    return parts if parts is not None and parts.hostname else None


def _is_safe(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
