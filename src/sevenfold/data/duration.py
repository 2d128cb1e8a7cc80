"""Durations as people write them: ``"10m"``, ``"7d"``, ``"1d12h"``."""

from __future__ import annotations

import re

from sevenfold.errors import DesignError, Fault

__all__ = ["LONGEST_MS", "duration_ms", "duration_text"]

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")

LONGEST_MS = 200 * 366 * _UNITS["d"]
"""No window or delay is longer: the calendar that events may use is shorter than that."""


def duration_ms(text: object, where: str = "duration") -> int:
    """Milliseconds of a positive duration.

    Parameters
    ----------
    text
        A number and a unit (ms, s, m, h, d, w), or several in a row such as ``"1d12h"``.
    where
        What an error names as the place.

    Raises
    ------
    DesignError
        When it is no duration, or not positive, or longer than `LONGEST_MS`.

    Examples
    --------
    >>> duration_ms("10m"), duration_ms("1d12h")
    (600000, 129600000)
    """
    expected = "a positive duration such as '10m', '1h', '7d' or '1d12h'"
    if not isinstance(text, str) or not re.fullmatch(rf"(?:{_PATTERN.pattern})+", text):
        hint = "Units are ms, s, m, h, d and w"
        raise DesignError("A duration cannot be read", [Fault(where, expected, repr(text), hint)])
    total = sum(float(number) * _UNITS[unit] for number, unit in _PATTERN.findall(text))
    if total < 1 or total != int(total):
        raise DesignError("A duration cannot be used", [Fault(where, f"{expected}, in whole ms", repr(text))])
    if total > LONGEST_MS:
        hint = "For everything since the beginning, write 'all'"
        raise DesignError("A duration cannot be used", [Fault(where, "at most 200 years", repr(text), hint)])
    return int(total)


def duration_text(milliseconds: int) -> str:
    """Write a duration in its largest whole units.

    >>> duration_text(600000), duration_text(129600000)
    ('10m', '1d12h')
    """
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        number, milliseconds = divmod(milliseconds, _UNITS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0ms"
