"""What came of the trial: what the new pattern cost a frozen model, and how much of it the loop won back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["WITHIN_DAYS", "Verdict", "judged"]

WITHIN_DAYS = 21
"""How long the loop has, from the day on which the new pattern begins."""

_REPLICATES = 2_000
_BLOCK_DAYS = 5


@dataclass(frozen=True)
class Verdict:
    """What the loop brought; money a day, means over days.

    Parameters
    ----------
    quiet_frozen, quiet_loop
        Lost on the days before the new pattern.
    worse
        By how much the loop was worse on those days, with its 95 % interval; below zero it was better.
    late_frozen, late_loop
        Lost on the days from three weeks after its beginning on.
    extra
        What the frozen model lost more on those days than on quiet ones.
    won_back
        The share of it that the loop did not lose, with its 95 % interval.
    """

    quiet_frozen: float
    quiet_loop: float
    worse: tuple[float, float, float]
    late_frozen: float
    late_loop: float
    extra: float
    won_back: tuple[float, float, float]

    @property
    def met(self) -> bool:
        """Whether at least half was won back, and no interval says that quiet days were worse."""
        return self.won_back[0] >= 0.5 and self.worse[1] <= 0.0

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {**vars(self), "met": self.met}


def judged(frozen: pl.DataFrame, loop: pl.DataFrame, onset: int, seed: int = 7) -> Verdict:
    """Compare two ledgers of the same days, pair by pair.

    Intervals are of a moving-block bootstrap over days (Künsch, 1989; blocks of five days, since losses of
    neighbouring days go together), the same days drawn for both.

    Parameters
    ----------
    frozen, loop
        The columns of `ledger.SCHEMA`, days from 0 on.
    onset
        The day on which the new pattern begins.
    seed
        Of the bootstrap.
    """
    a, b = frozen["lost"].to_numpy(), loop["lost"].to_numpy()
    chance = np.random.default_rng(seed)
    late = onset + WITHIN_DAYS
    quiet = _drawn(chance, onset)
    after = late + _drawn(chance, len(a) - late)
    worse = (b[:onset] - a[:onset]).mean()
    worse_drawn = (b[quiet] - a[quiet]).mean(axis=1)
    extra_drawn = a[after].mean(axis=1) - a[quiet].mean(axis=1)
    won_drawn = (a[after] - b[after]).mean(axis=1) / extra_drawn
    extra = a[late:].mean() - a[:onset].mean()
    won = (a[late:] - b[late:]).mean() / extra
    return Verdict(
        float(a[:onset].mean()),
        float(b[:onset].mean()),
        (float(worse), *_interval(worse_drawn)),
        float(a[late:].mean()),
        float(b[late:].mean()),
        float(extra),
        (float(won), *_interval(won_drawn[extra_drawn > 0])),
    )


def _drawn(chance: np.random.Generator, days: int) -> NDArray[np.int64]:
    """Draw days in blocks; int64, shape (replicates, days)."""
    length = min(_BLOCK_DAYS, days)
    starts = chance.integers(0, days - length + 1, (_REPLICATES, -(-days // length)))
    blocks = starts[:, :, None] + np.arange(length)
    return blocks.reshape(_REPLICATES, -1)[:, :days]


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, (0.025, 0.975)) if len(drawn) else (np.nan, np.nan)
    return float(low), float(high)
