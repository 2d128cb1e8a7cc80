"""What a log says for the document: counts, decisions, changes; in all, and between two dates."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sevenfold.serving.names import ALERT, DECISION, JUDGED, MODEL_CHANGE, RETRAINING
from sevenfold.serving.record import decode_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevenfold.data.log import LogEntry
    from sevenfold.design.home import Home

__all__ = ["Tally", "logged"]

_CHANGES = {MODEL_CHANGE, RETRAINING, ALERT, *JUDGED}
_SHOWN = {
    "action": ("action", "what", "step", "state", "mode", "status"),
    "subject": ("bundle", "alert", "rule", "name", "list", "segment"),
    "who": ("who", "author"),
    "why": ("why", "reason", "summary", "outcome"),
}
"""What of a change is shown, by the names that different entries give it; never an entity."""


class Tally:
    """Adds up entries of a log."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.fallbacks = 0
        self.taken: list[float] = []
        self.reviews: Counter[int] = Counter()
        self.first_ms: int | None = None
        self.last_ms: int | None = None

    def add(self, entry: LogEntry) -> None:
        """Add one."""
        self.first_ms = entry.time_ms if self.first_ms is None else min(self.first_ms, entry.time_ms)
        self.last_ms = entry.time_ms if self.last_ms is None else max(self.last_ms, entry.time_ms)
        self.events[entry.event] += 1
        if entry.event == DECISION:
            record = decode_record(entry.body)
            self.actions[record.action] += 1
            self.models[record.model or "none"] += 1
            self.fallbacks += record.fallback
            self.taken.append(sum(record.took_us) / 1000)
            if record.action == "review":
                self.reviews[entry.time_ms // 86_400_000] += 1

    def to_json(self) -> dict[str, Any]:
        """Give the sums as plain data; what nothing can be said of is left out."""
        count = sum(self.actions.values())
        told: dict[str, Any] = {"entries": sum(self.events.values()), "events": dict(self.events)}
        if self.first_ms is not None:
            told |= {"first_ms": self.first_ms, "last_ms": self.last_ms}
        if count:
            p50, p99 = np.quantile(self.taken, [0.5, 0.99])
            told["decisions"] = {
                "count": count,
                "p50_ms": float(p50),
                "p99_ms": float(p99),
                "fallback_share": self.fallbacks / count,
                "models": dict(self.models),
                "shares": {name: self.actions[name] / count for name in sorted(self.actions)},
                "most_reviews_a_day": max(self.reviews.values(), default=0),
            }
        return told


def logged(home: Home, since_ms: int | None = None, until_ms: int | None = None) -> dict[str, Any]:
    """Read a log once; nothing where there is none.

    Parameters
    ----------
    home
        Where it lies.
    since_ms, until_ms
        What is told apart from what came before, epoch milliseconds.
    """
    if not home.log.exists():
        return {}
    whole, before, within = Tally(), Tally(), Tally()
    changes, alerts = [], dict[str, str]()
    with home.open_log() as log:
        for entry in log.read():
            whole.add(entry)
            if since_ms is not None:
                if entry.time_ms < since_ms:
                    before.add(entry)
                elif until_ms is None or entry.time_ms < until_ms:
                    within.add(entry)
            if entry.event in _CHANGES:
                changes.append(_change(entry))
            if entry.event == ALERT:
                _follow(entry, alerts)
    told = whole.to_json()
    told["bytes_gb"] = sum(file.stat().st_size for file in home.folder.glob(home.log.name + "*")) / 1e9
    told["changes"] = changes
    if any(entry_alerts := alerts.values()) or whole.events[ALERT]:
        told["alerts"] = _by_kind(alerts, entry_alerts)
    if since_ms is not None:
        told["before"], told["within"] = before.to_json(), within.to_json()
        told["within"]["since_ms"] = since_ms
        if until_ms is not None:
            told["within"]["until_ms"] = until_ms
    return told


def _change(entry: LogEntry) -> dict[str, Any]:
    body = msgspec.json.decode(entry.body)
    shown = {
        title: next((str(body[name]) for name in names if body.get(name) not in (None, "")), "")
        for title, names in _SHOWN.items()
    }
    return {"at_ms": entry.time_ms, "kind": entry.event, **shown}


def _follow(entry: LogEntry, alerts: dict[str, str]) -> None:
    """Keep which alerts fire."""
    body = msgspec.json.decode(entry.body)
    if body["what"] == "cleared":
        alerts[body["alert"]] = ""
    elif body["what"] in ("fired", "worsened", "eased", "reminded"):
        alerts[body["alert"]] = str(body.get("severity", "info"))


def _by_kind(alerts: dict[str, str], severities: Iterable[str]) -> dict[str, Any]:
    firing = [name for name, severity in alerts.items() if severity]
    kinds = Counter(name.partition(":")[0] for name in firing)
    return {"firing": sum(map(bool, severities)), "names": firing, "kinds": dict(kinds)}
