"""The contract that every candidate keeps; a new one only has to join the list."""

import sys
from dataclasses import replace

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import numpy_helper

from sevenfold.errors import BundleError, DataError, MissingExtraError
from sevenfold.learning.candidate import Model, Table, positive_weight
from sevenfold.learning.costs import check_export, costs_of
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.extra import require
from sevenfold.learning.fitting import Fitted, check_table
from sevenfold.learning.graph import export
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost

CANDIDATES = [
    LogisticRegression(),
    XGBoost(trees=60, early_stopping=None),
    XGBoost(trees=60, depth=3, method="exact", base_score=0.5, early_stopping=None, name="xgboost exact"),
    LightGBM(trees=40, early_stopping=None),
    RandomForest(trees=15, depth=8),
]
BOOSTED = [XGBoost(trees=200, rate=0.5), LightGBM(trees=200, rate=0.5)]
every = pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.name)


def fit(candidate, table) -> Model:
    return candidate.fit(table, seed=1, threads=1)


def scored(model: Model, table: Table, X: np.ndarray) -> np.ndarray:
    return Scorer(export(model, len(table.encoding)), table.encoding).score(X)


def test_the_list_is_not_empty():
    assert {type(c) for c in CANDIDATES} == {LogisticRegression, XGBoost, LightGBM, RandomForest}


@every
def test_it_learns(candidate, table):
    p = fit(candidate, table).predict(table.X)
    assert p.shape == (len(table),)
    assert p.dtype == np.float64
    assert p[table.y == 1].mean() > 4 * p[table.y == 0].mean()
    assert p.mean() == pytest.approx(table.y.mean(), abs=0.01)


@every
def test_onnx_agrees_on_random_rows(candidate, table):
    model = fit(candidate, table)
    rng = np.random.default_rng(0)
    X = table.X[rng.integers(0, len(table), 4000)] * rng.normal(1, 0.2, (4000, 1))
    X[rng.random(X.shape) < 0.2] = np.nan
    country = table.encoding.names.index("country")
    X[:, country] = rng.choice([0, 1, 2, 3, np.nan], 4000)
    np.testing.assert_allclose(scored(model, table, X), model.predict(X), atol=1e-6, rtol=0)


@every
def test_onnx_agrees_at_the_thresholds_and_beside_them(candidate, table):
    """Float32 rounding decides the branch at a threshold: the graph has to round where the library does."""
    model = fit(candidate, table)
    rng = np.random.default_rng(0)
    X = table.X[rng.integers(0, len(table), 6000)].copy()
    for feature, thresholds in thresholds_of(export(model, len(table.encoding))).items():
        if table.encoding.columns[feature].categories is None:
            X[:, feature] = beside(thresholds, len(X), rng)
    np.testing.assert_allclose(scored(model, table, X), model.predict(X), atol=1e-6, rtol=0)


def thresholds_of(model: bytes) -> dict[int, np.ndarray]:
    found = {}
    for node in onnx.load_from_string(model).graph.node:
        if node.op_type == "TreeEnsembleRegressor":
            attributes = {a.name: a for a in node.attribute}
            values = numpy_helper.to_array(attributes["nodes_values_as_tensor"].t)
            features = np.array(attributes["nodes_featureids"].ints)
            asks = np.array([mode != b"LEAF" for mode in attributes["nodes_modes"].strings])
            found = {f: values[asks & (features == f)] for f in np.unique(features[asks])}
            assert sum(map(len, found.values())) > 50
    return found


