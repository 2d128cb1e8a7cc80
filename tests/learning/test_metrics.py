import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from sevenfold.errors import DataError, UsageError
from sevenfold.learning.entity_precision import entity_precision_at_k, rank_days
from sevenfold.learning.metrics import Estimate, Measured, mean_of, measure, title
from sevenfold.learning.ranking import Groups


def scores(rows: int, share: float, seed: int = 0, decimals: int = 8):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(np.int8)
    y[:2] = 0, 1
    return y, np.round(1 / (1 + np.exp(2 - y - rng.normal(size=rows))), decimals)


@pytest.mark.parametrize("decimals", [1, 2, 8])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_every_metric_equals_scikit_learns(share, decimals):
    y, s = scores(3000, share, decimals=decimals)
    found = {name: m.value for name, m in measure(y, s, false_positive_rates=(0.01, 0.1)).items()}
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(y, s))
    assert found["average_precision"] == pytest.approx(reference.average_precision_score(y, s))
    assert found["log_loss"] == pytest.approx(reference.log_loss(y, s, labels=[0, 1]), rel=1e-6)
    assert found["brier"] == pytest.approx(reference.brier_score_loss(y, s))
    false_positives, recalls, _ = reference.roc_curve(y, s, drop_intermediate=False)
    for rate in (0.01, 0.1):
        assert found[f"recall_at_fpr_{rate:g}"] == pytest.approx(recalls[false_positives <= rate].max())


def test_replicates_are_those_of_a_bootstrap_over_rows():
    """Grouped by rank or row by row: the same distribution of ROC AUC and average precision."""
    y, s = scores(400, 0.1, decimals=2)
    rng = np.random.default_rng(1)
    found = measure(y, s, replicates=2000)
    by_row = {"roc_auc": [], "average_precision": [], "brier": []}
    for _ in range(600):
        weight = rng.poisson(1.0, len(y))
        by_row["roc_auc"].append(reference.roc_auc_score(y, s, sample_weight=weight))
        by_row["average_precision"].append(reference.average_precision_score(y, s, sample_weight=weight))
        by_row["brier"].append(np.average((s - y) ** 2, weights=weight))
    for name, values in by_row.items():
        assert found[name].replicates.mean() == pytest.approx(np.mean(values), rel=0.02)
        assert found[name].replicates.std() == pytest.approx(np.std(values), rel=0.15)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """AUC of two unit normals a distance of 1 apart is 0.7602; 200 intervals of 90 % were drawn."""
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(200):
        y = (np.arange(600) < 120).astype(np.int8)
        s = 1 / (1 + np.exp(-(rng.normal(size=600) + y)))
        e = measure(y, s, replicates=100, seed=seed)["roc_auc"].estimate(0.9)
        covered += e.low <= 0.7602499 <= e.high
    assert 165 <= covered <= 195


def test_the_same_seed_gives_the_same_interval():
    y, s = scores(500, 0.1)
    a, b, c = (measure(y, s, seed=seed)["brier"].estimate() for seed in (1, 1, 2))
    assert a == b != c


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_leaves_ranking_unmeasured_and_losses_measured(label):
    y, s = np.full(50, label, dtype=np.int8), np.linspace(0.1, 0.9, 50)
    found = measure(y, s)
    assert np.isnan(found["roc_auc"].value)
    assert found["roc_auc"].estimate().to_json() == {"value": None, "low": None, "high": None}
    assert str(found["roc_auc"].estimate()) == "not measurable"
    assert np.isfinite(found["brier"].value)
    if label == 0:
        assert np.isnan(found["average_precision"].value)
    else:
        assert np.isnan(found["recall_at_fpr_0.01"].value)


def test_no_rows_leave_everything_unmeasured():
    found = measure([], [], entity=[], day=np.empty(0, int), k=5)
    assert len(found) == 8
    assert all(np.isnan(m.value) and np.isnan(m.estimate().low) for m in found.values())


def test_a_perfect_and_a_useless_score():
    y = np.array([0, 0, 0, 1], dtype=np.int8)
    perfect = measure(y, [0.1, 0.2, 0.3, 0.9])
    assert perfect["roc_auc"].value == perfect["average_precision"].value == 1.0
    useless = measure(y, [0.5] * 4)
    assert useless["roc_auc"].value == 0.5
    assert useless["average_precision"].value == 0.25
    assert useless["recall_at_fpr_0.01"].value == 0.0


