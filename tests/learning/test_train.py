from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import DataError, DesignError, UsageError
from sevenfold.learning.bundle import load_bundle
from sevenfold.learning.declaration import Learning
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.splits import Prequential
from sevenfold.learning.train import train
from sevenfold.learning.xgboost import XGBoost

DAY = 86_400_000
FOLDS = Prequential(train="20d", delay="5d", test="7d", folds=2)
LEARNING = Learning(
    candidates=(LogisticRegression(), XGBoost(trees=60)),
    folds=FOLDS,
    entity="card",
    review_per_day=5,
    replicates=20,
    min_category_rows=5,
    threads=1,
)


def run(world, learning=LEARNING, **changes):
    given = {"entities": world.entities, **changes}
    return train(world.features, world.times, world.y, learning, **given)


def evaluate(world, learning=LEARNING, **changes):
    given = {"features": world.features, "times": world.times, "labels": world.y, **changes}
    return evaluate_folds(learning=learning, **{"entities": world.entities, **given})


@pytest.fixture(scope="module")
def result(world):
    return run(world)


def test_it_measures_every_candidate_on_every_fold(result):
    table = result.evaluation.table()
    assert table["candidate"].unique().sort().to_list() == ["logistic regression", "xgboost"]
    assert set(table["metric"]) == set(LEARNING.metrics)
    auc = table.filter(pl.col("metric") == "roc_auc")
    assert (auc["mean"] > 0.75).all()
    assert (auc["low"] < auc["mean"]).all()
    assert (auc["mean"] < auc["high"]).all()


def test_it_chooses_by_the_declared_metric(result, world):
    means = {r.candidate.name: r.mean["average_precision"].value for r in result.evaluation.results}
    assert result.chosen.candidate.name == max(means, key=means.get)
    by_loss = evaluate(world, replace(LEARNING, choose_by="log_loss"))
    losses = {r.candidate.name: r.mean["log_loss"].value for r in by_loss.results}
    assert by_loss.best.candidate.name == min(losses, key=losses.get)


def test_the_final_model_learns_from_the_newest_matured_period(result, world):
    assert result.end == world.times.max() + 1
    assert result.end - result.start == 20 * DAY
    within = (world.times >= result.start) & (world.times < result.end)
    assert result.rows == within.sum()
    assert result.positives == world.y[within].sum()
    assert result.onnx_difference <= 1e-6
    assert result.costs.row_us > 0


def test_early_stopping_is_settled_in_the_final_model(world):
    chosen = run(world, replace(LEARNING, candidates=(XGBoost(trees=300, rate=0.3),))).candidate
    assert chosen.early_stopping is None
    assert 1 <= chosen.trees < 300


def test_the_same_training_gives_the_same_bundle(world, result, tmp_path):
    again = run(world)
    saved = [r.save(tmp_path / str(i), program={"v": 1}, origin={}) for i, r in enumerate((result, again))]
    assert saved[0].id == saved[1].id
    other = run(world, replace(LEARNING, seed=8))
    assert other.save(tmp_path, program={"v": 1}, origin={}).id != saved[0].id


def test_a_saved_model_scores_like_the_trained_one(world, result, tmp_path):
    saved = result.save(
        tmp_path, program={"features": ["amount"]}, origin={"design": "test"}, record={"created_at": "now"}
    )
    bundle = load_bundle(saved.path)
    assert bundle.metadata["design"] == "test"
    assert bundle.metadata["candidate"]["kind"] in ("LogisticRegression", "XGBoost")
    assert bundle.metadata["training"]["rows"] == result.rows
    assert set(bundle.metadata["compared"]) == {"logistic regression", "xgboost"}
    assert bundle.metadata["versions"]["onnxruntime"]
    assert bundle.record["created_at"] == "now"
    assert bundle.record["costs"]["bytes"] == len(bundle.model)
    expected = result.model.predict(result.encoding.encode(world.features))
    np.testing.assert_allclose(bundle.scorer().score_frame(world.features), expected, atol=1e-6)


