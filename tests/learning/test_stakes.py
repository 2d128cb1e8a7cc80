"""Money at stake: which events are worth stopping, and the share of all losses that this saves."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.errors import UsageError
from sevenfold.learning.declaration import Learning
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.metrics import measure
from sevenfold.learning.money import money_by_threshold
from sevenfold.learning.splits import Prequential
from sevenfold.learning.stakes import Stakes

Y = np.array([1, 0, 1, 0, 0], dtype=np.int8)
SCORE = np.array([0.9, 0.6, 0.2, 0.05, 0.0])
STAKES = Stakes(np.array([100.0, 50, 10, 80, 30]), np.full(5, 8.0), "EUR")


def test_an_event_is_stopped_where_it_would_lose_more_than_it_costs_to_stop():
    assert STAKES.stopped(SCORE).tolist() == [True, True, False, False, False]
    assert STAKES.saved(Y, SCORE)[0] == pytest.approx((100 - 8) / 110)


def test_a_judge_that_knows_everything_saves_everything_and_one_that_stops_nothing_saves_nothing():
    assert STAKES.saved(Y, Y.astype(float))[0] == 1.0
    assert STAKES.saved(Y, np.zeros(5))[0] == 0.0
    assert np.isnan(STAKES.saved(np.zeros(5, dtype=np.int8), SCORE)[0]), "nothing could be saved"


def test_the_metric_has_an_interval_and_is_that_of_every_row_by_itself():
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.1).astype(np.int8)
    score = np.clip(0.1 + 0.5 * y + rng.normal(0, 0.2, 4000), 0, 1)
    stakes = Stakes(rng.lognormal(3, 1, 4000), np.full(4000, 5.0))
    found = measure(y, score, stakes=stakes, replicates=300)["money_saved"]
    stopped = [s * a > (1 - s) * b for s, a, b in zip(score, stakes.loss, stakes.alarm, strict=True)]
    gain = sum(
        (a if truth else -b)
        for truth, stop, a, b in zip(y, stopped, stakes.loss, stakes.alarm, strict=True)
        if stop
    )
    assert found.value == pytest.approx(gain / stakes.loss[y == 1].sum())
    low, high = found.estimate().low, found.estimate().high
    assert low < found.value < high < low + 0.2
    by_row = []
    for _ in range(300):
        weight = rng.poisson(1.0, 4000)
        kept = np.repeat(np.arange(4000), weight)
        by_row.append(stakes.take(kept).saved(y[kept], score[kept])[0])
    assert found.replicates.std() == pytest.approx(np.std(by_row), rel=0.2)


def test_stakes_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="must be of one length"):
        Stakes(np.ones(3), np.ones(2))
    with pytest.raises(UsageError, match="zero or more, and never missing"):
        Stakes(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(UsageError, match="There are 5 labels and 2 stakes"):
        measure(Y, SCORE, stakes=Stakes(np.ones(2), np.ones(2)))


def test_a_candidate_can_be_chosen_by_money_where_there_is_any(world):
    learning = Learning(
        candidates=(LogisticRegression(), LogisticRegression(name="held back", strength=1e-6)),
        folds=Prequential(test="10d"),
        choose_by="money_saved",
        replicates=20,
    )
    labels = Labels.of(world.times, world.y, "5d")
    amount = world.features["amount"].to_numpy()
    stakes = Stakes(amount, np.full(len(amount), 2.0), "EUR")
    evaluation = evaluate_folds(world.features, world.times, labels, learning, stakes=stakes)
    assert evaluation.best.candidate.name == "logistic regression"
    assert 0 < evaluation.best.mean["money_saved"].value < 1
    assert evaluation.best.unit == "EUR"
    (fold,) = evaluation.best.folds
    curve = evaluation.best.money
    assert curve.at_stake == pytest.approx(amount[fold.rows][fold.y == 1].sum())
    assert curve.saved.max() == money_by_threshold(fold.y, fold.score, amount[fold.rows], 2.0).saved.max()
    with pytest.raises(UsageError, match="choose_by: expected what mistakes cost, got nothing"):
        evaluate_folds(world.features, world.times, labels, learning)
    with pytest.raises(UsageError, match="stakes: expected 3,000 rows, got 2"):
        evaluate_folds(world.features, world.times, labels, learning, stakes=Stakes(np.ones(2), np.ones(2)))
