"""Watches whether decisions have a score: a model that fails leaves rules alone to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sevenfold.errors import StateError
from sevenfold.monitoring.finding import Finding

if TYPE_CHECKING:
    from sevenfold.monitoring.finding import Severity
    from sevenfold.monitoring.page import Page

__all__ = ["FallbackWatcher"]

_RECENT = 1_000
"""Decisions that the share is of."""
_LEAST = 100
"""Fewer say nothing."""
_CRITICAL = 0.5


class _State(msgspec.Struct):
    recent: list[bool]
    fires: bool


class FallbackWatcher:
    """Finds that too many of the last decisions had no score.

    Parameters
    ----------
    share
        From which share on, 0 to 1.
    """

    name = "fallback"

    def __init__(self, share: float) -> None:
        self._share = share
        self._state = _State([], fires=False)

    def see(self, page: Page) -> None:
        """Remember which of the last decisions had a score."""
        recent = np.concatenate([np.array(self._state.recent, np.bool_), page.decisions.fallback])
        self._state.recent = recent[-_RECENT:].tolist()

    def findings(self, now_ms: int) -> list[Finding]:
        """Say whether the share is too large, or is no more."""
        recent = self._state.recent
        if len(recent) < _LEAST:
            return []
        share = sum(recent) / len(recent)
        fires = share > self._share
        was, self._state.fires = self._state.fires, fires
        if not fires and not was:
            return []
        most = f"{self._share:.1%} at most"
        summary = f"{share:.1%} of the last {len(recent):,} decisions had no score, expected {most}"
        severity: Severity = "critical" if share >= _CRITICAL else "warning"
        values = {"share": share, "decisions": len(recent)}
        return [Finding("service", "fallback", severity, summary, now_ms, values, firing=fires)]

    def state(self) -> bytes:
        """The last decisions."""
        return msgspec.json.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged.
        """
        try:
            self._state = msgspec.json.decode(state, type=_State)
        except msgspec.DecodeError as error:
            raise StateError("The state of the watcher of fallbacks cannot be read") from error
