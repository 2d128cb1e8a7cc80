"""From the Handbook's one table to event frames, with the truth kept apart.

The frames are in outside form: times in UTC, amounts exact in major units, rows in the order in which a log
would hold them, which is time and, within a second, ``TRANSACTION_ID``.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from sevenfold.errors import DataError, Fault, UsageError

__all__ = ["VARIABLE", "read", "truth"]

VARIABLE = "SEVENFOLD_HANDBOOK"
"""The environment variable that holds the table's path."""

DELAY = pl.duration(days=7)
"""From a fraudulent transaction to its report, as the book assumes (chapter 3)."""

COLUMNS = {
    "TRANSACTION_ID": "whole numbers",
    "TX_DATETIME": "a date and time",
    "CUSTOMER_ID": "whole numbers",
    "TERMINAL_ID": "whole numbers",
    "TX_AMOUNT": "numbers",
    "TX_FRAUD": "0 or 1",
    "TX_FRAUD_SCENARIO": "whole numbers",
}


def read(path: Path | str | None = None) -> dict[str, pl.DataFrame]:
    """Return the events of the Handbook's table; only the reports tell which transactions are fraud.

    Parameters
    ----------
    path
        The Parquet file; without it, the environment variable `VARIABLE` says where it is.

    Returns
    -------
    dict of DataFrame
        ``Transaction``: transaction_id String, occurred_at Datetime(ms, UTC), customer and terminal Int32,
        amount Decimal(18, 2). ``FraudReport``: report_id and transaction_id String, reported_at
        Datetime(ms, UTC), customer, terminal and amount those of the transaction. Both sorted by time, ties
        by ``TRANSACTION_ID``.

    Raises
    ------
    UsageError
        If no path is known or no file is there.
    DataError
        If the table lacks columns, or an amount has more than two decimals.
    """
    table = _table(path)
    transactions = table.select(
        pl.col("TRANSACTION_ID").cast(pl.String).alias("transaction_id"),
        occurred_at="at",
        customer="CUSTOMER_ID",
        terminal="TERMINAL_ID",
        amount="amount",
    )
    reports = table.filter(pl.col("TX_FRAUD") == 1).select(
        report_id=pl.format("report-{}", "TRANSACTION_ID"),
        reported_at=pl.col("at") + DELAY,
        transaction_id=pl.col("TRANSACTION_ID").cast(pl.String),
        customer="CUSTOMER_ID",
        terminal="TERMINAL_ID",
        amount="amount",
    )
    return {"Transaction": transactions, "FraudReport": reports}


def truth(path: Path | str | None = None) -> pl.DataFrame:
    """Return what really happened: transaction_id String, is_fraud Boolean, scenario Int8.

    Scenario 0 is legitimate, 1 an amount over 220, 2 a compromised terminal, 3 a compromised customer.
    Parameters, order and errors as for `read`.
    """
    return _table(path).select(
        pl.col("TRANSACTION_ID").cast(pl.String).alias("transaction_id"),
        is_fraud=pl.col("TX_FRAUD") == 1,
        scenario=pl.col("TX_FRAUD_SCENARIO").cast(pl.Int8),
    )


def _table(path: Path | str | None) -> pl.DataFrame:
    """Read, check and sort the table, with ``at`` in UTC and the exact ``amount`` added."""
    found = _locate(path)
    try:
        present = pl.read_parquet_schema(found)
    except pl.exceptions.PolarsError as error:
        text = str(error).splitlines()[0]
        raise DataError(f"{found} is no Parquet file: {text}") from error
    missing = [name for name in COLUMNS if name not in present]
    if missing:
        got = ", ".join(present)
        faults = [
            Fault(f"{found.name}: {name}", COLUMNS[name], f"no such column, only {got}") for name in missing
        ]
        raise DataError("The table is not that of the Fraud Detection Handbook.", faults)
    table = pl.read_parquet(found, columns=list(COLUMNS)).sort("TX_DATETIME", "TRANSACTION_ID")
    cents = pl.col("TX_AMOUNT") * 100
    inexact = table.select((cents - cents.round()).abs() > 1e-6).to_series()
    if inexact.any():
        row = table.row(int(inexact.arg_true()[0]), named=True)
        where = f"transaction {row['TRANSACTION_ID']}: TX_AMOUNT"
        raise DataError(
            "An amount is not in whole cents.", [Fault(where, "at most two decimals", str(row["TX_AMOUNT"]))]
        )
    return table.with_columns(
        at=pl.col("TX_DATETIME").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"),
        amount=pl.col("TX_AMOUNT").round(2).cast(pl.Decimal(18, 2)),
    )


def _locate(path: Path | str | None) -> Path:
    given = path if path is not None else os.environ.get(VARIABLE)
    hint = f"Give the path of the Fraud Detection Handbook's transactions as Parquet, or set {VARIABLE}."
    if not given:
        raise UsageError("The Handbook's table is not at hand.", [Fault(VARIABLE, "a path", "nothing", hint)])
    found = Path(given)
    if not found.is_file():
        raise UsageError("The Handbook's table is not at hand.", [Fault(str(found), "a file", "none", hint)])
    return found
