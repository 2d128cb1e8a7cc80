"""A small world, and a home in which a model was trained on it: made once, never changed by a test."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from sevenfold.cli import front

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DESIGN = '''
"""The fraud world, with few features and quick candidates."""
import sevenfold as sf
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.learning.xgboost import XGBoost
from sevenfold.systems.fraud.events import Chargeback, Payment

design = sf.Design(
    name="small",
    events=[Payment, Chargeback],
    features=sf.features(
        amount=Payment.amount,
        card_count=Payment.count().by(Payment.card).over("1h", "1d"),
        card_idle=Payment.occurred_at.since_last().by(Payment.card),
        reports=Chargeback.count().by(Chargeback.merchant).over("30d"),
    ),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="30d"),
    learning=sf.Learning(
        candidates=(LogisticRegression(), XGBoost(trees=20, early_stopping=None)),
        folds=Prequential(test="30d"),
        entity="card",
        replicates=20,
    ),
)
'''


@pytest.fixture(scope="session")
def design(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a small design's file."""
    path = tmp_path_factory.mktemp("design") / "small.py"
    path.write_text(DESIGN)
    return str(path)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Payment.parquet and Chargeback.parquet."""
    out = tmp_path_factory.mktemp("world") / "world"
    with contextlib.redirect_stdout(io.StringIO()):
        words = ["--payments", "6000", "--fraud-share", "0.03", "--days", "120", "--out", str(out)]
        assert front.run(["simulate", *words]) == 0
    return out


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, design: str, world: Path) -> Path:
    """A home with the world in its log and a model; for reading only."""
    home = tmp_path_factory.mktemp("trained")
    with contextlib.redirect_stdout(io.StringIO()):
        assert front.run(["ingest", design, str(world), "--home", str(home)]) == 0
        assert front.run(["train", design, "--home", str(home)]) == 0
    return home


@pytest.fixture
def sevenfold(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run a command that has to succeed, in a home of its own; gives its JSON."""

    def call(*words: object, home: Path = home) -> dict[str, Any]:
        capsys.readouterr()
        code = front.run([*map(str, words), "--json", "--home", str(home)])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        result = json.loads(captured.out)
        assert isinstance(result, dict)
        return result

    return call


@pytest.fixture
def refused(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that has to fail with an exit code, by default 2; gives what it said last."""

    def call(*words: object, code: int = 2, home: Path = home) -> str:
        capsys.readouterr()
        got = front.run([*map(str, words), "--home", str(home)])
        said = capsys.readouterr().err
        assert got == code, said
        assert "Traceback" not in said
        return said

    return call


@pytest.fixture(scope="session")
def payments(world: Path) -> pl.DataFrame:
    """The payments of the world."""
    return pl.read_parquet(world / "Payment.parquet")