def test_labels_that_came_later_have_no_influence(world):
    labels = Labels.of(world.times, world.y, "5d")
    honest = evaluate(world, labels=labels)
    late = honest.results[0].folds[0].fold.test_start
    flipped = np.where(world.times + 5 * DAY > late, 1 - world.y, world.y)
    changed = evaluate(world, labels=Labels.of(world.times, flipped, "5d"))
    for before, after in zip(honest.results, changed.results, strict=True):
        np.testing.assert_array_equal(before.folds[0].score, after.folds[0].score)


def test_features_of_the_test_have_no_influence_on_training(world):
    honest = evaluate(world)
    last = honest.results[0].folds[0].fold.test_start
    amount = pl.when(pl.Series(world.times) >= last).then(pl.col("amount") * 3).otherwise(pl.col("amount"))
    changed = evaluate(world, features=world.features.with_columns(amount))
    for before, after in zip(honest.results, changed.results, strict=True):
        assert before.folds[0].train_rows == after.folds[0].train_rows
        assert (before.folds[0].score != after.folds[0].score).any()


def test_unmatured_events_are_not_learned_from(world):
    """Labels need 9 days, the gap is 5: the youngest 4 days of each training period are not used."""
    labels = Labels.of(world.times, world.y, "9d")
    for fold in evaluate(world, labels=labels).results[0].folds:
        usable = (world.times >= fold.fold.train_start) & (world.times <= fold.fold.test_start - 9 * DAY)
        assert fold.train_rows == usable.sum()


def test_entities_known_as_positive_are_left_out_of_the_test(world):
    learning = replace(LEARNING, folds=replace(FOLDS, leave_out_known="card"))
    fold = evaluate(world, learning).results[0].folds[0]
    card = world.entities["card"].to_numpy()
    kept = []
    for row in range(len(card)):
        if not fold.fold.test_start <= world.times[row] < fold.fold.test_end:
            continue
        day = fold.fold.test_start + (world.times[row] - fold.fold.test_start) // DAY * DAY
        earlier = (card == card[row]) & (world.y == 1) & (world.times >= fold.fold.train_start)
        if not (world.times[earlier] + 5 * DAY < day).any():
            kept.append(row)
    assert fold.left_out > 0
    np.testing.assert_array_equal(fold.rows, kept)


def test_a_missing_entity_is_nobody(world):
    learning = replace(LEARNING, folds=replace(FOLDS, leave_out_known="card"))
    nobody = pl.DataFrame({"card": pl.Series([None] * len(world.times), dtype=pl.Int64)})
    fold = evaluate(world, learning, entities=nobody).results[0].folds[0]
    assert fold.left_out == 0
    assert np.isnan(fold.metrics["entity_precision_at_5"].value)


@pytest.mark.parametrize("calibration", ["isotonic", "platt"])
def test_calibration_improves_a_score_that_is_off(world, calibration, tmp_path):
    """A shallow forest never dares a high score."""
    off = RandomForest(trees=30, depth=3, min_leaf=30)
    plain = Learning(candidates=(off,), folds=FOLDS, replicates=2, threads=1, min_category_rows=5)
    before = run(world, plain).chosen.mean
    learned = run(world, replace(plain, calibration=calibration))
    after = learned.chosen.mean
    assert after["calibration_error"].value < before["calibration_error"].value
    assert after["brier"].value < before["brier"].value
    assert after["roc_auc"].value == pytest.approx(before["roc_auc"].value, abs=0.05)
    bundle = learned.save(tmp_path, program={}, origin={})
    X = learned.encoding.encode(world.features)
    np.testing.assert_allclose(bundle.scorer().score(X), learned.model.predict(X), atol=1e-6)
    assert learned.importance()


