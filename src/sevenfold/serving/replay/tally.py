"""What a run saw: every latency, every status, every action with its money."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from typing import Any

import numpy as np

__all__ = ["Tally"]

PERCENTILES = (50.0, 90.0, 99.0, 99.9)
_RECENT = 2_000


class Tally:
    """Counts answers.

    Latencies are kept one by one, eight bytes each, so that percentiles are exact.

    Attributes
    ----------
    begun, ended
        By `time.perf_counter`.
    sent, settled
        How many requests were due, and how many are answered or lost.
    actions
        By request: its action, where it has one.
    """

    def __init__(self, total: int) -> None:
        self.begun = self.ended = 0.0
        self.sent = self.settled = 0
        self.fallbacks = 0
        self.actions: list[str] = [""] * total
        self._statuses: Counter[int] = Counter()
        self._counts: Counter[str] = Counter()
        self._money: dict[str, float] = {}
        self._seconds = array("d")

    def settle(
        self, number: int, status: int, seconds: float, action: str, amount: float, *, fallback: bool
    ) -> None:
        """Count an answer; status 0 is a request that was lost with its connection."""
        self.settled += 1
        self._statuses[status] += 1
        self._seconds.append(seconds)
        self.fallbacks += fallback
        if action:
            self.actions[number] = action
            self._counts[action] += 1
            self._money[action] = self._money.get(action, 0.0) + amount

    def percentiles_ms(self, *, recent: bool = False) -> dict[str, float]:
        """Latency from the moment each request was due, in milliseconds; of the last ones, or of all."""
        seconds = np.frombuffer(self._seconds[-_RECENT:] if recent else self._seconds, np.float64)
        if not seconds.size:
            return {}
        found = dict(zip(map(_name, PERCENTILES), np.percentile(seconds, PERCENTILES), strict=True))
        return {name: round(float(value) * 1e3, 3) for name, value in {**found, "max": seconds.max()}.items()}

    @property
    def seconds(self) -> float:
        """How long it took, or takes so far."""
        return (self.ended or time.perf_counter()) - self.begun if self.begun else 0.0

    def summary(self) -> dict[str, Any]:
        """Everything, as plain data."""
        seconds = self.seconds
        return {
            "sent": self.sent,
            "answered": self.settled - self._statuses[0],
            "lost": self._statuses[0] + self.sent - self.settled,
            "took_s": round(seconds, 3),
            "rate": round(self.settled / seconds, 1) if seconds else 0.0,
            "statuses": {str(status): count for status, count in sorted(self._statuses.items()) if status},
            "latency_ms": self.percentiles_ms(),
            "actions": dict(self._counts),
            "money": {action: round(amount, 2) for action, amount in self._money.items()},
            "fallbacks": self.fallbacks,
        }


def _name(percentile: float) -> str:
    return f"p{percentile:g}"
