"""Changes of alerts: what the log holds of them, and how they are read back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec

from sevenfold.data.log import NewEntry
from sevenfold.errors import Fault, LogError
from sevenfold.monitoring.finding import Severity  # noqa: TC001 - read when the struct is
from sevenfold.serving.names import ALERT

if TYPE_CHECKING:
    from sevenfold.data.log import LogEntry
    from sevenfold.monitoring.finding import Finding

__all__ = ["NOTICED", "AlertChange", "What", "decode_change", "of_finding"]

What = Literal["fired", "worsened", "eased", "reminded", "cleared", "acknowledged", "silenced", "unsilenced"]
NOTICED = frozenset({"fired", "worsened", "eased", "reminded", "cleared"})
"""What the monitor says; the rest is what people do."""


class AlertChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change of one alert, or of what is silenced.

    Attributes
    ----------
    what
        What changed.
    at_ms
        When, in epoch milliseconds: of the log's time where the monitor says it.
    alert
        The alert's key; of a silence what it matches, such as ``drift:card_count_1h`` or ``drift:*``.
    severity, summary, values
        As the finding had them.
    page
        The offset up to which the log had been read.
    who, why
        Who acknowledged or silenced, and why.
    until_ms
        When a silence ends, in epoch milliseconds.
    """

    what: What
    at_ms: int
    alert: str
    severity: Severity = "info"
    summary: str = ""
    values: dict[str, float | int | str | None] = {}
    page: int = 0
    who: str = ""
    why: str = ""
    until_ms: int | None = None

    @property
    def kind(self) -> str:
        """The kind of the alert."""
        return self.alert.partition(":")[0]

    @property
    def subject(self) -> str:
        """What the alert is about."""
        return self.alert.partition(":")[2]

    def entry(self) -> NewEntry:
        """Return its log entry, whose key is a hash of its body: the same change twice is one."""
        body = _ENCODER.encode(self)
        key = hashlib.blake2b(body, digest_size=12).hexdigest()
        return NewEntry(ALERT, key, self.at_ms, body)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(AlertChange)


def decode_change(entry: LogEntry) -> AlertChange:
    """Read a change from its log entry.

    Raises
    ------
    LogError
        It is none.
    """
    try:
        return _DECODER.decode(entry.body)
    except msgspec.DecodeError as error:
        fault = Fault(f"offset {entry.offset}", "a change of an alert", "something else")
        raise LogError("The log holds a change of an alert that cannot be read", [fault]) from error


def of_finding(what: What, finding: Finding, at_ms: int, page: int) -> AlertChange:
    """Return the change that a finding makes."""
    return AlertChange(
        what, at_ms, finding.key, finding.severity, finding.summary, dict(finding.values), page
    )
