"""The Handbook's table as events, and what is said when there is no such table."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from sevenfold.errors import DataError, UsageError
from sevenfold.systems.handbook.adapter import read, truth


def _table(**columns: object) -> pl.DataFrame:
    """Four transactions, two of customer 1 in one second and stored against the order of their ids."""
    noon = datetime(2018, 4, 1, 12)
    rows = {
        "TRANSACTION_ID": [0, 3, 2, 1],
        "TX_DATETIME": [
            noon,
            noon + timedelta(hours=2),
            noon + timedelta(hours=1),
            noon + timedelta(hours=1),
        ],
        "CUSTOMER_ID": [1, 1, 1, 1],
        "TERMINAL_ID": [7, 8, 9, 9],
        "TX_AMOUNT": [57.16, 0.07, 0.0, 2628.0],
        "TX_FRAUD": [0, 0, 0, 1],
        "TX_FRAUD_SCENARIO": [0, 0, 0, 1],
    }
    return pl.DataFrame({**rows, **columns})


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "transactions.parquet"
    _table().write_parquet(path)
    return path


def test_rows_come_in_the_order_of_time_and_then_of_id(written):
    events = read(written)["Transaction"]
    assert events["transaction_id"].to_list() == ["0", "1", "2", "3"]
    assert events["amount"].to_list() == [
        Decimal("57.16"),
        Decimal("2628.00"),
        Decimal("0.00"),
        Decimal("0.07"),
    ]
    assert events["occurred_at"].dtype == pl.Datetime("ms", "UTC")


def test_only_a_fraud_is_reported_and_exactly_seven_days_later(written):
    frames = read(written)
    (report,) = frames["FraudReport"].rows(named=True)
    paid = frames["Transaction"].row(1, named=True)
    assert report["transaction_id"] == paid["transaction_id"] == "1"
    assert report["reported_at"] - paid["occurred_at"] == timedelta(days=7)
    assert (report["customer"], report["terminal"], report["amount"]) == (1, 9, paid["amount"])


def test_the_truth_stands_apart_in_the_same_order(written):
    frames, real = read(written), truth(written)
    assert real["transaction_id"].to_list() == frames["Transaction"]["transaction_id"].to_list()
    assert real["is_fraud"].to_list() == [False, True, False, False]
    assert not {"is_fraud", "TX_FRAUD"} & set(frames["Transaction"].columns)


def test_the_variable_names_the_table_where_no_path_is_given(written, monkeypatch):
    monkeypatch.setenv("SEVENFOLD_HANDBOOK", str(written))
    assert read()["Transaction"].height == 4


def test_no_table_at_all_says_how_to_give_one(tmp_path, monkeypatch):
    monkeypatch.delenv("SEVENFOLD_HANDBOOK", raising=False)
    with pytest.raises(UsageError, match="SEVENFOLD_HANDBOOK: expected a path, got nothing"):
        read()
    with pytest.raises(UsageError, match=r"gone\.parquet: expected a file, got none\. Give the path"):
        read(tmp_path / "gone.parquet")


def test_another_table_is_refused_with_all_its_missing_columns(tmp_path):
    path = tmp_path / "other.parquet"
    _table().drop("TX_AMOUNT", "TX_FRAUD").write_parquet(path)
    with pytest.raises(DataError, match="not that of the Fraud Detection Handbook") as raised:
        read(path)
    assert [fault.where for fault in raised.value.faults] == [
        "other.parquet: TX_AMOUNT",
        "other.parquet: TX_FRAUD",
    ]


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_text("TRANSACTION_ID,TX_AMOUNT\n")
    with pytest.raises(DataError, match=r"table\.parquet is no Parquet file"):
        read(path)


def test_an_amount_with_parts_of_a_cent_is_refused_by_its_transaction(tmp_path):
    path = tmp_path / "table.parquet"
    _table(TX_AMOUNT=[1.0, 2.0, 3.005, 4.0]).write_parquet(path)
    with pytest.raises(
        DataError, match=r"transaction 2: TX_AMOUNT: expected at most two decimals, got 3\.005"
    ):
        read(path)


def test_the_whole_table_keeps_its_counts_and_its_cents(handbook_path):
    frames, raw = read(handbook_path), pl.read_parquet(handbook_path)
    events, reports = frames["Transaction"], frames["FraudReport"]
    assert (events.height, reports.height) == (1_754_155, 14_681)
    assert events["customer"].n_unique() == 4_990
    cents = (raw["TX_AMOUNT"] * 100).round().cast(pl.Int64).sum()
    assert events["amount"].sum() == Decimal(cents) / 100
    same_second = reports.join(
        events, left_on=["terminal", "reported_at"], right_on=["terminal", "occurred_at"], how="inner"
    )
    assert same_second.height == 3, "pairs for which the report must reach the log first"
