"""Labels that are late, lost or never asked for: what is made of silence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import DesignError, UsageError
from sevenfold.learning.declaration import Learning
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.reporting import Reporting
from sevenfold.learning.silent import hidden_share
from sevenfold.learning.splits import Prequential
from sevenfold.learning.train import train

DAY = 86_400_000


def late_world(rows: int = 20_000, *, reported: float = 1.0, seed: int = 0):
    """Sixty days in which what makes an event positive changes after forty, with labels ten days late."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 60 * DAY, rows))
    old, new = rng.normal(size=rows), rng.normal(size=rows)
    pull = np.where(times < 35 * DAY, old, new)
    y = (rng.random(rows) < 1 / (1 + np.exp(3 - 2 * pull))).astype(np.int8)
    told = np.flatnonzero((y == 1) & (rng.random(rows) < reported))
    delay = rng.exponential(8 * DAY, len(told)).astype(np.int64)
    labels = Labels(times, times + 30 * DAY, told, np.ones(len(told), np.int8), times[told] + delay)
    return pl.DataFrame({"old": old, "new": new}), times, y, labels


def test_delays_are_learned_from_what_could_have_been_seen():
    """Exponential with a mean of 8 days, seen at day 60: the plain share of delays seen would be too high."""
    *_, labels = late_world(60_000)
    reporting = Reporting.learn(labels, 60 * DAY)
    for days in (2, 8, 20):
        assert reporting.by(np.array([days * DAY]))[0] == pytest.approx(1 - np.exp(-days / 8), abs=0.03)
    assert reporting.by(np.array([0, 10_000 * DAY])).tolist() == [0.0, 1.0]
    assert (np.diff(reporting.chance) >= 0).all()


def test_without_any_report_nothing_was_ever_heard():
    labels = Labels.of([0, DAY], [0, 0], "1d")
    assert Reporting.learn(labels, 9 * DAY).by(np.array([5 * DAY])).tolist() == [0.0]


def test_the_hidden_share_is_bayes_rule():
    rng = np.random.default_rng(1)
    positive = rng.random(400_000) < 0.2
    silent = ~(positive & (rng.random(400_000) < 0.6))
    expected = positive[silent].mean()
    assert hidden_share(np.array([0.2]), np.array([0.6]))[0] == pytest.approx(expected, abs=0.003)


def evaluate(learning, *, passed=None, reported=1.0):
    features, times, y, labels = late_world(reported=reported)
    truth = Labels(times, labels.matured_at, labels.row, labels.value, labels.known_at)
    evaluation = evaluate_folds(
        features, times, truth, learning, as_of=int(times.max()) + 100 * DAY, passed=passed
    )
    (fold,) = evaluation.results[0].folds
    return fold, y[fold.rows]


def learned(young, **more):
    return Learning(
        candidates=(LogisticRegression(),),
        folds=Prequential(test="5d", first_test="1970-02-25"),
        young=young,
        replicates=2,
        **more,
    )


def test_a_change_is_learned_before_its_labels_are_final_and_scores_stay_probabilities():
    precision, bias = {}, {}
    for young in ("wait", "negative", "expected"):
        fold, y = evaluate(learned(young))
        precision[young] = fold.metrics["average_precision"].value
        bias[young] = fold.score.mean() / y.mean()
    assert precision["expected"] > precision["wait"] + 0.04, "waiting knows nothing of the change"
    assert bias["negative"] < 0.9, "silence taken for innocence: scores are too low"
    assert bias["expected"] == pytest.approx(1.0, abs=0.1)


def test_what_is_never_reported_is_made_up_for():
    """Half of the positives never come to light; the truth is what scores are compared with."""
    bias = {}
    for reported in (1.0, 0.5):
        fold, y = evaluate(learned("expected", reported=reported), reported=0.5)
        bias[reported] = fold.score.mean() / y.mean()
    assert bias[1.0] < 0.65
    assert bias[0.5] > bias[1.0] + 0.2


def test_rows_that_were_blocked_are_made_up_for_by_those_let_through():
    """Nine of ten events above a threshold are blocked: the others stand for them."""
    features, *_ = late_world()
    passed = np.where(features["new"].to_numpy() > 1.0, 0.1, 1.0)
    drawn = np.where(np.random.default_rng(5).random(len(passed)) < passed, passed, 0.0)
    whole, _ = evaluate(learned("expected"))
    weighted, _ = evaluate(learned("expected"), passed=drawn)
    blind, y = evaluate(learned("expected"), passed=(drawn > 0).astype(float))
    assert weighted.train_rows == blind.train_rows < whole.train_rows
    assert abs(weighted.score.mean() / y.mean() - 1) < 0.15
    assert weighted.metrics["log_loss"].value <= blind.metrics["log_loss"].value + 0.005


def test_every_choice_reaches_the_model_that_is_trained_last():
    features, times, _, labels = late_world(6_000)
    scores = {}
    for young in ("wait", "expected"):
        learning = Learning(
            candidates=(LogisticRegression(),),
            folds=Prequential(test="5d"),
            young=young,
            replicates=2,
        )
        result = train(features, times, labels, learning, as_of=75 * DAY)
        scores[young] = result.model.predict(features.to_numpy())
    assert not np.array_equal(scores["wait"], scores["expected"])


def test_a_share_of_the_negatives_gives_the_same_probabilities():
    whole, _ = evaluate(learned("wait"))
    part, _ = evaluate(learned("wait", negatives=0.3))
    assert part.train_rows < whole.train_rows * 0.5
    assert part.train_positives == whole.train_positives
    assert part.score.mean() == pytest.approx(whole.score.mean(), rel=0.05)


def test_choices_that_make_no_sense_are_refused():
    with pytest.raises(DesignError) as error:
        Learning(young="never", reported=0.0, negatives=2.0)  # type: ignore[arg-type]
    assert "young: expected 'wait' or 'expected' or 'negative', got 'never'" in str(error.value)
    assert "reported: expected above 0, at most 1, got 0.0" in str(error.value)
    assert "negatives: expected above 0, at most 1, got 2.0" in str(error.value)
    features, times, _, labels = late_world(500)
    with pytest.raises(UsageError, match="passed: expected chances from 0 to 1, got others"):
        evaluate_folds(features, times, labels, learned("wait"), passed=np.full(500, 2.0))
