"""A steady stream of orders for the tests of data quality, and ways in which an upstream breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.fields import Category, Entity, Money, Timestamp
from sevenfold.data.profiler import Profiler
from sevenfold.data.sources import Chunk
from sevenfold.data.table import REJECTS, normalise
from sevenfold.features.stream import Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.expectation import Expectation
    from sevenfold.data.profile import Profile

DAY = 86_400_000
BEGIN = 1_767_225_600_000  # 2026-01-01, a Thursday


class Order(Event, key="order_id", time="at"):
    """What a shop sells."""

    order_id: str
    at: Timestamp
    shop: Entity
    total: Money
    items: int
    country: Category | None = None
    gift: bool = False
    note: str | None = None


def orders(
    first: int, days: int, *, a_day: int = 800, seed: int = 1, hours: tuple[int, int] = (0, 24)
) -> pl.DataFrame:
    """Orders of some days; at night they are fewer, ten times as large, and mostly from abroad."""
    random = np.random.default_rng([seed, first])
    n = a_day * days
    weights = np.where(np.arange(24) < 6, 0.3, 1.0)
    hour = random.choice(24, n, p=weights / weights.sum())
    at = (first + random.integers(0, days, n)) * DAY + hour * 3_600_000 + random.integers(0, 3_600_000, n)
    night = hour < 6
    total = np.round(random.lognormal(3, 0.8, n) * np.where(night, 10, 1), 2)
    abroad = random.random(n) < np.where(night, 0.8, 0.2)
    country = np.where(abroad, random.choice(["FR", "NL", "PL"], n), "DE")
    frame = pl.DataFrame(
        {
            "order_id": [f"o{first:03d}-{number:05d}" for number in range(n)],
            "at": BEGIN + at,
            "shop": [f"shop-{number:03d}" for number in random.integers(0, 40, n)],
            "total": total.astype(str),
            "items": random.integers(1, 9, n),
            "country": pl.Series(country).scatter(np.flatnonzero(random.random(n) < 0.03), None),
            "gift": random.random(n) < 0.1,
        }
    ).sort("at")
    clock = pl.col("at") // 3_600_000 % 24
    return frame.filter(clock >= hours[0], clock < hours[1])


def profiled(
    frame: pl.DataFrame, work: Path, expectations: Sequence[Expectation] = (), *, chunks: int = 1
) -> Profiler:
    """Look at a frame in so many chunks."""
    profiler = Profiler(Order, expectations, work)
    rows = normalise(Order, frame)
    size = max(1, -(-rows.height // chunks))
    for part in rows.iter_slices(size):
        profiler.add(Chunk(part, pl.DataFrame(schema=REJECTS), part.height, 0))
    return profiler


def profile_of(frame: pl.DataFrame, work: Path, *, chunks: int = 1) -> Profile:
    return profiled(frame, work, chunks=chunks).profile()


def broken_from(
    frame: pl.DataFrame, day: int, field: str, value: pl.Expr, until: int = 10_000
) -> pl.DataFrame:
    """Replace a field from a day on, up to another."""
    frame = frame if field in frame.columns else frame.with_columns(pl.lit(None, pl.String).alias(field))
    since = pl.col("at").is_between(BEGIN + day * DAY, BEGIN + until * DAY - 1)
    return frame.with_columns(pl.when(since).then(value).otherwise(pl.col(field)).alias(field))
