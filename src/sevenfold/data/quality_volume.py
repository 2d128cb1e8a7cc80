"""Whether as many events come as in the same hour of earlier weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sevenfold.data.quality_fields import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sevenfold.data.profile import Profile

__all__ = ["volume_signs"]

_HOUR_MS = 3_600_000
_WEEK, _DAY = 168, 24
_WEEKS, _DAYS = 4, 7
_FEWEST_BEFORE = 3
_FEWEST_EVENTS = 30.0
_LOW, _HIGH = 0.3, 3.0


def volume_signs(profile: Profile, usual: Profile | None) -> Iterator[Sign]:
    """Yield runs of hours with far fewer or far more events than the same hours had before."""
    new = profile.part("hourly").select("at", "n")
    if not new.height:
        return
    counts = dict(new.iter_rows())
    earlier = {} if usual is None else dict(usual.part("hourly").select("at", "n").iter_rows())
    first, last = min(counts), max(counts)
    begin = min([first, *earlier])
    known = np.full(last - begin + 1, np.nan)
    for at in earlier:
        # Hours without events count as none from the first known one to the last, and after that as unknown.
        if at <= last:
            known[at - begin] = 0.0
    if earlier:
        known[: max(0, min(max(earlier), last) - begin + 1)] = 0.0
    known[first - begin :] = 0.0
    for table in (earlier, counts):
        for at, n in table.items():
            if at <= last:
                known[at - begin] += n
    yield from _runs(known[first - begin :], _expected(known, first - begin), first)


class _Expected(NamedTuple):
    """What came in the same hours before: median, fewest and most; NaN where that is not known."""

    median: NDArray[np.float64]
    fewest: NDArray[np.float64]
    most: NDArray[np.float64]


def _expected(known: NDArray[np.float64], start: int) -> _Expected:
    """Look at the same hour in the four weeks before, or else in the seven days before."""
    median, fewest, most = (np.full(known.size - start, np.nan) for _ in range(3))
    for step, times in ((_WEEK, _WEEKS), (_DAY, _DAYS)):
        for at in np.flatnonzero(np.isnan(median)):
            hours = start + at - step * np.arange(1, times + 1)
            values = known[hours[hours >= 0]]
            values = values[~np.isnan(values)]
            if values.size >= _FEWEST_BEFORE:
                median[at], fewest[at], most[at] = np.median(values), values.min(), values.max()
    return _Expected(median, fewest, most)


def _runs(known: NDArray[np.float64], expected: _Expected, first: int) -> Iterator[Sign]:
    """Yield the runs of hours that are low or high together, the last hour left out: it may not be over."""
    smooth = _three_hours(known)
    median, fewest, most = map(_three_hours, expected)
    position = 0
    for low in (True, False):
        with np.errstate(invalid="ignore"):
            if low:
                odd = (smooth < _LOW * median) & (smooth < 0.5 * fewest)
            else:
                odd = (smooth > _HIGH * median + 30) & (smooth > 1.5 * most)
        odd[-1] = False
        edges = np.flatnonzero(np.diff(np.concatenate([[0], odd.astype(np.int8), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            usual, came = float(np.nansum(expected.median[begin:end])), float(known[begin:end].sum())
            long_enough = end - begin >= 2 or abs(came - usual) > 10 * usual**0.5
            if max(usual, came) >= _FEWEST_EVENTS and long_enough:
                text = f"has {came:,.0f} events where about {usual:,.0f} are usual"
                broken = (came < 0.1 * usual and usual >= 2 * _FEWEST_EVENTS) or came > 10 * usual + 300
                position += 2  # never joined to the one before
                hours = (first + int(begin)) * _HOUR_MS, (first + int(end)) * _HOUR_MS
                yield Sign("volume", text, broken, abs(came - usual), position, *hours)


def _three_hours(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means over the hour and its neighbours: single hours of few events vary too much."""
    padded = np.concatenate([counts[:1], counts, counts[-1:]])
    return np.asarray(np.convolve(padded, np.ones(3) / 3, mode="valid"), dtype=np.float64)
