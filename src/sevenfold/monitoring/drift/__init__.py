"""Drift: whether the world is still the one that the model learned from.

`DriftWatcher` holds each day against the weeks before it, by limits that the days before the training set.
"""

from __future__ import annotations

from sevenfold.monitoring.drift.watcher import DriftWatcher

__all__ = ["DriftWatcher"]