def test_certain_and_wrong_is_a_finite_loss():
    assert np.isfinite(measure([0, 1], [1.0, 0.0])["log_loss"].value)


def test_a_calibrated_score_has_a_small_calibration_error():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(np.int8)
    assert measure(y, p)["calibration_error"].value < 0.02
    assert measure(y, p**3)["calibration_error"].value > 0.2


def test_wrong_input_is_refused():
    with pytest.raises(DataError, match="0 or 1; leave out rows whose label is not known"):
        measure([0, 1, -1], [0.1, 0.2, 0.3])
    with pytest.raises(DataError, match="from 0 to 1, and never missing"):
        measure([0, 1], [0.1, np.nan])
    with pytest.raises(UsageError, match=r"\(2,\) and scores \(3,\)"):
        measure([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(UsageError, match="the entity and the day"):
        measure([0, 1], [0.1, 0.2], k=5)


def book_precision(y, score, entity, day, k):
    """The Handbook's Card Precision@k in plain Python, for days of at least k entities and without ties."""
    caught, shares = set(), []
    for d in sorted(set(day)):
        best = {}
        for e, s, label, at in zip(entity, score, y, day, strict=True):
            if at == d and e not in caught:
                top, hit = best.get(e, (-1.0, False))
                best[e] = (max(top, s), hit or label == 1)
        ranked = sorted(best.items(), key=lambda pair: (-pair[1][0], pair[0]))[:k]
        hits = {e for e, (_, hit) in ranked if hit}
        caught |= hits
        if ranked:
            shares.append(len(hits) / len(ranked))
    return float(np.mean(shares))


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 8), st.integers(0, 3)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 4),
)
def test_entity_precision_equals_the_books(rows, k):
    y, score, entity, day = (np.array(column) for column in zip(*rows, strict=True))
    days = rank_days(y.astype(np.int8), score / 20, entity, day)
    assert entity_precision_at_k(days, k)[0] == pytest.approx(book_precision(y, score, entity, day, k))


def test_entity_precision_of_weighted_entities_counts_copies():
    days = rank_days(np.array([1, 0, 0], np.int8), np.array([0.9, 0.8, 0.7]), np.arange(3), np.zeros(3, int))
    weight = np.array([[1.0, 1, 1], [2, 1, 1], [0, 1, 1], [3, 0, 0]])
    np.testing.assert_allclose(entity_precision_at_k(days, 2, weight), [0.5, 1.0, 0.0, 1.0])


def test_a_row_without_an_entity_is_left_out_of_entity_precision():
    y, s, day = np.array([1, 0, 1]), np.array([0.9, 0.8, 0.1]), np.zeros(3, int)
    entity = pl.Series([None, "b", "c"])
    assert measure(y, s, entity=entity, day=day, k=1)["entity_precision_at_1"].value == 0.0
    assert measure(y, s, entity=entity, day=day, k=2)["entity_precision_at_2"].value == 0.5


def test_many_entities_stay_within_memory():
    rng = np.random.default_rng(0)
    rows = 30_000
    y, s = scores(rows, 0.02)
    found = measure(y, s, entity=np.arange(rows), day=rng.integers(0, 7, rows), k=10, replicates=300)
    assert len(found["entity_precision_at_10"].replicates) == 300


def test_folds_that_cannot_be_measured_are_left_out_of_the_mean():
    known, unknown = Measured(0.5, np.array([0.4, 0.6])), Measured(np.nan, np.full(2, np.nan))
    mean = mean_of([known, unknown, Measured(0.7, np.array([0.8, 0.6]))])
    assert mean.value == pytest.approx(0.6)
    np.testing.assert_allclose(mean.replicates, [0.6, 0.6])
    assert np.isnan(mean_of([unknown]).value)


def test_groups_keep_every_row():
    y, s = scores(1000, 0.05, decimals=2)
    groups = Groups.of(y, s)
    assert groups.positives.sum() == y.sum()
    assert groups.negatives.sum() == len(y) - y.sum()
    assert groups.positives.shape[1] <= 2 * y.sum() + 1


def test_names_for_people():
    assert title("roc_auc") == "ROC AUC"
    assert title("average_precision") == "average precision"
    assert title("recall_at_fpr_0.01") == "recall at 1 % false positives"
    assert title("entity_precision_at_100", "customer") == "customer precision@100"
    assert str(Estimate(0.5, 0.4, 0.6)) == "0.500 (0.400 to 0.600)"
