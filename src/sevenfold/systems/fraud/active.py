"""The simulated world as a pool of payments whose labels may be asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.table import normalise
from sevenfold.feedback.active.curve import Pool
from sevenfold.learning.encoding import Encoding
from sevenfold.systems.fraud.design import design
from sevenfold.systems.fraud.world.simulation import simulate

if TYPE_CHECKING:
    from sevenfold.learning.arrays import IntVector

__all__ = ["split_pool", "world_pool"]

_BEGIN, _TEST = 0.25, 0.75
"""Shares of the rows before which features have little history, and from which on it is tested."""


def world_pool(payments: int, seed: int, rows: int) -> Pool:
    """Simulate a world, and take some of its payments.

    Parameters
    ----------
    payments, seed
        Of the world.
    rows
        How many payments the pool holds, and as many for the test, drawn at random from their periods.
    """
    with tempfile.TemporaryDirectory() as folder:
        simulate(payments, seed, folder)
        tables = {
            name: normalise(event, pl.read_parquet(Path(folder) / f"{name}.parquet"))
            for name, event in design.events.items()
        }
        truth = pl.read_parquet(Path(folder) / "truth.parquet")
    features = design.backfill(tables, physical=True)
    known = features.select("payment_id").join(truth, on="payment_id", how="left", maintain_order="left")
    y = known["is_fraud"].cast(pl.Int8).to_numpy()
    return split_pool("simulator", features.drop("payment_id"), y, rows, seed)


def split_pool(name: str, features: pl.DataFrame, y: np.ndarray, rows: int, seed: int) -> Pool:
    """Cut rows in the order of time into a pool and a later test, and draw some of each.

    Parameters
    ----------
    name
        Of the data.
    features, y
        One column a feature; 0 or 1.
    rows, seed
        How many to draw of each period, and with which seed.
    """
    rng = np.random.default_rng(seed)
    begin, test = int(_BEGIN * len(y)), int(_TEST * len(y))
    pool, later = _some(begin, test, rows, rng), _some(test, len(y), rows, rng)
    encoding = Encoding.learn(features[pool], max_categories=50, min_category_rows=20)
    return Pool(name, encoding.encode(features[pool]), y[pool], encoding.encode(features[later]), y[later])


def _some(first: int, stop: int, rows: int, rng: np.random.Generator) -> IntVector:
    return np.sort(rng.choice(np.arange(first, stop), min(rows, stop - first), replace=False))
