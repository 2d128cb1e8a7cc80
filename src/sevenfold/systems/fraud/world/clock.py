"""Lengths of time in milliseconds, as all moments of the world are."""

from __future__ import annotations

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND"]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
