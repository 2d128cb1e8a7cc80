"""``compare``: both tables on small samples, and what cannot be compared."""

from __future__ import annotations

import contextlib
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from sevenfold.cli import front
from sevenfold.design.feature_groups import feature_groups, with_features
from sevenfold.design.load import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two months of transactions in the Handbook's form, by its rules, of few customers and terminals."""
    rng = np.random.default_rng(7)
    days, customers, terminals = 64, 50, 40
    rows = days * customers * 2
    seconds = np.sort(rng.integers(0, days * 86_400, rows))
    customer = rng.integers(0, customers, rows)
    terminal = rng.integers(0, terminals, rows)
    usual = rng.uniform(5, 100, customers)[customer]
    amount = np.abs(rng.normal(usual, usual / 2))
    day = seconds // 86_400
    # A new terminal is stolen every fourth day, for two weeks.
    stolen = np.zeros((terminals, days), dtype=bool)
    for start in range(0, days, 4):
        stolen[rng.integers(0, terminals), start : start + 14] = True
    at_terminal = stolen[terminal, day]
    scenario = np.where(at_terminal, 2, np.where(amount > 220, 1, 0))
    path = tmp_path / "transactions.parquet"
    pl.DataFrame(
        {
            "TRANSACTION_ID": np.arange(rows),
            "TX_DATETIME": [datetime(2018, 6, 13) + timedelta(seconds=int(s)) for s in seconds],
            "CUSTOMER_ID": customer,
            "TERMINAL_ID": terminal,
            "TX_AMOUNT": np.round(amount, 2),
            "TX_FRAUD": (scenario > 0).astype(int),
            "TX_FRAUD_SCENARIO": scenario,
        }
    ).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def crime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a year with much crime."""
    out = tmp_path_factory.mktemp("crime") / "world"
    with contextlib.redirect_stdout(io.StringIO()):
        assert front.run(["simulate", "--payments", "6000", "--fraud-share", "0.06", "--out", str(out)]) == 0
    return out


def test_the_handbooks_table_has_the_published_rows_ours_and_the_ceiling(
    sevenfold: Sevenfold, table: Path
) -> None:
    found = sevenfold("compare", "handbook", table, "--seeds", 1, "--folds", 1, "--threads", 1)
    assert (found["folds"], found["seeds"]) == (1, 1)
    assert len(found["published"]) == 8
    assert max(row["roc_auc"] for row in found["published"]) == 0.879
    titles = [block["title"] for block in found["blocks"]]
    assert titles == [
        "the book's features, 7 days",
        "our features, 7 days",
        "our features, all history",
        "the simulator's truth, as far as reports could tell",
        "the simulator's truth",
    ]
    rows = {block["title"]: block["rows"] for block in found["blocks"]}
    own = rows["our features, 7 days"]["XGBoost"]
    assert set(own) >= {"roc_auc", "average_precision", "entity_precision_at_100", "calibration_error"}
    figure = own["average_precision"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    truth = rows["the simulator's truth"]["XGBoost"]["average_precision"]["value"]
    assert truth > figure["value"] > 0.3
    assert found["perfect"]["roc_auc"] == 1.0
    precision = "entity_precision_at_100"
    assert rows["the simulator's truth"]["XGBoost"][precision]["value"] <= found["perfect"][precision] + 1e-9


def test_our_world_is_told_by_candidate_pattern_group_and_correction(
    sevenfold: Sevenfold, crime: Path
) -> None:
    found = sevenfold("compare", "fraud", crime, "--threads", 1)
    rows, frauds = found["tested"]
    assert 300 < rows < 3000
    assert frauds > 10
    names = [one["name"] for one in found["candidates"]]
    assert names == ["logistic regression", "random forest", "xgboost", "LightGBM"]
    for one in found["candidates"]:
        every, *patterns = one["patterns"]
        assert every["name"] == "all"
        assert every["frauds"] == frauds == sum(pattern["frauds"] for pattern in patterns)
        assert every["recall"][0] <= every["recall"][1]
        assert one["saved"] < 1
    groups = {group["name"]: group for group in found["groups"]}
    assert {"the event itself", "card", "merchant", "Chargeback"} <= set(groups)
    assert sum(len(group["features"]) for group in groups.values()) == len(load("fraud").features.names)
    assert all(group["ns"] > 0 for group in groups.values())
    about = [one["about"] for one in found["corrections"]]
    assert about.count("labels that are late") == 3
    assert about.count("payments that were blocked") == 2


def test_a_group_is_what_features_look_at() -> None:
    design = load("fraud")
    groups = feature_groups(design)
    assert groups["the event itself"][:2] == ["amount", "log_amount"]
    assert groups["card and merchant"] == ["card_merchant_seen_90d"]
    assert "merchant_report_rate" in groups["Chargeback"]
    part = with_features(design, groups["device"])
    assert part.features.names == groups["device"]
    assert part.plan.asking["Payment"].names == tuple(groups["device"])


def test_what_cannot_be_compared_is_refused(
    refused: Refused, design: str, crime: Path, tmp_path: Path
) -> None:
    assert "design: expected handbook or fraud, whose truth is known" in refused("compare", design)
    said = refused("compare", "handbook", "--seeds", 0, "--folds", 5)
    assert "--seeds: expected at least 1, got 0" in said
    assert "--folds: expected at most 4, as there are, got 5" in said
    assert "There is no truth to compare with." in refused("compare", "fraud", tmp_path)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for path in crime.glob("*.parquet"):
        (foreign / path.name).write_bytes(path.read_bytes())
    pl.read_parquet(crime / "truth.parquet").head(5999).write_parquet(foreign / "truth.parquet")
    assert "The truth does not know 1 of the payments." in refused("compare", "fraud", foreign)
    pl.DataFrame({"payment_id": ["a"]}).write_parquet(foreign / "truth.parquet")
    said = refused("compare", "fraud", foreign)
    assert "truth.parquet: is_fraud: expected a column, got none. There are: payment_id" in said
