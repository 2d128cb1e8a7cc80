"""Fixtures of the shipped systems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

import handbook_reference as book  # pytest's importlib mode leaves sys.path alone


@pytest.fixture(scope="session")
def handbook_table() -> Path:
    """The Fraud Detection Handbook's table; where it is absent, the test is skipped."""
    path = book.handbook_path()
    if not path.exists():
        pytest.skip(
            "the Fraud Detection Handbook table is absent: set SEVENFOLD_HANDBOOK to its Parquet file"
        )
    return path


@pytest.fixture(scope="session")
def handbook_reference(handbook_table: Path, request: pytest.FixtureRequest) -> pl.DataFrame:
    """The book's features of all 1.75 million transactions, kept in pytest's cache between runs."""
    return book.handbook_features(handbook_table, cache=request.config.cache.mkdir("handbook"))
