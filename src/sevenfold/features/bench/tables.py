"""Sixty features of a whole table: ours, Polars and DuckDB on the same data in the same run."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from sevenfold.errors import MissingExtraError
from sevenfold.features.backfill import backfill
from sevenfold.features.bench.stream import ENTITIES, WINDOWS, Purchase, Skew, make_events, sixty_features
from sevenfold.features.planner import compile_plan

__all__ = ["Timing", "compare_tables"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of each round for one way of computing the same table.

    Attributes
    ----------
    name, rows, skew
        Who, how many events, which keys.
    seconds
        One a round, in order.
    """

    name: str
    rows: int
    skew: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds."""
        return median(self.seconds)

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.rows / self.median


def compare_tables(rows: int, rounds: int, skews: tuple[Skew, ...], tell: Tell) -> list[Timing]:
    """Measure all of them in turn, round by round, so that a slow minute of the machine hits all alike.

    The results are compared before anything is timed: a fast wrong answer is no answer.
    """
    timings = []
    for skew in skews:
        events = make_events(rows, skew)
        ways = _ways(events)
        _check(events, ways, tell)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                if name == "DuckDB" and number >= max(1, rounds // 2):
                    continue  # half a minute each; half the rounds tell enough
                tell(f"{skew}: round {number + 1} of {rounds}, {name}")
                gc.collect()
                started = time.perf_counter()
                result = way()
                seconds[name].append(time.perf_counter() - started)
                del result
        timings += [Timing(name, rows, skew, tuple(found)) for name, found in seconds.items()]
    for size in (rows // 4, rows // 2):
        ours = _ways(make_events(size, "uniform"))["Sevenfold"]
        ours()
        found = []
        for _ in range(rounds):
            started = time.perf_counter()
            ours()
            found.append(time.perf_counter() - started)
        timings.append(Timing("Sevenfold", size, "uniform", tuple(found)))
    return timings


def _ways(events: pl.DataFrame) -> dict[str, Callable[[], Any]]:
    plan = compile_plan([Purchase], sixty_features())
    known = {"Purchase": Purchase}
    return {
        "Sevenfold": lambda: backfill(plan, known, {"Purchase": events}, "Purchase"),
        "Polars, three rolling forms": lambda: _polars(events, divide=False),
        "Polars, mean by division": lambda: _polars(events, divide=True),
        "DuckDB": _duckdb(events),
    }


def _polars(events: pl.DataFrame, *, divide: bool) -> pl.DataFrame:
    """``rolling_*_by(...).over(...)``, the fastest form that Polars has for windows by entity.

    With ``divide`` the mean is the sum divided by the count, which saves a third of the windows; it is the
    reader's work, not that of a declared mean.
    """
    columns = []
    for entity in ENTITIES:
        for window in WINDOWS:
            amount = pl.col("amount")
            total = amount.rolling_sum_by("at", window, closed="right").over(entity)
            count = pl.col("one").rolling_sum_by("at", window, closed="right").over(entity)
            columns += [total.alias(f"{entity}_sum_{window}"), count.alias(f"{entity}_count_{window}")]
            if not divide:
                mean = amount.rolling_mean_by("at", window, closed="right").over(entity)
                columns.append(mean.alias(f"{entity}_mean_{window}"))
    table = events.lazy().with_columns(one=pl.lit(1, dtype=pl.Int64)).with_columns(columns)
    if divide:
        names = [f"{entity}_{{}}_{window}" for entity in ENTITIES for window in WINDOWS]
        table = table.with_columns(
            [
                (pl.col(name.format("sum")) / pl.col(name.format("count"))).alias(name.format("mean"))
                for name in names
            ]
        )
    return table.collect()


def _duckdb(events: pl.DataFrame) -> Callable[[], Any]:
    """``RANGE`` windows in one query, over a table that DuckDB has loaded beforehand."""
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("bench", "comparing with DuckDB") from error
    database = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        # By way of a file: handing over a frame would need pyarrow.
        path = Path(folder) / "events.parquet"
        events.with_columns(pl.col("at").dt.replace_time_zone(None)).write_parquet(path)
        database.execute("CREATE TABLE purchases AS SELECT * FROM read_parquet(?)", [str(path)])
    items, windows = [], []
    for entity in ENTITIES:
        for suffix, interval in WINDOWS.items():
            name = f"{entity}_{suffix}"
            windows.append(
                f'w_{name} AS (PARTITION BY {entity} ORDER BY "at" RANGE BETWEEN '
                f"INTERVAL '{interval}' - INTERVAL 1 MILLISECOND PRECEDING AND CURRENT ROW)"
            )
            items += [
                f"count(*) OVER w_{name} AS {entity}_count_{suffix}",
                f"sum(amount) OVER w_{name} AS {entity}_sum_{suffix}",
                f"avg(amount) OVER w_{name} AS {entity}_mean_{suffix}",
            ]
    query = f'SELECT "at", {", ".join(items)} FROM purchases WINDOW {", ".join(windows)}'  # noqa: S608  (our own names)
    return lambda: database.execute(f"CREATE OR REPLACE TABLE answer AS {query}") and database


def _check(events: pl.DataFrame, ways: dict[str, Callable[[], Any]], tell: Tell) -> None:
    """Compare a sample of every feature between all of them, which also warms them up."""
    tell("comparing results")
    ours = ways["Sevenfold"]()
    sample = range(0, events.height, max(1, events.height // 2_000))
    theirs = {name: ways[name]() for name in ("Polars, three rolling forms", "Polars, mean by division")}
    duck = ways["DuckDB"]().execute('SELECT * FROM answer ORDER BY "at"').fetchnumpy()
    theirs["DuckDB"] = pl.DataFrame({name: column for name, column in duck.items() if name != "at"})
    for column in ours.columns[1:]:
        scale = 1 if "_count_" in column else 100
        mine = ours[column].gather(sample).cast(pl.Float64) * scale
        for name, table in theirs.items():
            difference = (mine - table[column].gather(sample).cast(pl.Float64)).abs().max()
            largest = max(float(mine.abs().max() or 0), 1.0)
            if not isinstance(difference, float) or difference > 1e-9 * largest:
                raise ValueError(f"{name} and Sevenfold differ in {column} by {difference}")
