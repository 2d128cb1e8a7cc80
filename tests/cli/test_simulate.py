"""``sevenfold simulate``: a world on disk, made whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.cli import front

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_writes_a_world_and_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "world"
    assert front.run(["simulate", "--payments", "3000", "--seed", "3", "--out", str(out), "--json"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert pl.read_parquet(out / "Payment.parquet").height == 3000 == report["payments"]
    assert pl.read_parquet(out / "Chargeback.parquet").height == report["chargebacks"] > 0
    for event, count in (("Decline", "declines"), ("Refund", "refunds")):
        assert pl.read_parquet(out / f"{event}.parquet").height == report[count] > 0
    assert sum(report["patterns"].values()) == 3000
    assert f"Next: sevenfold ingest fraud {out}" in captured.err


def test_every_option_reaches_the_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "--payments", "900", "--seed", "5", "--days", "9", "--start", "2027-03-01"]
    words += ["--fraud-share", "0.1", "--customers", "40", "--merchants", "250", "--json"]
    assert front.run([*words, "--out", str(tmp_path / "world")]) == 0
    report = json.loads(capsys.readouterr().out)
    wanted = {"payments": 900, "frauds": 90, "days": 9, "start": "2027-03-01", "customers": 40, "seed": 5}
    assert {name: report[name] for name in wanted} == wanted
    assert report["merchants"] == 250
    times = pl.read_parquet(tmp_path / "world" / "Payment.parquet")["occurred_at"]
    assert str(times.min()) >= "2027-03-01"
    assert str(times.max()) < "2027-03-10"


def test_turns_are_taken_one_by_one_or_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "--payments", "3000", "--days", "60", "--fraud-share", "0.1", "--json"]
    words += ["--turn", "campaign:card_testing:20-30:20", "outage:ip:5-6:1", "--turn", "boom:gaming:0-60:0.2"]
    assert front.run([*words, "--out", str(tmp_path / "world")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["turns"] == ["campaign:card_testing:20-30:20", "outage:ip:5-6:1", "boom:gaming:0-60:0.2"]
    assert report["patterns"]["card_testing"] > 50


def test_a_turn_that_makes_no_sense_is_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "world"
    assert front.run(["simulate", "--turn", "flood", "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        "A turn can't be read.\n"
        "  - turn: expected KIND:NAME:FIRST-STOP:SIZE, got 'flood'. "
        "For example wave:account_takeover:60-120:5.\n"
    )
    assert front.run(["simulate", "--turn", "wave:lost_card:170-190:2", "--out", str(out)]) == 2
    assert "turn wave:lost_card:170-190:2: expected days from 0 to 180" in capsys.readouterr().err
    assert not out.exists()


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "world"
    assert front.run(["simulate", "--payments", "-1", "--fraud-share", "6", "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        "This world can't be simulated.\n"
        "  - payments: expected 0 or more, got -1\n"
        "  - fraud_share: expected a share from 0 to 1, got 6.0. 0.006 is 0.6 %.\n"
    )
    assert not out.exists()


def test_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sevenfold.systems.fraud.world.files.Table.close", interrupt)
    out = tmp_path / "world"
    assert front.run(["simulate", "--payments", "1000", "--out", str(out)]) == 130
    said = capsys.readouterr().err
    assert said == f"Interrupted. {out} is as it was before; the same command makes the world anew.\n"
    assert list(tmp_path.iterdir()) == []


def test_describe_tells_more_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "world"
    assert front.run(["simulate", "--payments", "3000", "--out", str(out), "--describe"]) == 0
    shown = capsys.readouterr().out
    assert {"What made the payments", "Quantiles", "Shares"} <= {line.strip() for line in shown.splitlines()}
    assert (out / "world.png").read_bytes().startswith(b"\x89PNG")
