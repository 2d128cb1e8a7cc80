"""Moments: RFC 3339 or epoch milliseconds outside, epoch milliseconds in UTC inside.

Any offset is accepted, each value by itself, so that a column may mix zones. A time without an offset
counts as UTC. Digits below the millisecond are cut. A moment lies between 1970-01-01 and the end of 2100.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from numbers import Integral

from sevenfold.data.refusal import RefusedError, shown

__all__ = ["LATEST", "epoch_ms", "looks_like_seconds", "rfc3339"]

LATEST = 4_133_980_799_999
"""The last moment: 2100-12-31T23:59:59.999Z in epoch milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_EXPECTED = "a time as RFC 3339 or epoch milliseconds, such as '2026-01-31T12:00:00Z'"
_IN_RANGE = "a time between 1970-01-01 and 2100-12-31"
_YEAR_2001_IN_SECONDS, _YEAR_2100_IN_SECONDS = 1_000_000_000, LATEST // 1000


def epoch_ms(value: object) -> int:
    """Return a moment in epoch milliseconds.

    Parameters
    ----------
    value
        RFC 3339 text, epoch milliseconds as a whole number or as its digits, a datetime or a date.

    Raises
    ------
    DataError
        Where the value is no moment, or lies before 1970 or after 2100.

    Examples
    --------
    >>> epoch_ms("1970-01-01T01:00:00.5+01:00"), epoch_ms(1_700_000_000_000)
    (500, 1700000000000)
    """
    if type(value) is int:
        milliseconds = value
    elif type(value) is str:
        milliseconds = _from_text(value)
    else:
        milliseconds = _from_other(value)
    if 0 <= milliseconds <= LATEST:
        return milliseconds
    raise RefusedError(_IN_RANGE, shown(value), _unit_hint(milliseconds))


def rfc3339(milliseconds: int) -> str:
    """Return epoch milliseconds as RFC 3339 text in UTC.

    Examples
    --------
    >>> rfc3339(1_700_000_000_000)
    '2023-11-14T22:13:20.000Z'
    """
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def looks_like_seconds(lowest: int, highest: int) -> bool:
    """Tell whether whole numbers read as milliseconds would make better sense as seconds.

    They all fall into early 1970 as milliseconds and between 2001 and 2100 as seconds. That is no fault,
    since such moments are legal, but worth a word to whoever brought the column.
    """
    return lowest >= _YEAR_2001_IN_SECONDS and highest <= _YEAR_2100_IN_SECONDS


def _from_text(text: str) -> int:
    if text.isascii() and text.isdigit():
        # Longer digit strings are out of range in any unit; int() of a huge one would cost or refuse.
        return int(text) if len(text) <= 20 else LATEST + 1
    try:
        return _since_epoch(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:  # RFC 3339 allows its letters in lower case
        return _since_epoch(datetime.fromisoformat(text.upper()))
    except ValueError:
        raise RefusedError(_EXPECTED, shown(text)) from None


def _from_other(value: object) -> int:
    if isinstance(value, datetime):
        return _since_epoch(value)
    if isinstance(value, date):
        return _since_epoch(datetime(value.year, value.month, value.day))
    if isinstance(value, str):
        return _from_text(str(value))
    if not isinstance(value, bool) and isinstance(value, Integral):
        return int(value)
    if isinstance(value, float) and value.is_integer():  # what a data frame makes of integers beside a null
        return int(value)
    raise RefusedError(_EXPECTED, shown(value))


def _since_epoch(moment: datetime) -> int:
    elapsed = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    return elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000


def _unit_hint(milliseconds: int) -> str:
    for unit, factor in (("microseconds", 1000), ("nanoseconds", 1_000_000)):
        if _YEAR_2001_IN_SECONDS * 1000 <= milliseconds // factor <= LATEST:
            return f"It looks like {unit}; send milliseconds"
    return ""