def test_progress_is_told_from_the_first_step_to_the_last(world):
    told = []
    run(world, progress=lambda done, total, what: told.append((done, total, what)))
    assert [done for done, _, _ in told] == list(range(7))
    assert {total for _, total, _ in told} == {6}
    assert told[0][2] == "logistic regression, fold 1 of 2"
    assert told[-1][2] == "trained"
    told.clear()
    evaluate(world, progress=lambda done, total, what: told.append((done, total, what)))
    assert told[-1] == (4, 4, "evaluated")


def test_useless_features_are_named(result):
    assert result.notes == (
        "Features that are always missing in the training period: missing.",
        "Features that are always the same in the training period: constant.",
    )


def test_a_test_period_without_positives_is_noted_and_left_out_of_the_mean(world):
    first, second = (f.fold for f in evaluate(world).results[0].folds)
    quiet = np.where((world.times >= second.test_start) & (world.times < second.test_end), 0, world.y)
    evaluation = evaluate(world, labels=quiet)
    for candidate in evaluation.results:
        assert np.isnan(candidate.folds[1].metrics["roc_auc"].value)
        assert candidate.mean["roc_auc"].value == candidate.folds[0].metrics["roc_auc"].value
        assert candidate.spread["roc_auc"] == 0.0
    assert len(evaluation.notes) == 1
    assert evaluation.notes[0].startswith(f"{second} has no positive among ")
    assert first.number == 1


def test_no_test_period_with_positives_leaves_nothing_to_choose_by(world):
    start = evaluate(world).results[0].folds[0].fold.test_start
    quiet = np.where(world.times >= start, 0, world.y)
    with pytest.raises(DataError) as error:
        train(world.features, world.times, quiet, LEARNING, entities=world.entities)
    assert str(error.value) == (
        "No candidate can be chosen.\n"
        "  - average_precision: expected a fold in which it can be measured,"
        " got no test period with both classes"
    )


def test_test_rows_without_a_final_label_are_left_out_and_noted(world):
    second = evaluate(world).results[0].folds[1].fold
    doubtful = np.where(world.times >= second.test_end - DAY, -1, world.y)
    doubtful[-1] = 0
    fold = evaluate(world, labels=doubtful)
    (result,) = (f for f in fold.results[0].folds if f.unknown)
    assert result.unknown == ((world.times >= second.test_end - DAY) & (world.times < second.test_end)).sum()
    assert fold.notes == (f"{second} leaves out {result.unknown} test rows whose labels are not final yet.",)


def test_an_empty_test_period_is_noted(world):
    first, second = (f.fold for f in evaluate(world).results[0].folds)
    kept = (world.times < first.test_start) | (world.times >= first.test_end)
    assert kept[world.times >= second.test_start].all()
    evaluation = evaluate_folds(
        world.features.filter(kept),
        world.times[kept],
        world.y[kept],
        LEARNING,
        entities=world.entities.filter(kept),
    )
    assert evaluation.notes == (f"{first} has no test rows, so nothing is measured in it.",)
    assert np.isnan(evaluation.results[0].folds[0].metrics["brier"].value)
    assert np.isfinite(evaluation.results[0].mean["brier"].value)


def test_one_class_is_an_error_that_names_the_fold(world):
    for label, said in ((0, "no positive"), (1, "only positives")):
        with pytest.raises(DataError) as error:
            evaluate(world, labels=np.full(len(world.y), label))
        assert "A model needs both classes to learn from." in str(error.value)
        assert f"expected positives and negatives, got {said} among" in str(error.value)
        assert error.value.faults[0].where.startswith("fold 1 (train ")


def test_an_empty_training_period_is_an_error_that_names_the_fold(world):
    fold = evaluate(world).results[0].folds[0].fold
    kept = (world.times < fold.train_start) | (world.times >= fold.train_end)
    with pytest.raises(DataError, match=r"fold 1 .*: expected rows whose labels are known, got none"):
        evaluate_folds(
            world.features.filter(kept),
            world.times[kept],
            world.y[kept],
            LEARNING,
            entities=world.entities.filter(kept),
        )


