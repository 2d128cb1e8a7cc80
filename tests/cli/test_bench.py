"""The benchmark runs, compares results before it times them, and writes its page. It asserts no time."""

from __future__ import annotations

import json
import shutil

from sevenfold.cli.front import run


def test_bench_features_measures_everybody(tmp_path, capsys):
    page = tmp_path / "figures.md"
    words = [
        "bench",
        "features",
        "--rows",
        "4000",
        "--rounds",
        "1",
        "--calls",
        "100",
        "--out",
        str(page),
        "--json",
    ]
    assert run(words) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["ratios"]) == {
        f"{name}, {keys}"
        for name in ("Polars, three rolling forms", "Polars, mean by division", "DuckDB")
        for keys in ("uniform", "zipf")
    }
    calls = {"fold and read", "read only"} | ({"Redis GET"} if shutil.which("redis-server") else set())
    assert set(figures["online_us"]) == calls
    text = page.read_text()
    assert "| uniform | 4,000 | Sevenfold |" in text
    assert "How this is biased" in text


def test_bench_refuses_what_cannot_be_measured(capsys):
    assert run(["bench", "features", "--rows", "10", "--rounds", "0"]) == 2
    told = capsys.readouterr().err
    assert "--rows: expected at least 1,000, got 10" in told
    assert "--rounds: expected at least 1, got 0" in told


def test_bench_rules_measures_everybody(tmp_path, capsys):
    page = tmp_path / "figures.md"
    words = [
        "bench",
        "rules",
        "--rows",
        "4000",
        "--rounds",
        "1",
        "--calls",
        "100",
        "--out",
        str(page),
        "--json",
    ]
    assert run(words) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["calls_us"]) == {
        "policy, no rules", "policy, all rules", "inference, ONNX Runtime", "inference, flat",
        "one small rule", "one small rule, CEL",
    }  # fmt: skip
    assert len(figures["backtest_s"]) == 1
    assert "| policy, 1,000 live rules |" in page.read_text()