def beside(thresholds: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    # scikit-learn asks "is it there?" by comparing with infinity.
    t = rng.choice(thresholds[np.isfinite(thresholds)], rows)
    narrow = t.astype(np.float32)
    up, down = (np.nextafter(narrow, np.float32(to)).astype(np.float64) for to in (np.inf, -np.inf))
    choices = [t, np.nextafter(t, np.inf), np.nextafter(t, -np.inf), up, down, (t + up) / 2, (t + down) / 2]
    return np.choose(rng.integers(0, len(choices), rows), choices)


@every
def test_a_never_seen_category_is_another_value_and_a_gap_is_missing(candidate, table, world):
    model = fit(candidate, table)
    scorer = Scorer(export(model, len(table.encoding)), table.encoding)
    rows = world.features.head(40)
    unseen = rows.with_columns(country=pl.lit("ZZ"))
    gone = rows.with_columns(country=pl.lit(None, dtype=pl.String))
    for frame in (unseen, gone):
        np.testing.assert_allclose(
            scorer.score_frame(frame), model.predict(table.encoding.encode(frame)), atol=1e-6
        )
        by_row = [scorer.score_row(row) for row in frame.iter_rows(named=True)]
        np.testing.assert_allclose(by_row, scorer.score_frame(frame), atol=1e-6)


@every
def test_a_missing_value_where_training_had_none(candidate, table):
    model = fit(candidate, table)
    X = np.full((1, len(table.encoding)), np.nan)
    np.testing.assert_allclose(scored(model, table, X), model.predict(X), atol=1e-6)
    assert 0 <= model.predict(X)[0] <= 1


@every
def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(candidate, table):
    first = export(fit(candidate, table), 8)
    assert export(fit(candidate, table), 8) == first
    assert export(candidate.fit(table, seed=1, threads=2), 8) == first


def test_another_seed_gives_another_forest(table):
    candidate = RandomForest(trees=5, depth=4)
    assert export(candidate.fit(table, seed=1, threads=1), 8) != export(
        candidate.fit(table, seed=2, threads=1), 8
    )


@every
def test_predicting_is_pure(candidate, table):
    model = fit(candidate, table)
    X = table.X.copy()
    first = model.predict(X)
    np.testing.assert_array_equal(X, table.X)
    np.testing.assert_array_equal(model.predict(X), first)
    np.testing.assert_array_equal(model.predict(X[7:8]), first[7:8])


@every
def test_class_weights_keep_probabilities(candidate, table):
    weighed = fit(replace(candidate, class_weight="balanced"), table)
    assert weighed.predict(table.X).mean() == pytest.approx(table.y.mean(), rel=0.35)
    np.testing.assert_allclose(scored(weighed, table, table.X), weighed.predict(table.X), atol=1e-6)


@pytest.mark.parametrize(("class_weight", "expected"), [(None, 1.0), (3, 3.0), ("balanced", 4.0)])
def test_a_class_weight_is_a_number_or_what_balances_the_classes(class_weight, expected):
    y = np.array([0, 0, 0, 0, 1], dtype=np.int8)
    table = Table(np.zeros((5, 1)), y, Encoding((Column("a"),)))
    assert positive_weight(table, class_weight) == expected


@every
def test_row_weights_count(candidate, table):
    """Rows of weight zero might as well be absent."""
    half = np.arange(len(table)) % 2 == 0
    doubled = replace(table, weight=half.astype(float))
    flipped = replace(doubled, y=np.where(half, table.y, 1 - table.y).astype(np.int8))
    np.testing.assert_allclose(
        fit(candidate, doubled).predict(table.X), fit(candidate, flipped).predict(table.X), atol=1e-4
    )


@every
def test_importance_is_shares_of_the_declared_features(candidate, table):
    shares = fit(candidate, table).importance()
    assert list(shares) == table.encoding.names
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["amount"] > shares["night"]
    assert max(shares["constant"], shares["missing"]) < 1e-9


@every
def test_costs_are_told(candidate, table):
    model = fit(candidate, table)
    costs = costs_of(Fitted(candidate, model, 1.5), table.encoding, table.X[:100])
    assert costs.fit_seconds == 1.5
    assert costs.parameters == model.parameters > 10
    assert costs.bytes == len(export(model, len(table.encoding)))
    assert costs.row_us > 0


@every
def test_nothing_but_constants_gives_the_share_of_positives(candidate):
    encoding = Encoding((Column("a"), Column("b"), Column("c", ("x",))))
    X = np.tile([3.0, np.nan, 1.0], (400, 1))
    y = (np.arange(400) % 4 == 0).astype(np.int8)
    constant = Table(X, y, encoding)
    model = fit(candidate, constant)
    np.testing.assert_allclose(model.predict(X), 0.25, atol=0.03)
    np.testing.assert_allclose(scored(model, constant, X), model.predict(X), atol=1e-6)
    assert all(np.isfinite(share) for share in model.importance().values())


@every
def test_only_categories_are_enough(candidate):
    encoding = Encoding((Column("c", ("x", "y")),))
    rng = np.random.default_rng(5)
    X = rng.choice([0.0, 1.0, 2.0, np.nan], (800, 1))
    y = (rng.random(800) < np.where(X[:, 0] == 1, 0.7, 0.1)).astype(np.int8)
    only = Table(X, y, encoding)
    model = fit(candidate, only)
    p = model.predict(np.array([[0.0], [1.0], [2.0], [np.nan]]))
    assert p[1] > 0.5 > max(p[0], p[2], p[3])
    np.testing.assert_allclose(scored(model, only, X), model.predict(X), atol=1e-6)


@pytest.mark.parametrize("candidate", BOOSTED, ids=lambda c: c.name)
def test_early_stopping_chooses_the_number_of_trees(candidate, table):
    late = np.arange(len(table)) >= 2000
    model = candidate.fit(table.take(~late), table.take(late), seed=1, threads=1)
    settled = candidate.settled(model)
    assert candidate.wants_validation
    assert not settled.wants_validation
    assert 1 <= settled.trees < candidate.trees
    np.testing.assert_allclose(scored(model, table, table.X), model.predict(table.X), atol=1e-6)
    refitted = fit(settled, table)
    assert refitted.parameters == pytest.approx(model.parameters, rel=0.5)


@pytest.mark.parametrize(
    ("candidate", "module"),
    [
        (LogisticRegression(), "sklearn.linear_model"),
        (RandomForest(), "sklearn.ensemble"),
        (XGBoost(), "xgboost"),
        (LightGBM(), "lightgbm"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_missing_library_names_its_extra(candidate, module, table, monkeypatch):
    monkeypatch.setitem(sys.modules, module.split(".")[0], None)
    monkeypatch.delitem(sys.modules, "sklearn.linear_model", raising=False)
    monkeypatch.delitem(sys.modules, "sklearn.ensemble", raising=False)
    with pytest.raises(MissingExtraError) as error:
        candidate.fit(table)
    purpose = "a random forest" if isinstance(candidate, RandomForest) else candidate.name
    assert str(error.value) == f"training {purpose} needs the extra [learn]: pip install 'sevenfold[learn]'"


def test_an_import_that_fails_inside_an_installed_library_is_passed_on(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import something_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_that_is_not_there") as error:
        require("half_installed", "testing")
    assert not isinstance(error.value, MissingExtraError)


def test_exporting_without_onnx_names_its_extra(table, monkeypatch):
    model = fit(LogisticRegression(), table)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"exporting a model to ONNX needs the extra \[learn\]"):
        export(model, len(table.encoding))


def test_logistic_regression_matches_scikit_learn_on_standardised_columns(table):
    from sklearn.linear_model import LogisticRegression as Reference
    from sklearn.preprocessing import StandardScaler

    X = table.X[:, [0, 2, 3]]
    encoding = Encoding(tuple(Column(name) for name in "abc"))
    model = fit(LogisticRegression(tolerance=1e-8), Table(X, table.y, encoding))
    scaled = StandardScaler().fit_transform(X)
    reference = Reference(tol=1e-10, max_iter=1000).fit(scaled, table.y).predict_proba(scaled)[:, 1]
    np.testing.assert_allclose(model.predict(X), reference, atol=1e-5)


def test_extreme_values_give_probabilities_and_no_warning(table):
    model = fit(LogisticRegression(), table)
    X = table.X[:4].copy()
    X[:, 0] = [1e300, -1e300, 1e15, -1e15]
    p = model.predict(X)
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(scored(model, table, X), p, atol=1e-6)


def test_a_table_of_one_class_is_refused():
    encoding = Encoding((Column("a"),))
    for y, said in ((0, "no positive"), (1, "only positives")):
        table = Table(np.zeros((5, 1)), np.full(5, y, dtype=np.int8), encoding)
        with pytest.raises(DataError) as error:
            check_table(table, "fold 1")
        assert str(error.value) == (
            "A model needs both classes to learn from.\n"
            f"  - fold 1: expected positives and negatives, got {said} among 5 rows"
        )


def test_an_empty_table_is_refused():
    empty = Table(np.zeros((0, 1)), np.zeros(0, dtype=np.int8), Encoding((Column("a"),)))
    with pytest.raises(DataError, match="the newest events: expected rows whose labels are known, got none"):
        check_table(empty, "the newest events")


def test_an_export_that_predicts_something_else_is_refused(table):
    one, other = fit(LogisticRegression(), table), fit(LogisticRegression(strength=0.001), table)
    onnx_of_other = export(other, len(table.encoding))
    assert check_export(other, onnx_of_other, table.encoding, table.X) < 1e-12
    with pytest.raises(BundleError, match="expected a difference of at most 1e-06, got"):
        check_export(one, onnx_of_other, table.encoding, table.X)


def test_an_infinite_feature_is_refused_when_it_is_scored(table, world):
    scorer = Scorer(export(fit(LogisticRegression(), table), 8), table.encoding)
    row = {**world.features.row(0, named=True), "amount": float("inf")}
    with pytest.raises(DataError, match="amount: expected a finite number or null, got inf"):
        scorer.score_row(row)


def test_no_rows_give_no_scores(table):
    scorer = Scorer(export(fit(LogisticRegression(), table), 8), table.encoding)
    assert scorer.score(np.empty((0, 8))).shape == (0,)
