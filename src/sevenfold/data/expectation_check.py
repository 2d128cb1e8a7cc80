"""Holding expectations against the events that were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sevenfold.data.duration import duration_ms
from sevenfold.data.timestamp import rfc3339

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from sevenfold.data.expectation import Expectation
    from sevenfold.data.profile import Profile
    from sevenfold.data.profiler import Profiler

__all__ = ["Outcome", "check"]

_HOUR_MS = 3_600_000
_SHOWN = 5

State = Literal["met", "broken", "not evaluated"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one expectation came out.

    Parameters
    ----------
    where
        The field or the event.
    expected
        What was expected, in words.
    state
        ``met``, ``broken``, or ``not evaluated`` where there is nothing to hold it against.
    found
        What was there instead; why it was not evaluated.
    handled
        What features take the values outside as; empty where the design does not say.
    because
        As declared.
    """

    where: str
    expected: str
    state: State
    found: str
    handled: str = ""
    because: str = ""


def check(expectations: Sequence[Expectation], profilers: Sequence[Profiler], now_ms: int) -> list[Outcome]:
    """Hold expectations against what was read.

    Parameters
    ----------
    expectations
        In the order of declaration, which is that of the outcomes.
    profilers
        Of the events that were read, when everything is in them.
    now_ms
        The present, which freshness is counted from.

    Returns
    -------
    list of Outcome
        One for each statement of an expectation. Those about events that were not read are left out.
    """
    by_event = {profiler.event: profiler for profiler in profilers}
    outcomes = []
    for one in expectations:
        if one.event in by_event:
            profiler = by_event[one.event]
            outcomes += [
                part(one, profiler, profiler.profile(), now_ms) for given, part in _parts(one) if given
            ]
    return outcomes


def _parts(one: Expectation) -> list[tuple[bool, Callable[[Expectation, Profiler, Profile, int], Outcome]]]:
    return [
        (one.nulls is not None or one.missing is not None, _nulls),
        (one.between is not None, _between),
        (one.one_of is not None, _one_of),
        (one.unique, _unique),
        (one.fresh is not None, _fresh),
        (one.hourly is not None, _hourly),
    ]


def _nulls(one: Expectation, _profiler: Profiler, profile: Profile, _now: int) -> Outcome:
    allowed = 1.0 if one.nulls is None else one.nulls
    expected = "missing values, handled" if one.nulls is None else f"at most {_percent(allowed)} missing"
    if not profile.rows:
        return _none(one, expected)
    missing = profile.nulls(str(one.field))
    share = missing / profile.rows
    handled = f"taken as {one.missing!r}" if one.missing is not None else ""
    found = f"{_percent(share)} missing ({missing:,} of {profile.rows:,})"
    return _outcome(one, expected, share <= allowed, found, handled)


def _between(one: Expectation, profiler: Profiler, profile: Profile, _now: int) -> Outcome:
    low, high = one.between or (None, None)
    expected = _bounds(low, high) + _tolerated(one)
    outside = profiler.outside.get(one)
    values = profile.rows - profile.nulls(str(one.field))
    if outside is None or not values:
        return _none(one, expected, "it has no values" if profile.rows else "")
    found = f"{outside.n:,} of {values:,} outside" if outside.n else f"all {values:,} inside"
    if outside.n and outside.low is not None and outside.high is not None:
        found += f" ({_number(outside.low)} to {_number(outside.high)})"
    handled = (
        f"taken as {_number(low)} or {_number(high)}" if None not in (low, high) else "taken as the bound"
    )
    return _outcome(one, expected, outside.n <= one.tolerate * values, found, handled if one.clip else "")


def _one_of(one: Expectation, profiler: Profiler, profile: Profile, _now: int) -> Outcome:
    allowed = one.one_of or ()
    expected = f"one of {_listed([str(value) for value in allowed])}" + _tolerated(one)
    outside = profiler.outside.get(one)
    values = profile.rows - profile.nulls(str(one.field))
    if outside is None or not values:
        return _none(one, expected, "it has no values" if profile.rows else "")
    found = f"{outside.n:,} of {values:,} are another" if outside.n else f"all {values:,} are"
    if outside.values:
        found += f": {_frequent(outside.values)}"
    handled = f"taken as {one.other!r}" if one.other is not None else ""
    return _outcome(one, expected, outside.n <= one.tolerate * values, found, handled)


def _unique(one: Expectation, profiler: Profiler, profile: Profile, _now: int) -> Outcome:
    expected = "no value twice"
    if not profile.rows:
        return _none(one, expected)
    repeated = profiler.repeated(str(one.field))
    return _outcome(one, expected, not repeated, f"{repeated:,} repeated" if repeated else "none")


def _fresh(one: Expectation, _profiler: Profiler, profile: Profile, now: int) -> Outcome:
    expected = f"the newest at most {one.fresh} old"
    hours = profile.part("hourly")["at"]
    if not hours.len():
        return _none(one, expected)
    # Of the newest hour only its beginning is known to have passed; the benefit of the doubt is its end.
    newest = (int(hours.sort()[-1]) + 1) * _HOUR_MS
    found = f"the newest before {rfc3339(newest)[:16]}Z"
    return _outcome(one, expected, now - newest <= duration_ms(one.fresh), found)


def _hourly(one: Expectation, _profiler: Profiler, profile: Profile, _now: int) -> Outcome:
    low, high = one.hourly or (None, None)
    expected = f"{_bounds(low, high)} an hour" + _tolerated(one, "hours")
    table = profile.part("hourly").sort("at")
    first, last = (int(table["at"][0]), int(table["at"][-1])) if table.height else (0, 0)
    if last - first < 2:
        return _none(one, expected, "there is no full hour between the first and the last")
    counts = np.zeros(last - first + 1, dtype=np.int64)
    counts[table["at"].to_numpy() - first] = table["n"].to_numpy()
    full = counts[1:-1]
    wrong = np.zeros(full.size, dtype=bool)
    if low is not None:
        wrong |= full < low
    if high is not None:
        wrong |= full > high
    found = f"{full.min():,} to {full.max():,} events in {full.size:,} full hours"
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        when = rfc3339((first + 1 + at) * _HOUR_MS)[:16] + "Z"
        found = f"{int(wrong.sum()):,} of {full.size:,} hours outside, first {when} with {full[at]:,} events"
    return _outcome(one, expected, int(wrong.sum()) <= one.tolerate * full.size, found)


def _outcome(one: Expectation, expected: str, met: bool, found: str, handled: str = "") -> Outcome:
    return Outcome(one.where, expected, "met" if met else "broken", found, handled, one.because)


def _none(one: Expectation, expected: str, why: str = "") -> Outcome:
    why = why or "there are no rows"
    return Outcome(one.where, expected, "not evaluated", why, because=one.because)


def _tolerated(one: Expectation, what: str = "values") -> str:
    return f", but for {_percent(one.tolerate)} of the {what}" if one.tolerate else ""


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {_number(high)}"
    return f"at least {_number(low)}" if high is None else f"between {_number(low)} and {_number(high)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.10g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(values[:_SHOWN]) + more


def _frequent(values: Counter[str]) -> str:
    return ", ".join(f"{value!r} ({n:,})" for value, n in values.most_common(3))
