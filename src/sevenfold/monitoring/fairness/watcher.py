"""Watches whether groups are decided about alike, on days whose labels are final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.errors import StateError
from sevenfold.monitoring.fairness.disparity import MEASURES, disparities
from sevenfold.monitoring.finding import Finding
from sevenfold.monitoring.performance.declaration import Performance
from sevenfold.monitoring.performance.sums import split_sums
from sevenfold.monitoring.performance.watcher import PerformanceWatcher

if TYPE_CHECKING:
    from sevenfold.monitoring.fairness.declaration import Fairness
    from sevenfold.monitoring.fairness.disparity import Disparity
    from sevenfold.monitoring.page import Page
    from sevenfold.monitoring.performance.cohort import Watched
    from sevenfold.monitoring.performance.rates import Rate

__all__ = ["FairnessWatcher"]

_AS_RATIO = {
    "selection": "the lowest at least {limit:g} of the highest",
    "calibration": "at most {limit:g} times",
}


class FairnessWatcher:
    """Follows decisions to their labels by group; memory as `PerformanceWatcher`.

    Parameters
    ----------
    watched
        What of the design must be known; its columns are the groups.
    declared
        Groups, limits and what a group must have to be compared.
    """

    name = "fairness"

    def __init__(self, watched: Watched, declared: Fairness) -> None:
        self.declared = declared
        self.groups = watched.columns
        self.followed = PerformanceWatcher(watched, Performance(window=declared.window))
        self._firing: dict[str, Finding] = {}
        self._seen = -1

    def see(self, page: Page) -> None:
        """Fold the next page of the log."""
        self.followed.see(page)

    def sums(self, group: str) -> dict[str, dict[str, float]]:
        """Sums over the window, by the values of a group."""
        return split_sums(self.followed.matured, group, self.followed.declared.days)

    def by_group(self, group: str) -> dict[str, dict[str, Rate]]:
        """Figures over the window, by the values of a group."""
        return self.followed.by_value(group)

    def disparities(self, group: str) -> list[Disparity]:
        """How far apart the values of a group are, by every measure that enough is known for."""
        return disparities(self.sums(group), self.declared)

    def findings(self, now_ms: int) -> list[Finding]:
        """Say which limits are crossed beyond chance, and which no more; news only when a day has matured."""
        if self.followed.cohorts.closed == self._seen:
            return list(self._firing.values())
        self._seen = self.followed.cohorts.closed
        found = []
        for group in self.groups:
            for one in self.disparities(group):
                subject = f"{one.measure} by {group}"
                if one.crossed:
                    found.append(_finding(subject, one, now_ms))
                    self._firing[subject] = found[-1]
                elif subject in self._firing:
                    text = f"{MEASURES[one.measure]}: {one.value:.3g} is no longer surely beyond the limit"
                    found.append(self._firing.pop(subject).cleared(now_ms, text))
        return found

    def state(self) -> bytes:
        """Everything it knows."""
        firing = [(f.subject, f.severity, f.summary, f.at_ms, dict(f.values)) for f in self._firing.values()]
        return msgspec.msgpack.encode((self.followed.state(), firing, self._seen))

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of another design.
        """
        try:
            followed, firing, seen = msgspec.msgpack.decode(state, type=tuple[bytes, list[Any], int])
            known = {one[0]: Finding("fairness", *one) for one in firing}
        except (msgspec.MsgspecError, TypeError) as error:
            raise StateError(f"The state of the fairness is damaged: {error}") from error
        self.followed.restore(followed)
        self._firing, self._seen = known, seen


def _finding(subject: str, one: Disparity, now_ms: int) -> Finding:
    limit = 0.0 if one.limit is None else one.limit
    wanted = _AS_RATIO.get(one.measure, "at most {limit:g} apart").format(limit=limit)
    low, high = one.interval
    summary = (
        f"{MEASURES[one.measure]}: expected {wanted}, got {one.value:.3g} ({low:.3g} to {high:.3g}) between "
        f"{one.high} and {one.low}"
    )
    values: dict[str, float | int | str | None] = {
        "value": one.value, "low": low, "high": high, "limit": limit, "most": one.high, "least": one.low,
    }  # fmt: skip
    return Finding("fairness", subject, "warning", summary[:500], now_ms, values)
