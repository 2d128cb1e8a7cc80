"""The events of the benchmark: one stream, four entities, five windows, three aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from sevenfold.data.fields import Entity, Money, Timestamp
from sevenfold.features.declaration import FeatureSet, features
from sevenfold.features.stream import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["ENTITIES", "WINDOWS", "Purchase", "Skew", "make_events", "sixty_features"]

Skew = Literal["uniform", "zipf"]

ENTITIES = {"card": 50_000, "merchant": 5_000, "device": 80_000, "ip": 20_000}
"""How many of each there are."""

WINDOWS = {"10m": "10 minutes", "1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}
"""Windows, and how SQL writes them."""

_DAYS = 90
_DAY_MS = 86_400_000
_START = 1_767_225_600_000
_ZIPF = 1.1


class Purchase(Event, key="purchase_id", time="at"):
    """One card payment."""

    purchase_id: str
    at: Timestamp
    card: Entity
    merchant: Entity
    device: Entity
    ip: Entity
    amount: Money  # no currency field: two digits, as in euros


def sixty_features() -> FeatureSet:
    """Count, sum and mean of the amount by each entity over each window."""
    declared: dict[str, object] = {}
    for name in ENTITIES:
        entity = getattr(Purchase, name)
        declared[f"{name}_count"] = Purchase.count().by(entity).over(*WINDOWS)
        declared[f"{name}_sum"] = Purchase.amount.sum().by(entity).over(*WINDOWS)
        declared[f"{name}_mean"] = Purchase.amount.mean().by(entity).over(*WINDOWS)
    return features(**declared)


def make_events(rows: int, skew: Skew, seed: int = 7) -> pl.DataFrame:
    """A physical table of purchases in the order of time, no two at the same moment.

    Moments differ because Polars and DuckDB show events of equal time to each other, and we do not.

    Parameters
    ----------
    skew
        ``uniform``: every entity is as likely as another; ``zipf``: the n-th most frequent weighs n ** -1.1.
    """
    random = np.random.default_rng(seed)
    span = _DAYS * _DAY_MS
    times = np.sort(
        random.choice(span, rows, replace=False) if rows * 4 > span else _distinct(random, span, rows)
    )
    columns: dict[str, NDArray[np.int64]] = {
        name: _entities(random, count, rows, skew) for name, count in ENTITIES.items()
    }
    amounts = np.round(np.exp(random.normal(3.5, 1.2, rows)) * 100).astype(np.int64)
    return pl.DataFrame(
        {
            "purchase_id": pl.Series(np.arange(rows)).cast(pl.String),
            "at": pl.Series(_START + times).cast(pl.Datetime("ms", "UTC")),
            **columns,
            "amount": amounts,
        }
    )


def _distinct(random: np.random.Generator, span: int, rows: int) -> NDArray[np.int64]:
    """Different integers below ``span``, far more of which there are than needed."""
    found = np.unique(random.integers(0, span, rows + rows // 100 + 10))
    while found.size < rows:
        found = np.unique(np.concatenate([found, random.integers(0, span, rows)]))
    return random.permutation(found)[:rows]


def _entities(random: np.random.Generator, count: int, rows: int, skew: Skew) -> NDArray[np.int64]:
    if skew == "uniform":
        return random.integers(0, count, rows, dtype=np.int64)
    weights = np.arange(1, count + 1) ** -_ZIPF
    ranks = np.searchsorted(np.cumsum(weights) / weights.sum(), random.random(rows)).clip(0, count - 1)
    permuted: NDArray[np.int64] = random.permutation(count)[ranks]
    return permuted
