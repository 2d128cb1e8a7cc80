"""``rules`` and ``lists``: what analysts change is in the log, and what they test can't see the future."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.load import load
from sevenfold.design.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

BURST = "card_count_1h > 1 and amount > 20"
BECAUSE = ("--reason", "A burst.")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Path:
    """A copy of the trained home, for changing."""
    return shutil.copytree(trained, tmp_path_factory.mktemp("own") / "home")


def test_a_rule_goes_from_draft_to_live_and_into_retirement(sevenfold: Sevenfold, design: str) -> None:
    first = sevenfold("rules", "add", design, "burst", BURST, *BECAUSE, "--action", "block")["rule"]
    assert (first["state"], first["version"], first["action"]) == ("draft", 1, "block")
    for state in ("shadow", "live"):
        assert sevenfold("rules", "promote", design, "burst")["rule"]["state"] == state
    changed = sevenfold("rules", "add", design, "burst", "amount > 9", *BECAUSE, "--state", "live")["rule"]
    assert (changed["version"], changed["expression"]) == (4, "amount > 9")
    assert sevenfold("rules", "retire", design, "burst")["rule"]["state"] == "retired"
    (listed,) = sevenfold("rules", "list", design)["rules"]
    assert (listed["name"], listed["state"], listed["version"]) == ("burst", "retired", 5)


def test_what_is_wrong_with_a_rule_is_told(sevenfold: Sevenfold, refused: Refused, design: str) -> None:
    said = refused("rules", "add", design, "burst", "card_cuont_1h > 1 and amount > 'x'", *BECAUSE)
    assert "rule burst, line 1, column 1: expected a field, a feature or score, got 'card_cuont_1h'." in said
    assert "Did you mean card_count_1h or card_count_1d?" in said
    assert "line 1, column 23: expected two values of one type to compare" in said
    assert "The names are" not in said
    assert "There are no rules yet" in refused("rules", "promote", design, "burst")
    sevenfold("rules", "add", design, "burst", BURST, *BECAUSE)
    assert "The rules are: burst" in refused("rules", "retire", design, "burts")
    assert "expected a rule, got none" in refused("rules", "backtest", design, home="other")


def test_lists_are_kept_and_shown(sevenfold: Sevenfold, refused: Refused, design: str) -> None:
    entry = sevenfold("lists", "add", design, "deny", "card", "c1", "--reason", "Stolen.", "--expires", "90d")
    assert entry["entry"]["expires_at"] - entry["entry"]["changed_at"] == pytest.approx(
        90 * 86_400_000, abs=9e4
    )
    sevenfold("lists", "add", design, "watch", "merchant", "m1", "--reason", "New.")
    shown = sevenfold("lists", "show", design)["entries"]
    assert [(one["list"], one["kind"], one["entity"]) for one in shown] == [
        ("deny", "card", "c1"),
        ("watch", "merchant", "m1"),
    ]
    assert len(sevenfold("lists", "show", design, "watch")["entries"]) == 1
    sevenfold("lists", "remove", design, "deny", "card", "c1", "--reason", "Found.")
    assert sevenfold("lists", "show", design, "deny")["entries"] == []
    said = refused("lists", "remove", design, "deny", "card", "c1", "--reason", "Found.")
    assert "deny list: expected a card that is on it, got 'c1'" in said
    said = refused("lists", "add", design, "deny", "wallet", "w1", "--reason", "x")
    assert "kind: expected a type of entity of Payment, got 'wallet'. Payment has: card, merchant" in said
    said = refused("lists", "add", design, "deny", "card", "4111111111111111", "--reason", "x")
    assert "got a raw card number" in said
    assert "4111111111111111" not in said


def test_a_backtest_of_rules_and_thresholds(
    sevenfold: Sevenfold, design: str, own: Path, tmp_path: Path
) -> None:
    sevenfold("rules", "add", design, "burst", BURST, *BECAUSE, "--state", "live", home=own)
    plot = tmp_path / "money.png"
    found = sevenfold(
        "rules",
        "backtest",
        design,
        "burst",
        "amount > 20",
        "score > 0.05",
        "--days",
        "--plot",
        plot,
        home=own,
    )
    burst, large, scored = found["rules"]
    assert found["rows"] == 6000
    assert found["positives"] > 0
    assert 0 < burst["hits"] < large["hits"]
    assert large["overlap"] == {"burst": burst["hits"]}
    assert large["new_hits"] == large["hits"] - burst["hits"]
    assert scored["unknown"] > 0, "what the model learned from has no score"
    assert any("have no score" in note for note in found["notes"])
    assert plot.read_bytes()[:4] == b"\x89PNG"
    part = sevenfold("rules", "backtest", design, "burst", "--since", "2026-03-01T00:00:00Z", home=own)
    assert 0 < part["rows"] < 6000


def test_a_backtest_of_the_past_does_not_change_with_the_future(
    sevenfold: Sevenfold, design: str, own: Path, tmp_path: Path
) -> None:
    """Rules that read reports of fraud would gain most from those that came later."""
    text = "reports_30d > 0 and amount > 5"
    whole = Workspace(load(design), own)
    with whole.home.open_log() as log:
        entries = list(log.read(0, 3_000))
    ended = tmp_path / "ended"
    (ended / "small").mkdir(parents=True)
    with SqliteEventLog(ended / "small" / "log.sqlite") as log:
        log.append([_new(entry) for entry in entries if entry.event in whole.design.events])
    until = max(entry.time_ms for entry in entries if entry.event == "Payment")
    early = sevenfold("rules", "backtest", design, text, "--until", _text(until), home=ended)
    late = sevenfold("rules", "backtest", design, text, "--until", _text(until), home=own)
    assert early["rules"][0]["hits"] == late["rules"][0]["hits"] > 0
    assert early["rows"] == late["rows"]


def test_a_planted_leak_is_caught(sevenfold: Sevenfold, refused: Refused, design: str, own: Path) -> None:
    sevenfold("rules", "backtest", design, "reports_30d > 0", home=own)
    (kept,) = (own / "small" / "runs").glob("recorded-*.parquet")
    features = pl.read_parquet(kept)
    workspace = Workspace(load(design), own)
    reported = workspace.history()["Chargeback"]["payment_id"].cast(pl.String).implode()
    leaking = features.with_columns(
        reports_30d=pl.col("reports_30d")
        + pl.col("payment_id").cast(pl.String).is_in(reported).cast(pl.Int64)
    )
    leaking.write_parquet(kept)
    said = refused("rules", "backtest", design, "reports_30d > 0", home=own)
    assert "These features are not of the time of the decisions." in said
    assert "features.reports_30d, decision " in said
    assert "It was computed with what came later" in said
    features.write_parquet(kept)
    assert sevenfold("rules", "backtest", design, "reports_30d > 0", home=own)["rows"] == 6000


def _new(entry: Any) -> Any:
    from sevenfold.data.log import NewEntry

    return NewEntry(entry.event, entry.key, entry.time_ms, entry.body, entry.arrived_ms)


def _text(moment: int) -> str:
    from sevenfold.data.timestamp import rfc3339

    return rfc3339(moment)
