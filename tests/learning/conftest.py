"""A small world to learn from, with every kind of column and every kind of gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.extra import require

# Test modules import scikit-learn as a reference; OpenMP reads how its threads wait when it is first loaded.
require("sklearn", "testing")

DAY = 86_400_000


@dataclass(frozen=True)
class World:
    features: pl.DataFrame
    times: np.ndarray
    y: np.ndarray
    entities: pl.DataFrame

    def table(self) -> Table:
        encoding = Encoding.learn(self.features, min_category_rows=5)
        return Table(encoding.encode(self.features), self.y, encoding)


def make_world(rows: int = 3000, *, days: int = 60, share: float = 0.08, seed: int = 3) -> World:
    rng = np.random.default_rng(seed)
    amount = np.round(rng.lognormal(3.0, 1.0, rows), 2)
    ratio = np.where(rng.random(rows) < 0.15, np.nan, rng.normal(size=rows))
    count = rng.poisson(2.0, rows)
    country = rng.choice(["DE", "NL", "XX", None], rows, p=[0.5, 0.3, 0.1, 0.1])
    features = pl.DataFrame(
        {
            "amount": amount,
            "ratio": pl.Series(ratio).fill_nan(None),
            "count": pl.Series(count, dtype=pl.UInt32),
            "night": rng.random(rows) < 0.3,
            "country": pl.Series(country, dtype=pl.Categorical),
            "huge": rng.normal(1e9, 1.0, rows),
            "constant": np.full(rows, 7.0),
            "missing": pl.Series([None] * rows, dtype=pl.Float64),
        }
    )
    pull = np.log(amount) - 3 + np.nan_to_num(ratio) + 2.0 * (country == "XX") + rng.normal(size=rows)
    times = np.sort(rng.integers(0, days * DAY, rows))
    return World(
        features=features,
        times=times,
        y=(pull > np.quantile(pull, 1 - share)).astype(np.int8),
        entities=pl.DataFrame({"card": rng.integers(0, rows // 4, rows)}),
    )


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def table(world: World) -> Table:
    return world.table()
