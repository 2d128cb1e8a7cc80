"""A shipped design that knows the form of a table takes it as it is: the Fraud Detection Handbook's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.cli.source import events_of
from sevenfold.design.run import Run
from sevenfold.design.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Forty transactions in the Handbook's form, four of them fraud."""
    rows = 40
    path = tmp_path / "transactions.parquet"
    pl.DataFrame(
        {
            "TRANSACTION_ID": range(rows),
            "TX_DATETIME": [datetime(2018, 4, 1) + timedelta(hours=hour) for hour in range(rows)],
            "CUSTOMER_ID": [row % 7 for row in range(rows)],
            "TERMINAL_ID": [row % 5 for row in range(rows)],
            "TX_AMOUNT": [row + 0.25 for row in range(rows)],
            "TX_FRAUD": [int(row % 10 == 3) for row in range(rows)],
            "TX_FRAUD_SCENARIO": [0] * rows,
        }
    ).write_parquet(path)
    return path


def test_it_is_ingested_as_events(sevenfold: Sevenfold, table: Path) -> None:
    report = sevenfold("ingest", "handbook", table)
    assert (report["new"], report["rejected"]) == (44, 0)


def test_its_features_are_those_of_the_log(sevenfold: Sevenfold, table: Path, tmp_path: Path) -> None:
    sevenfold("backfill", "handbook", table, "--out", tmp_path / "table.parquet")
    sevenfold("ingest", "handbook", table)
    sevenfold("backfill", "handbook", "--out", tmp_path / "log.parquet")
    of_table, of_log = pl.read_parquet(tmp_path / "table.parquet"), pl.read_parquet(tmp_path / "log.parquet")
    assert of_table.height == 40
    assert of_table.equals(of_log)


def test_where_the_log_is_empty_the_environment_names_it(
    refused: Refused, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "There are no events." in refused("evaluate", "handbook")
    monkeypatch.setenv("SEVENFOLD_HANDBOOK", str(table))
    assert "The history is too short for these folds." in refused("evaluate", "handbook")


def test_a_table_of_another_form_says_what_is_missing(refused: Refused, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pl.DataFrame({"TX_AMOUNT": [1.0]}).write_parquet(other)
    said = refused("ingest", "handbook", other)
    assert "The table is not that of the Fraud Detection Handbook." in said
    assert "TX_DATETIME: expected a date and time, got no such column, only TX_AMOUNT" in said


def test_a_run_of_it_is_recognised(table: Path, home: Path) -> None:
    """The events' files are made anew each time; what counts is the table that was named."""
    workspace = Workspace(sf.load("handbook"), home)
    identities = set()
    for _ in range(2):
        with events_of(workspace.design, table) as files:
            assert files != table
            identities.add(Run(workspace, files, table).identity)
    assert len(identities) == 1
