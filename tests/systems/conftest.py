"""Fixtures of the shipped systems."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from sevenfold.systems.fraud.world import WorldReport, simulate

sys.path.insert(0, str(Path(__file__).parent))

import handbook_reference as book  # pytest's importlib mode leaves sys.path alone


@pytest.fixture(scope="session")
def handbook_reference(handbook_path: Path, request: pytest.FixtureRequest) -> pl.DataFrame:
    """The book's features of all 1.75 million transactions, kept in pytest's cache between runs."""
    return book.handbook_features(handbook_path, cache=request.config.cache.mkdir("handbook"))


@pytest.fixture(scope="session")
def world_report(tmp_path_factory: pytest.TempPathFactory) -> WorldReport:
    """A world of 120,000 payments in half a year."""
    return simulate(120_000, 7, tmp_path_factory.mktemp("worlds") / "world")


@pytest.fixture(scope="session")
def world(world_report: WorldReport) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Its payments, its chargebacks and its truth."""
    payments, chargebacks, truth = (
        pl.read_parquet(world_report.out / f"{name}.parquet") for name in ("Payment", "Chargeback", "truth")
    )
    return payments, chargebacks, truth
