"""Moments: any offset in, epoch milliseconds in UTC inside, from 1970 to the end of 2100."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.timestamp import LATEST, epoch_ms, looks_like_seconds, rfc3339
from sevenfold.errors import DataError


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("2026-01-31T12:00:00Z", 1_769_860_800_000),
        ("2026-01-31t12:00:00z", 1_769_860_800_000),
        ("2026-01-31 12:00:00Z", 1_769_860_800_000),
        ("2026-01-31T13:00:00+01:00", 1_769_860_800_000),
        ("2026-01-31T06:30:00-05:30", 1_769_860_800_000),
        ("2026-01-31T12:00:00", 1_769_860_800_000),
        ("2026-01-31T12:00:00.1239Z", 1_769_860_800_123),
        ("2026-01-31T12:00:00.123456789Z", 1_769_860_800_123),
        ("2026-01-31", 1_769_817_600_000),
        ("1769860800000", 1_769_860_800_000),
        (1_769_860_800_000, 1_769_860_800_000),
        (1_769_860_800_000.0, 1_769_860_800_000),
        (np.int64(5), 5),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), 1_769_860_800_000),
        (datetime(2026, 1, 31, 12), 1_769_860_800_000),
        (datetime(2026, 1, 31, 13, tzinfo=ZoneInfo("Europe/Berlin")), 1_769_860_800_000),
        (date(2026, 1, 31), 1_769_817_600_000),
        ("1970-01-01T00:00:00Z", 0),
        (0, 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2100-12-31T23:59:59.999Z", LATEST),
        (LATEST, LATEST),
    ],
)
def test_a_moment_becomes_epoch_milliseconds(value: object, milliseconds: int) -> None:
    assert epoch_ms(value) == milliseconds


_RANGE = "expected a time between 1970-01-01 and 2100-12-31, got "
_FORMAT = "expected a time as RFC 3339 or epoch milliseconds, such as '2026-01-31T12:00:00Z', got "


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1969-12-31T23:59:59.9999Z", _RANGE + "str '1969-12-31T23:59:59.9999Z'"),
        ("1970-01-01T00:30:00+01:00", _RANGE + "str '1970-01-01T00:30:00+01:00'"),
        ("2101-01-01T00:00:00Z", _RANGE + "str '2101-01-01T00:00:00Z'"),
        (-1, _RANGE + "int -1"),
        (LATEST + 1, _RANGE + "int "),
        (1_769_860_800_000_001, "It looks like microseconds; send milliseconds"),
        (1_769_860_800_000_000_000, "It looks like nanoseconds; send milliseconds"),
        ("9" * 5000, _RANGE),
        ("yesterday", _FORMAT + "str 'yesterday'"),
        ("", _FORMAT + "str ''"),
        ("31.01.2026", _FORMAT + "str '31.01.2026'"),
        ("2026-02-30T00:00:00Z", _FORMAT),
        ("2026-01-31T12:00:00 Europe/Berlin", _FORMAT),
        ("٢٠٢٦", _FORMAT),
        (1.5, _FORMAT + "float 1.5"),
        (float("nan"), _FORMAT + "float nan"),
        (float("inf"), _FORMAT + "float inf"),
        (True, _FORMAT + "bool True"),
        (None, _FORMAT + "null"),
    ],
)
def test_what_is_no_moment_is_refused(value: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        epoch_ms(value)
    assert message in str(caught.value)


@given(st.integers(0, LATEST), st.integers(-23 * 60, 23 * 60))
def test_a_moment_is_the_same_in_every_zone(milliseconds: int, offset_minutes: int) -> None:
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert epoch_ms(moment.astimezone(zone).isoformat()) == milliseconds
    assert epoch_ms(rfc3339(milliseconds)) == milliseconds


def test_seconds_are_suspected_where_milliseconds_make_no_sense() -> None:
    assert looks_like_seconds(1_600_000_000, 1_700_000_000)
    assert not looks_like_seconds(0, 1_700_000_000)
    assert not looks_like_seconds(1_600_000_000_000, 1_700_000_000_000)
