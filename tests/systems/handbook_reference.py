"""The Handbook's own features, computed by DuckDB and by nothing of ours.

This is the yardstick for the kernel: the fifteen inputs of the Fraud Detection Handbook (Le Borgne, Siblini,
Lebichot, Bontempi 2022, chapter 3, "Baseline feature transformation"), written as SQL windows over the raw
table. It shares no line with `sevenfold.systems.handbook`.

The book rolls with pandas, row by row: a window of w ends with the current transaction and holds the
earlier rows with a time above t - w, so that of two transactions in the same second the first does not see
the second. SQL's ``RANGE`` would show both to each other, hence the sort key below that makes every row
distinct. The risk windows end seven days back and hold whole seconds, so there the time itself is the key:
a transaction exactly seven days old is inside (three frauds of the table have such a partner in the same
second).

Averages are one division of two exact integers (cents by 100 n), correctly rounded; the book adds floats.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb
import polars as pl

__all__ = ["FEATURES", "handbook_features", "handbook_path"]

WINDOWS = (1, 7, 30)
DELAY = 7
DAY = 86_400

FEATURES = (
    "TX_AMOUNT",
    "TX_DURING_WEEKEND",
    "TX_DURING_NIGHT",
    *(f"CUSTOMER_ID_{what}_{w}DAY_WINDOW" for w in WINDOWS for what in ("NB_TX", "AVG_AMOUNT")),
    *(f"TERMINAL_ID_{what}_{w}DAY_WINDOW" for w in WINDOWS for what in ("NB_TX", "RISK")),
)
"""The fifteen inputs in the book's order."""

_RANKS = 1 << 22
"""More than there are transactions: the sort key is ``seconds * _RANKS + TRANSACTION_ID``."""


def handbook_path() -> Path:
    """Where the table is: ``SEVENFOLD_HANDBOOK``, or beside the repository."""
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "handbook" / "transactions.parquet"
    return Path(os.environ.get("SEVENFOLD_HANDBOOK") or beside)


def _windows() -> str:
    """Return the ``SELECT`` items and ``WINDOW`` clauses of all rolling features."""
    items, clauses = [], []
    for w in WINDOWS:
        name = f"{w}DAY_WINDOW"
        items.append(f"count(*) OVER c{w} AS CUSTOMER_ID_NB_TX_{name}")
        items.append(f"sum(cents) OVER c{w} / (100 * count(*) OVER c{w}) AS CUSTOMER_ID_AVG_AMOUNT_{name}")
        items.append(f"count(*) OVER t{w} AS TERMINAL_ID_NB_TX_{name}")
        items.append(f"coalesce(sum(fraud) OVER t{w} / count(*) OVER t{w}, 0) AS TERMINAL_ID_RISK_{name}")
        clauses.append(
            f"c{w} AS (PARTITION BY CUSTOMER_ID ORDER BY rank"
            f" RANGE BETWEEN id + {(w * DAY - 1) * _RANKS}::BIGINT PRECEDING AND CURRENT ROW)"
        )
        clauses.append(
            f"t{w} AS (PARTITION BY TERMINAL_ID ORDER BY seconds"
            f" RANGE BETWEEN {(DELAY + w) * DAY - 1} PRECEDING AND {DELAY * DAY} PRECEDING)"
        )
    return ",\n  ".join(items), ",\n  ".join(clauses)


def _sql(path: Path) -> str:
    items, clauses = _windows()
    columns = ", ".join(f"{name}::DOUBLE AS {name}" for name in FEATURES)
    return f"""
WITH raw AS (
  SELECT TRANSACTION_ID::BIGINT AS id, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_DATETIME, TX_TIME_DAYS,
         TX_FRAUD::BIGINT AS fraud, round(TX_AMOUNT * 100)::BIGINT AS cents,
         epoch_ns(TX_DATETIME) // 1000000000 AS seconds,
         epoch_ns(TX_DATETIME) // 1000000000 * {_RANKS} + TRANSACTION_ID AS rank
  FROM read_parquet('{path}')
), rolled AS (
  SELECT *, isodow(TX_DATETIME) >= 6 AS TX_DURING_WEEKEND, hour(TX_DATETIME) <= 6 AS TX_DURING_NIGHT,
  {items}
  FROM raw
  WINDOW {clauses}
)
SELECT id AS transaction_id, {columns}, fraud::TINYINT AS label, TX_TIME_DAYS, CUSTOMER_ID
FROM rolled ORDER BY seconds, id
"""


def _run(sql: str) -> pl.DataFrame:
    with duckdb.connect() as database:
        return pl.DataFrame(database.sql(sql).fetchnumpy())


def handbook_features(path: Path | None = None, cache: Path | None = None) -> pl.DataFrame:
    """Return the book's fifteen inputs for every transaction.

    Parameters
    ----------
    path
        The raw table; by default `handbook_path`.
    cache
        A folder of the caller's (pytest's cache, never the repository) to keep the result in, since it takes
        DuckDB some seconds. The file's name holds the query and the table's size and time.

    Returns
    -------
    DataFrame
        In the order (time, ``TRANSACTION_ID``): ``transaction_id`` Int64, the columns `FEATURES` as Float64,
        ``label`` Int8, ``TX_TIME_DAYS`` Int32 (days since 2018-04-01), ``CUSTOMER_ID`` Int32.
    """
    path = path or handbook_path()
    sql = _sql(path)
    if cache is None:
        return _run(sql)
    stat = path.stat()
    stamp = hashlib.sha256(f"{sql}{stat.st_size}{stat.st_mtime_ns}".encode()).hexdigest()[:16]
    kept = cache / f"handbook_features_{stamp}.parquet"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        written = kept.with_suffix(f".{os.getpid()}.tmp")
        _run(sql).write_parquet(written)
        written.replace(kept)
    return pl.read_parquet(kept)
