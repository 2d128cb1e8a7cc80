"""Compile the kernel once, so that no user waits for it later: ``python -m sevenfold.features.warm``.

Compiled code is kept beside the source (or in ``NUMBA_CACHE_DIR``) and serves every design; no design
compiles anything.
"""

from __future__ import annotations

import datetime

import polars as pl

from sevenfold.data.fields import Category, Entity, Money, Timestamp
from sevenfold.data.log import NewEntry
from sevenfold.data.seal import sealed
from sevenfold.features.backfill import backfill
from sevenfold.features.declaration import features
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.planner import compile_plan
from sevenfold.features.stream import Event

__all__ = ["warm_up"]


class Sale(Event, key="sale_id", time="at"):
    """Something small that happens."""

    sale_id: str
    at: Timestamp
    buyer: Entity
    shop: Entity
    price: Money
    kind: Category
    weight: float


def warm_up() -> None:
    """Run every part of the kernel over a few events."""
    declared = features(
        price=Sale.price.log1p(),
        total=Sale.price.sum().by(Sale.buyer).over("1h", "1d"),
        heavy=Sale.weight.std().by(Sale.shop).over("1h"),
        kinds=Sale.kind.n_unique().by(Sale.buyer, Sale.shop).over("1d"),
        top=Sale.price.max().by(Sale.buyer).over("1d"),
        idle=Sale.at.since_last().by(Sale.buyer),
    )
    events = {"Sale": Sale}
    plan = compile_plan([Sale], declared)
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    rows = [
        {
            "sale_id": str(i),
            "at": start + datetime.timedelta(minutes=i),
            "buyer": "b",
            "shop": f"s{i % 2}",
            "price": 100 * i,
            "kind": "k",
            "weight": i / 3,
        }
        for i in range(4)
    ]
    table = pl.DataFrame(rows).with_columns(pl.col("at").cast(pl.Datetime("ms", "UTC")))
    # In two batches: a part of a larger result is another kind of array to the compiler than the whole.
    backfill(plan, events, {"Sale": table}, "Sale", batch_rows=2)
    engine = FeatureEngine(plan, events)
    for row in rows:
        engine.read("Sale", [row])
        engine.observe("Sale", row)
    sealed(bytes(32), 0, [NewEntry("Sale", "s", 0, b"{}")] * 300, 0)
    packed = engine.pack("buyer", entity="b")
    if packed is not None:
        engine.unpack(packed)


if __name__ == "__main__":
    warm_up()
