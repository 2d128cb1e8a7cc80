"""What of a field's values is not as it was, slice by slice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.profile_sketch import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.quality_slices import Counts, Cut, Slice

__all__ = ["Sign", "signs"]

_DAY_MS = 86_400_000
_SLICES = 28
"""So many slices before are what a slice is measured by: four weeks of days."""
_SLICES_ODD = 7
"""After so many odd slices in a row, the next ones are what is usual now."""
_FEWEST_SLICES = 3
_FEWEST_VALUES = 50
_DECILES = np.arange(1, 10) / 10
_SIGMAS = 6.0


@dataclass(frozen=True, slots=True)
class Sign:
    """Something unusual in one slice.

    Parameters
    ----------
    kind, text
        As in `sevenfold.data.quality.Finding`.
    broken
        Whether hardly anything but a fault explains it.
    weight
        How strong it is, among signs of its kind.
    position
        The number of the slice.
    since_ms, until_ms
        The time of the slice.
    """

    kind: str
    text: str
    broken: bool
    weight: float
    position: int
    since_ms: int
    until_ms: int


@dataclass(slots=True)
class _Usual:
    """What a slice is measured by.

    Parameters
    ----------
    pooled
        The counts of some slices, added up.
    each
        The same, slice by slice: how much they differ is how much may differ.
    ever
        How often each value came in all slices before.
    ever_rows
        How many values that were.
    """

    pooled: Counts
    each: list[Counts]
    ever: NDArray[np.float64]
    ever_rows: float
    spread: dict[str, float] = field(default_factory=dict)


def signs(cut: Cut) -> Iterator[Sign]:
    """Yield what is unusual in each slice in question, in the order of time."""
    before: list[Counts] = []
    ever = np.zeros(len(cut.values))
    ever_rows = 0.0
    odd_in_a_row = 0
    for position, one in enumerate(cut.slices):
        broken = odd = False
        if one.is_new:
            usual = _usual(one, before, ever, ever_rows)
            if usual is not None:
                found = [_placed(sign, position, one) for sign in _signs(cut, one.counts, usual)]
                broken, odd = any(sign.broken for sign in found), bool(found)
                yield from found
        odd_in_a_row = odd_in_a_row + 1 if odd else 0
        if not broken:
            ever_rows += one.counts.held
            ever = ever + one.counts.values
            if not one.partial and not 0 < odd_in_a_row <= _SLICES_ODD:
                before.append(one.counts)


def _usual(one: Slice, before: list[Counts], ever: NDArray[np.float64], ever_rows: float) -> _Usual | None:
    """Return what a slice is measured by, where there is enough of it."""
    each = before[-_SLICES:]
    if one.partial:
        if one.expected is None or one.expected.rows < _FEWEST_VALUES or one.counts.rows < _FEWEST_VALUES:
            return None
        return _Usual(one.expected, each, ever, ever_rows)
    if len(each) < _FEWEST_SLICES:
        return None
    pooled = each[0]
    for counts in each[1:]:
        pooled = pooled.plus(counts)
    return _Usual(pooled, each, ever, ever_rows)


def _placed(sign: Sign, position: int, one: Slice) -> Sign:
    return Sign(
        sign.kind,
        sign.text,
        sign.broken,
        sign.weight,
        position,
        one.first * _DAY_MS,
        (one.last + 1) * _DAY_MS,
    )


def _signs(cut: Cut, now: Counts, usual: _Usual) -> list[Sign]:
    """Return what is unusual about a slice: of a fault that explains others, only itself."""
    if not now.rows or not usual.pooled.rows:
        return []
    missing = _missing(now, usual)
    if missing is not None and (missing.broken or now.held < _FEWEST_VALUES):
        return [missing]
    found = [] if missing is None else [missing]
    if now.held < _FEWEST_VALUES or usual.pooled.held < _FEWEST_VALUES:
        return found
    constant = _constant(cut, now, usual)
    if constant is not None:
        return [*found, constant]
    if cut.kind in ("money", "integer", "float"):
        number = _scale(cut, now, usual) or _shape(cut, now, usual, "shape")
        return found if number is None else [*found, number]
    if cut.kind in ("category", "boolean"):
        category = _new(cut, now, usual) or _gone(cut, now, usual) or _mix(cut, now, usual)
        return found if category is None else [*found, category]
    text = _shape(cut, now, usual, "length")
    return found if text is None else [*found, text]


def _missing(now: Counts, usual: _Usual) -> Sign | None:
    share, before = now.nulls / now.rows, usual.pooled.nulls / usual.pooled.rows
    smoothed = (usual.pooled.nulls + 1) / (usual.pooled.rows + 2)
    noise = math.hypot(
        math.sqrt(smoothed * (1 - smoothed) / now.rows), _spread([one.nulls / one.rows for one in usual.each])
    )
    change = share - before
    if abs(change) <= max(0.03, _SIGMAS * noise):
        return None
    what = "all missing" if share == 1 else f"missing in {_percent(share)} of events"
    return _sign("missing", f"is {what}, usually in {_percent(before)}", change >= 0.2, abs(change))


def _constant(cut: Cut, now: Counts, usual: _Usual) -> Sign | None:
    """Tell whether a field holds next to nothing but one value, and held others before."""
    if cut.kind in ("money", "integer", "float"):
        counts, before, each = now.bins, usual.pooled.bins, [one.bins for one in usual.each]
    else:
        counts, before, each = now.values, usual.pooled.values, [one.values for one in usual.each]
    if not counts.size:
        return None
    at = int(counts.argmax())
    share, usually = float(counts[at]) / now.held, float(before.max()) / usual.pooled.held
    others = 1 - usually
    if 1 - share > 0.1 * others or others < 0.05 or others * now.held < 30:
        return None
    if any(one.max() > 0.97 * held.held for one, held in zip(each, usual.each, strict=True) if held.held):
        return None
    value = (
        f"about {_number(float(value_of(cut.bins[[at]])[0]))}" if counts is now.bins else repr(cut.values[at])
    )
    text = f"holds {_percent(share)} {value}; before, no value made up more than {_percent(usually)}"
    return _sign("constant", text, usually <= 0.8, share)


def _scale(cut: Cut, now: Counts, usual: _Usual) -> Sign | None:
    """Tell whether all values have grown or shrunk by one factor, as with cents instead of euros."""
    here, there = _quantiles(cut, now.bins), _quantiles(cut, usual.pooled.bins)
    shift = _shift(here, there)
    if shift is None or abs(shift) <= math.log(1.5):
        return None
    shifts = [_shift(_quantiles(cut, one.bins), there) for one in usual.each if one.held >= _FEWEST_VALUES]
    noise = _spread([one for one in shifts if one is not None])
    if abs(shift) <= _SIGMAS * noise:
        return None
    factor = math.exp(abs(shift))
    power = round(abs(shift) / math.log(10))
    exact = power >= 1 and abs(abs(shift) - power * math.log(10)) < 0.2
    times = f"about {10**power:,} times" if exact else f"{factor:.3g} times"
    what = f"{times} what they were" if shift > 0 else f"smaller, by {times.replace('times', '')}".rstrip()
    text = f"has values {what} (median {_number(here[4])}, usually {_number(there[4])})"
    return _sign("scale", text, abs(shift) >= math.log(3), abs(shift))


def _shape(cut: Cut, now: Counts, usual: _Usual, kind: str) -> Sign | None:
    """Tell whether values, or the lengths of texts, lie elsewhere, by the gap between distributions."""
    gap = _gap(now.bins, usual.pooled.bins)
    if gap <= max(0.2, 2.5 / math.sqrt(now.held)):
        return None
    noise = max((_gap(one.bins, usual.pooled.bins) for one in usual.each if one.held), default=0.0)
    if gap <= 2 * noise:
        return None
    here, there = _quantiles(cut, now.bins)[4], _quantiles(cut, usual.pooled.bins)[4]
    if kind == "length" and abs(here - there) < 1.5:
        return None  # numbers that are counted up grow by a digit now and then
    what = "has values elsewhere" if kind == "shape" else "has texts of another length"
    text = f"{what} (median {_number(here)}, usually {_number(there)}; {_percent(gap)} have moved)"
    return _sign(kind, text, gap >= 0.6 and gap > 3 * noise, gap)


def _new(cut: Cut, now: Counts, usual: _Usual) -> Sign | None:
    """Find values that never came before, and often enough that they should have."""
    share = now.values / now.held
    enough = max(0.005, 10 / max(usual.ever_rows, 1))
    never = (usual.ever == 0) & (usual.pooled.values == 0) & (now.values >= 5) & (share >= enough)
    if not never.any():
        return None
    order = np.flatnonzero(never)[np.argsort(-share[never])]
    named = ", ".join(f"{cut.values[at]!r} ({_percent(float(share[at]))})" for at in order[:3])
    more = f" and {order.size - 3} more" if order.size > 3 else ""
    total = float(share[never].sum())
    return _sign("new", f"has values that were never seen before: {named}{more}", total >= 0.2, total)


def _gone(cut: Cut, now: Counts, usual: _Usual) -> Sign | None:
    before = usual.pooled.values / usual.pooled.held
    gone = (now.values == 0) & (before >= 0.1) & (before * now.held >= 30)
    if not gone.any():
        return None
    at = int(np.where(gone, before, 0).argmax())
    text = f"never is {cut.values[at]!r} any more, before in {_percent(float(before[at]))}"
    return _sign("gone", text, float(before[gone].sum()) >= 0.3, float(before[gone].sum()))


def _mix(cut: Cut, now: Counts, usual: _Usual) -> Sign | None:
    here, there = now.values / now.held, usual.pooled.values / usual.pooled.held
    apart = float(np.abs(here - there).sum()) / 2
    if apart <= max(0.2, math.sqrt(len(cut.values) / now.held)):
        return None
    each = [float(np.abs(one.values / one.held - there).sum()) / 2 for one in usual.each if one.held]
    if apart <= 2 * max(each, default=0.0):
        return None
    at = int(np.abs(here - there).argmax())
    text = f"is mixed otherwise: {cut.values[at]!r} in {_percent(here[at])}, usually in {_percent(there[at])}"
    return _sign("mix", text, apart >= 0.6, apart)


def _sign(kind: str, text: str, broken: bool, weight: float) -> Sign:
    return Sign(kind, text, broken, weight, 0, 0, 0)


def _quantiles(cut: Cut, counts: NDArray[np.float64]) -> list[float]:
    below = np.cumsum(counts)
    at = np.searchsorted(below, _DECILES * below[-1], side="left")
    return [float(value) for value in value_of(cut.bins[np.minimum(at, cut.bins.size - 1)])]


def _shift(here: Sequence[float], there: Sequence[float]) -> float | None:
    """Return the median of the deciles' log ratios, where most have one and they agree."""
    ratios = [math.log(a / b) for a, b in zip(here, there, strict=True) if a * b > 0]
    if len(ratios) < 6:
        return None
    middle = float(np.median(ratios))
    agreeing = [ratio for ratio in ratios if ratio * middle > 0 and abs(ratio - middle) < abs(middle) / 2]
    return middle if len(agreeing) >= 6 else None


def _gap(here: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """Return the largest difference of two cumulative distributions (Kolmogorov and Smirnov's)."""
    if not here.sum() or not there.sum():
        return 0.0
    return float(np.abs(np.cumsum(here) / here.sum() - np.cumsum(there) / there.sum()).max())


def _spread(shares: Sequence[float]) -> float:
    return float(np.std(shares)) if len(shares) > 1 else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _number(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
