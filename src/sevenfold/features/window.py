"""Windows as people write them: a duration such as ``"10m"``, or ``"all"``."""

from __future__ import annotations

from sevenfold.data.duration import LONGEST_MS, duration_ms, duration_text

__all__ = ["ALL", "LONGEST_MS", "duration_ms", "duration_text"]

ALL = "all"
"""The window that never closes."""
