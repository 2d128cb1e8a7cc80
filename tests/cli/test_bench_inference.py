"""The benchmark of inference runs, compares answers before it times them, and writes its page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sevenfold.cli import bench_inference
from sevenfold.cli.front import run
from sevenfold.errors import BundleError
from sevenfold.learning.flat.bench import measure


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bench_inference, "_TREES", 3)
    monkeypatch.setattr(measure, "TRAINING_ROWS", 1500)


def test_bench_inference_measures_everybody(small, tmp_path, capsys):
    page = tmp_path / "figures.md"
    words = ["bench", "inference", "--rows", "20000", "--rounds", "1", "--calls", "100"]
    assert run([*words, "--out", str(page), "--json"]) == 0
    ratios = json.loads(capsys.readouterr().out)["ratios"]
    libraries = {
        "XGBoost, 3 trees of depth 6": "XGBoost",
        "LightGBM, 3 trees of 31 leaves": "LightGBM",
        "random forest, 3 trees of depth 10": "scikit-learn",
        "logistic regression": "numpy",
    }
    wanted = {
        f"{model}, {what}, {by}"
        for model, library in libraries.items()
        for what in ("score", "table")
        for by in ("ONNX Runtime", library)
    }
    wanted |= {f"{model}, explain, {by}" for model, by in libraries.items() if by in ("XGBoost", "LightGBM")}
    assert set(ratios) == wanted
    text = page.read_text()
    assert "| logistic regression | score one row | ONNX Runtime |" in text
    assert "How this is biased" in text


def test_bench_inference_refuses_what_cannot_be_measured(capsys):
    assert run(["bench", "inference", "--calls", "1"]) == 2
    assert "--calls: expected at least 100, got 1" in capsys.readouterr().err


def test_nothing_is_timed_where_two_forms_disagree():
    with pytest.raises(BundleError, match=r"Two forms of a model do not agree; nothing was timed\."):
        measure._agree("one", "score", np.zeros(3), np.ones(3))
