"""The Handbook's table as a pool of transactions whose labels may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.table import normalise
from sevenfold.systems.fraud.active import split_pool
from sevenfold.systems.handbook import adapter
from sevenfold.systems.handbook.own import design

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.feedback.active.curve import Pool

__all__ = ["handbook_pool"]


def handbook_pool(path: Path | str | None, rows: int, seed: int) -> Pool:
    """Read the table and take some of its transactions, with our features.

    Parameters
    ----------
    path
        The table; without it, the environment variable ``SEVENFOLD_HANDBOOK`` names it.
    rows, seed
        How many transactions the pool and the test hold, and the seed by which they are drawn.

    Raises
    ------
    UsageError, DataError
        There is no such table, or it is another one.
    """
    frames = adapter.read(path)
    tables = {name: normalise(design.events[name], frame) for name, frame in frames.items()}
    features = design.backfill(tables, physical=True).drop("transaction_id")
    y = adapter.truth(path)["is_fraud"].cast(pl.Int8).to_numpy()
    return split_pool("handbook", features, y, rows, seed)
