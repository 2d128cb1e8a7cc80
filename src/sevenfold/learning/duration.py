"""Durations as people write them: ``"30d"``, ``"12h"``, ``"10m"``."""

from __future__ import annotations

import re

__all__ = ["DAY_MS", "duration_ms", "duration_text"]

DAY_MS = 86_400_000

_UNITS = {"w": 7 * DAY_MS, "d": DAY_MS, "h": 3_600_000, "m": 60_000, "s": 1_000}
_PATTERN = re.compile(r"(\d+)([wdhms])")


def duration_ms(text: str) -> int | None:
    """Read a duration.

    Parameters
    ----------
    text
        A whole number followed by w, d, h, m or s.

    Returns
    -------
    int or None
        Milliseconds, or ``None`` for a text that is no duration; the caller knows where it stood.

    Examples
    --------
    >>> duration_ms("7d"), duration_ms("a week")
    (604800000, None)
    """
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * _UNITS[match[2]] if match else None


def duration_text(milliseconds: int) -> str:
    """Write a duration in the largest unit that divides it; below a second in milliseconds.

    Examples
    --------
    >>> duration_text(7 * 86_400_000), duration_text(90_000), duration_text(0)
    ('7d', '90s', '0d')
    """
    for unit in "dhms":
        if milliseconds % _UNITS[unit] == 0:
            return f"{milliseconds // _UNITS[unit]}{unit}"
    return f"{milliseconds}ms"
