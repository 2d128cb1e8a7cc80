"""What all tests share: a home, the Handbook's table, Hypothesis profiles, and no skips in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
NO_HANDBOOK = "the Fraud Detection Handbook table is absent"
"""A reason to skip that CI accepts: the table is 28 MB and not part of the repository."""
NO_COMPOSE = "docker compose is absent"
"""The other one: it comes with Docker, not with Python."""

settings.register_profile(
    "ci", derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
os.environ["SEVENFOLD_MLFLOW"] = "off"  # for fixtures of the session, too
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _apart_from_the_users_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the reader's own home, colours and terminal width out of the tests."""
    for name in ("SEVENFOLD_HOME", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SEVENFOLD_MLFLOW", "off")  # its file takes seconds to make: its own tests ask for it


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh, empty home folder."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def handbook_path() -> Path:
    """The Handbook's ``transactions.parquet``; skips where it is absent.

    ``SEVENFOLD_HANDBOOK`` names the file; without it, ``shared/data`` beside the checkout is looked at.
    """
    named = os.environ.get("SEVENFOLD_HANDBOOK")
    path = Path(named) if named else ROOT.parent / "shared" / "data" / "handbook" / "transactions.parquet"
    if not path.is_file():
        pytest.skip(f"{NO_HANDBOOK} (looked at {path}; SEVENFOLD_HANDBOOK names another place)")
    return path


def _skip_becomes_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI, a test that doesn't run must not look like one that passed."""
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if NO_HANDBOOK not in reason and NO_COMPOSE not in reason:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and CI=true allows no skips. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Apply the rule about skips to tests."""
    report = yield
    _skip_becomes_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Apply the rule about skips to whole modules."""
    report = yield
    _skip_becomes_failure(report)
    return report
