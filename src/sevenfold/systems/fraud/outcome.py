"""What scores would have done in a world: frauds found by pattern, days until the first, and money."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.learning.arrays import DAY_MS
from sevenfold.learning.ranking import Groups

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, IntVector, Mask
    from sevenfold.systems.fraud.comparison import World

__all__ = ["RATES", "Outcome", "Pattern", "outcome"]

RATES = (0.001, 0.01)
"""Shares of the honest payments that may be stopped."""


@dataclass(frozen=True)
class Pattern:
    """How one pattern of fraud fared.

    Parameters
    ----------
    name
        The pattern, or ``all``.
    frauds, attacks
        Payments of it in the test, and the attacks that they belong to.
    recall
        Share of the payments found, at each of `RATES`.
    amount
        Share of their money found, likewise.
    caught
        Share of the attacks that had at least one payment found, likewise.
    days
        Days from an attack's first payment to the first one found, the mean over the attacks caught,
        likewise; NaN where none was.
    """

    name: str
    frauds: int
    attacks: int
    recall: tuple[float, ...]
    amount: tuple[float, ...]
    caught: tuple[float, ...]
    days: tuple[float, ...]


@dataclass(frozen=True)
class Outcome:
    """What one model's scores would have done.

    Parameters
    ----------
    name
        The model.
    average_precision, roc_auc
        Against the truth.
    saved
        Share of all losses that decisions by the declared costs would have saved.
    row_us
        Microseconds to score one payment.
    patterns
        All fraud first, then pattern by pattern.
    """

    name: str
    average_precision: float
    roc_auc: float
    saved: float
    row_us: float
    patterns: tuple[Pattern, ...]

    @property
    def all(self) -> Pattern:
        """All fraud."""
        return self.patterns[0]

    def to_json(self) -> dict[str, Any]:
        """Give the figures as plain data."""
        return asdict(self)


def outcome(name: str, world: World, rows: IntVector, score: FloatVector, row_us: float) -> Outcome:
    """Hold scores to the truth.

    Parameters
    ----------
    name
        The model.
    world
        The world.
    rows, score
        The tested payments and their scores, shape (rows,).
    row_us
        What scoring one costs.
    """
    truth = world.truth[rows]
    y = truth["is_fraud"].cast(pl.Int8).to_numpy()
    groups = Groups.of(y, score)
    at = world.payments[world.design.label.on.__time__][rows].dt.epoch("ms").to_numpy()  # type: ignore[union-attr]
    limits = [_limit(score[y == 0], rate) for rate in RATES]
    stakes = world.stakes.take(rows)
    frame = truth.with_columns(at=pl.Series(at), score=pl.Series(score), loss=pl.Series(stakes.loss)).filter(
        pl.col("is_fraud")
    )
    named = [("all", frame)]
    named += [(str(key[0]), part) for key, part in sorted(frame.group_by("pattern"), key=lambda one: one[0])]
    return Outcome(
        name=name,
        average_precision=float(groups.average_precision()[0]) if y.any() else np.nan,
        roc_auc=float(groups.roc_auc()[0]) if y.any() else np.nan,
        saved=float(stakes.saved(y, score)[0]),
        row_us=row_us,
        patterns=tuple(_pattern(one, part, limits) for one, part in named),
    )


def _limit(honest: FloatVector, rate: float) -> float:
    """The score above which no more than a share of the honest payments lie."""
    if not len(honest):
        return np.inf
    ranked = np.sort(honest)[::-1]
    return float(ranked[int(rate * len(ranked))])


def _pattern(name: str, frauds: pl.DataFrame, limits: list[float]) -> Pattern:
    found = [(frauds["score"] > limit).to_numpy() for limit in limits]
    loss = frauds["loss"].to_numpy()
    caught, days = [], []
    for mask in found:
        share, wait = _first(frauds, mask)
        caught.append(share)
        days.append(wait)
    attacks = frauds["attack"].n_unique() if "attack" in frauds.columns and frauds.height else 0
    return Pattern(
        name=name,
        frauds=frauds.height,
        attacks=attacks,
        recall=tuple(float(mask.mean()) if len(mask) else np.nan for mask in found),
        amount=tuple(float(loss[mask].sum() / loss.sum()) if loss.sum() else np.nan for mask in found),
        caught=tuple(caught),
        days=tuple(days),
    )


def _first(frauds: pl.DataFrame, found: Mask) -> tuple[float, float]:
    """Share of attacks with a payment found, and the mean days until the first of it."""
    if "attack" not in frauds.columns or not frauds.height:
        return np.nan, np.nan
    begun = frauds.group_by("attack").agg(begun=pl.col("at").min())
    first = frauds.filter(pl.Series(found)).group_by("attack").agg(first=pl.col("at").min())
    both = begun.join(first, on="attack", how="left", nulls_equal=True)
    wait = ((both["first"] - both["begun"]) / DAY_MS).drop_nulls()
    return len(wait) / both.height, float(wait.mean()) if len(wait) else np.nan  # type: ignore[arg-type]