def test_a_window_longer_than_the_history_is_an_error(world):
    with pytest.raises(DataError, match="The history is too short for these folds"):
        evaluate(world, replace(LEARNING, folds=replace(FOLDS, train="90d")))


def test_no_events_are_an_error():
    with pytest.raises(DataError, match="events old enough for a final label, got no events"):
        evaluate_folds(pl.DataFrame({"a": []}), [], [], Learning())


def test_labels_that_are_all_unknown_are_an_error(world):
    unknown = np.full(len(world.y), -1)
    with pytest.raises(DataError, match="got 3,000 events, none of them that old"):
        evaluate(world, labels=unknown)


def test_parts_that_do_not_belong_together_are_named(world):
    with pytest.raises(UsageError) as error:
        evaluate(world, features=world.features.head(10), entities=pl.DataFrame({"device": [1] * 10}))
    assert str(error.value) == (
        "Features, times, labels and entities don't belong together.\n"
        "  - times: expected 10 rows, got 3,000\n"
        "  - labels: expected 10 rows, got 3,000\n"
        "  - entities: expected a column 'card', got device"
    )


def test_labels_of_other_times_are_refused(world):
    with pytest.raises(UsageError, match="times: expected the times that the labels were made for"):
        evaluate(world, times=world.times + 1, labels=Labels.of(world.times, world.y))


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.UInt32])
def test_an_entity_may_be_text_a_category_or_a_number(world, dtype):
    learning = replace(
        LEARNING, candidates=(LogisticRegression(),), folds=replace(FOLDS, leave_out_known="card")
    )
    as_number = evaluate(world, learning).results[0]
    named = world.entities.select(pl.col("card").cast(pl.String).str.zfill(4).cast(dtype))
    result = evaluate(world, learning, entities=named).results[0]
    assert result.folds[0].left_out == as_number.folds[0].left_out
    name = "entity_precision_at_5"
    assert result.mean[name].value == as_number.mean[name].value


def test_too_few_positives_for_a_validation_period_are_an_error(world):
    start = evaluate(world).results[0].folds[0].fold.train_start
    one = np.zeros_like(world.y)
    one[np.searchsorted(world.times, start) + 5] = 1
    with pytest.raises(DataError) as error:
        evaluate(world, replace(LEARNING, candidates=(XGBoost(),)), labels=one)
    assert "There is too little to hold out a validation period." in str(error.value)
    assert "Train longer, or do without: early_stopping=None and calibration=None." in str(error.value)


def test_infinite_features_are_an_error(world):
    features = world.features.with_columns(amount=pl.lit(float("inf")))
    with pytest.raises(DataError, match="amount: expected finite numbers or null, got infinities"):
        evaluate(world, features=features)


def test_a_declaration_lists_every_fault():
    with pytest.raises(DesignError) as error:
        Learning(
            candidates=(XGBoost(), XGBoost()),
            choose_by="accuracy",
            calibration="magic",
            validation=1.0,
            replicates=0,
            false_positive_rates=(2.0,),
        )
    assert [f.where for f in error.value.faults] == [
        "candidates",
        "choose_by",
        "calibration",
        "validation",
        "replicates",
        "false_positive_rates",
    ]
    assert "candidates: expected names of their own, got 'xgboost' twice" in str(error.value)
    assert "It can be: roc_auc, average_precision, recall_at_fpr_2, log_loss" in str(error.value)
    with pytest.raises(DesignError, match="candidates: expected at least one, got none"):
        Learning(candidates=())


def test_a_declaration_describes_itself_as_plain_data():
    import json

    described = Learning(candidates=(LightGBM(because="fast"),), folds=FOLDS).describe()
    assert json.loads(json.dumps(described)) == described
    assert described["candidates"][0]["kind"] == "LightGBM"
    assert described["candidates"][0]["because"] == "fast"
    assert described["folds"]["train"] == "20d"
