"""How much a client may ask for, and how fast."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.serving.authentication import Identity

__all__ = ["Limits", "RateLimits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a door puts up with.

    Parameters
    ----------
    body_bytes
        The largest body; more is refused before it is read.
    batch
        The most events in one request.
    body_seconds
        How long a body may take to arrive.
    header_seconds
        How long headers may take, and how long a connection may lie idle.
    requests
        Requests under way at once; more are told to come back.

    Raises
    ------
    UsageError
        With everything that can't be.
    """

    body_bytes: int = 4 * 2**20
    batch: int = 1_000
    body_seconds: float = 10.0
    header_seconds: float = 30.0
    requests: int = 2_000

    def __post_init__(self) -> None:
        least = {"body_bytes": 1_024, "batch": 1, "body_seconds": 0.05, "header_seconds": 0.05, "requests": 1}
        faults = [
            Fault(f"limits.{name}", f"at least {lowest:g}", f"{getattr(self, name)!r}")
            for name, lowest in least.items()
            if not getattr(self, name) >= lowest
        ]
        if faults:
            raise UsageError("The service cannot be limited like this.", faults)


class RateLimits:
    """A token bucket for each key that has a rate.

    A bucket holds one second's worth, and what is in it is what may come at once. A request is let in while
    there is anything left, and may take more than that: a batch then has to be waited off afterwards. So a
    batch that is larger than the bucket still gets through, and the rate holds all the same.

    Parameters
    ----------
    clock
        Seconds; only differences count.

    Examples
    --------
    >>> from sevenfold.serving.authentication import Identity
    >>> now = [0.0]
    >>> limits = RateLimits(lambda: now[0])
    >>> caller = Identity("id", "name", per_second=10)
    >>> limits.wait(caller, 15), limits.wait(caller, 1)
    (0.0, 0.6)
    >>> now[0] = 0.6
    >>> limits.wait(caller, 1)
    0.0
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        """By key: tokens, and when they were counted. Only known keys get here, so that they are few."""

    def wait(self, caller: Identity, cost: int) -> float:
        """Take tokens and return 0; or the seconds after which it is worth trying again."""
        rate = caller.per_second
        if rate is None:
            return 0.0
        now = self._clock()
        held, counted = self._buckets.get(caller.id, (max(rate, 1.0), now))
        held = min(max(rate, 1.0), held + (now - counted) * rate)
        least = min(1.0, rate)
        if held + 1e-9 < least:
            self._buckets[caller.id] = (held, now)
            return round((least - held) / rate, 6)
        self._buckets[caller.id] = (held - cost, now)
        return 0.0
