"""Rows that stand for others: figures with weights are those of the rows repeated, and right on average."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.errors import UsageError
from sevenfold.learning.metrics import measure
from sevenfold.learning.stakes import Stakes


def world(rows: int = 3_000, seed: int = 3):
    """Scores that are probabilities, labels drawn by them, and stakes."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.5, 6.0, rows).round(3)
    y = (rng.random(rows) < score).astype(np.int8)
    return y, score, Stakes(rng.lognormal(3, 1, rows), np.full(rows, 5.0))


def test_whole_weights_are_repeated_rows():
    y, score, stakes = world()
    weight = np.random.default_rng(1).choice([1.0, 2.0, 5.0], len(y), p=[0.9, 0.05, 0.05])
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    weighted = measure(y, score, stakes=stakes, weight=weight, replicates=2)
    plain = measure(y[repeated], score[repeated], stakes=stakes.take(repeated), replicates=2)
    for name, figure in weighted.items():
        # Bins of equally many rows are not bins of equal weight.
        tolerance = 0.01 if name == "calibration_error" else 1e-9
        assert figure.value == pytest.approx(plain[name].value, abs=tolerance), name


def test_weights_of_one_are_no_weights():
    y, score, stakes = world()
    weighted = measure(y, score, stakes=stakes, weight=np.ones(len(y)), replicates=20)
    plain = measure(y, score, stakes=stakes, replicates=20)
    for name, figure in weighted.items():
        assert figure.value == plain[name].value
        np.testing.assert_allclose(figure.replicates, plain[name].replicates)


def test_a_control_group_stands_for_what_was_blocked():
    """Events that score high are mostly blocked: with weights, figures are those of all events."""
    y, score, stakes = world(40_000)
    chance = np.where(score > 0.2, 0.25, 1.0)
    truth = measure(y, score, stakes=stakes, replicates=2)
    off: dict[str, list[float]] = {}
    covered: dict[str, int] = {}
    for seed in range(12):
        seen = np.random.default_rng(seed).random(len(y)) < chance
        found = measure(
            y[seen], score[seen], stakes=stakes.take(seen), weight=1 / chance[seen], replicates=100, seed=seed
        )
        for name, figure in found.items():
            off.setdefault(name, []).append(figure.value - truth[name].value)
            interval = figure.estimate()
            covered[name] = covered.get(name, 0) + (interval.low <= truth[name].value <= interval.high)
    for name in ("roc_auc", "average_precision", "log_loss", "brier", "money_saved"):
        error = np.array(off[name])
        assert abs(error.mean()) < 3 * error.std(ddof=1) / np.sqrt(len(error)), f"{name} is biased"
        assert covered[name] >= 10, name
    blind = measure(y[score <= 0.2], score[score <= 0.2], replicates=2)
    assert abs(blind["average_precision"].value - truth["average_precision"].value) > 0.1


def test_weights_that_make_no_sense():
    y, score, _ = world(10)
    with pytest.raises(UsageError, match="above 0, one for each of 10 labels"):
        measure(y, score, weight=np.zeros(10))
