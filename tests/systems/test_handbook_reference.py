"""The DuckDB yardstick against a loop over rows that anyone can read."""

from __future__ import annotations

import math

import handbook_reference as book
import polars as pl
import pytest

DAY = 86_400_000


def _naive(rows: list[dict], at: int, w: int) -> tuple[int, float, int, float]:
    """Count and mean amount of (t - w, t], rows up to `at`; count and fraud share of (t - 7d - w, t - 7d]."""
    now = rows[at]["ms"]
    near = [r for r in rows[: at + 1] if r["ms"] > now - w * DAY]
    far = [r for r in rows if now - (7 + w) * DAY < r["ms"] <= now - 7 * DAY]
    mean = math.fsum(round(r["TX_AMOUNT"] * 100) for r in near) / (100 * len(near))
    return len(near), mean, len(far), sum(r["TX_FRAUD"] for r in far) / len(far) if far else 0.0


@pytest.mark.parametrize("w", book.WINDOWS)
def test_the_reference_agrees_with_a_plain_loop(handbook_path, handbook_reference, w):
    raw = pl.read_parquet(handbook_path).with_columns(ms=pl.col("TX_DATETIME").dt.epoch("ms"))
    # customers 1 of which repeats a second, and the terminals with most frauds
    twins = raw.filter(pl.struct("CUSTOMER_ID", "ms").is_duplicated())["CUSTOMER_ID"].unique().sort()[:3]
    risky = raw.group_by("TERMINAL_ID").agg(pl.sum("TX_FRAUD")).top_k(3, by="TX_FRAUD")["TERMINAL_ID"]
    compared = 0
    for entity, keys in (("CUSTOMER_ID", twins), ("TERMINAL_ID", risky)):
        for key in keys:
            of_key = raw.filter(pl.col(entity) == key).sort("ms", "TRANSACTION_ID")
            rows = of_key.to_dicts()
            mine = handbook_reference.join(
                of_key.select(transaction_id=pl.col("TRANSACTION_ID").cast(pl.Int64)),
                on="transaction_id",
                how="semi",
            ).to_dicts()
            for at in range(0, len(rows), 3):
                row = rows[at]
                near, mean, far, risk = _naive(rows, at, w)
                got = mine[at]
                assert got["transaction_id"] == row["TRANSACTION_ID"]
                if entity == "CUSTOMER_ID":
                    assert got[f"CUSTOMER_ID_NB_TX_{w}DAY_WINDOW"] == near
                    assert got[f"CUSTOMER_ID_AVG_AMOUNT_{w}DAY_WINDOW"] == mean
                else:
                    assert got[f"TERMINAL_ID_NB_TX_{w}DAY_WINDOW"] == far
                    assert got[f"TERMINAL_ID_RISK_{w}DAY_WINDOW"] == risk
                compared += 1
    assert compared > 500


def test_the_reference_holds_every_transaction_once_in_order(handbook_path, handbook_reference):
    raw = pl.read_parquet(handbook_path).sort("TX_DATETIME", "TRANSACTION_ID")
    assert handbook_reference["transaction_id"].to_list() == raw["TRANSACTION_ID"].to_list()
    assert handbook_reference["label"].sum() == 14_681
    assert handbook_reference.columns == [
        "transaction_id",
        *book.FEATURES,
        "label",
        "TX_TIME_DAYS",
        "CUSTOMER_ID",
    ]
    assert handbook_reference.null_count().sum_horizontal().item() == 0
    weekend = raw["TX_DATETIME"].dt.weekday() > 5
    assert (handbook_reference["TX_DURING_WEEKEND"] == weekend.cast(pl.Float64)).all()
    night = raw["TX_DATETIME"].dt.hour() <= 6
    assert (handbook_reference["TX_DURING_NIGHT"] == night.cast(pl.Float64)).all()
