"""Every candidate in its flat form: as ONNX Runtime scores it, as package shap explains it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sevenfold.learning.calibration import CalibratedModel, calibrator
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.file import read_flat
from sevenfold.learning.flat.publish import PARITY, flatten, probes, publish
from sevenfold.learning.formula import formula_of
from sevenfold.learning.graph import export
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.odds import sigmoid
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap and matplotlib disagree on a deprecated call
    import shap

CANDIDATES = [
    LogisticRegression(),
    LogisticRegression(class_weight="balanced", name="weighted logistic regression"),
    XGBoost(trees=43, early_stopping=None),
    XGBoost(trees=30, depth=3, method="exact", class_weight=5.0, early_stopping=None, name="xgboost exact"),
    LightGBM(trees=41, early_stopping=None),
    LightGBM(trees=1, leaves=2, early_stopping=None, name="a stump"),
    RandomForest(trees=15, depth=8),
    RandomForest(trees=9, depth=None, class_weight="balanced", name="weighted forest"),
]
every = pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.name)


def flat_of(model, table: Table):
    flat = flatten(formula_of(model), table.encoding, table.X)
    assert flat is not None
    return flat


@pytest.fixture(scope="module")
def numbers() -> Table:
    """A table without categories: package shap knows none."""
    rng = np.random.default_rng(5)
    X = rng.lognormal(size=(2000, 7))
    X[rng.random(X.shape) < 0.1] = np.nan
    pull = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + rng.normal(size=2000)
    return Table(X, (pull > 4).astype(np.int8), Encoding(tuple(Column(f"f{i}") for i in range(7))))


@every
@pytest.mark.parametrize("calibration", [None, "isotonic", "platt"])
def test_it_scores_as_onnx_runtime_does(candidate, calibration, table):
    older, newer = table.take(np.arange(len(table)) % 2 == 0), table.take(np.arange(len(table)) % 2 == 1)
    model = candidate.fit(older, seed=1, threads=1)
    if calibration is not None:
        model = CalibratedModel(model, calibrator(calibration, newer.y, model.predict(newer.X)))
    onnx = export(model, len(table.encoding))
    published = publish(model, onnx, table.encoding, table.X)
    assert published.content is not None, published.reason
    assert published.difference <= PARITY
    flat = read_flat(published.content, table.encoding)
    X = np.concatenate([table.X, probes(flat, table.X)])
    # ONNX Runtime adds in float32, of which the steep pieces of an isotonic calibration make more.
    atol = 1e-3 if calibration == "isotonic" else 1e-6
    np.testing.assert_allclose(flat.score(X), Scorer(onnx, table.encoding).score(X), rtol=0, atol=atol)


@every
def test_contributions_add_up_to_the_log_odds(candidate, table):
    model = candidate.fit(table, seed=1, threads=1)
    flat = flat_of(model, table)
    explained = flat.explain(table.X)
    np.testing.assert_allclose(explained.margins, flat.margins(table.X), rtol=0, atol=1e-8)
    inside = np.abs(explained.margins) < 15  # a forest's may be infinite, and is cut off
    np.testing.assert_allclose(
        sigmoid(explained.margins[inside]), model.predict(table.X[inside]), rtol=0, atol=1e-6
    )


def test_calibration_changes_the_score_and_no_contribution(table):
    model = XGBoost(trees=20, early_stopping=None).fit(table, seed=1, threads=1)
    calibrated = CalibratedModel(model, calibrator("platt", table.y, model.predict(table.X)))
    plain, behind = flat_of(model, table), flat_of(calibrated, table)
    np.testing.assert_array_equal(
        plain.explain(table.X[:50]).contributions, behind.explain(table.X[:50]).contributions
    )
    np.testing.assert_allclose(behind.score(table.X), calibrated.predict(table.X), rtol=0, atol=1e-6)
    assert np.abs(behind.score(table.X) - plain.score(table.X)).max() > 1e-3


def test_xgboost_is_explained_as_by_shap_and_by_itself(numbers):
    import xgboost

    model = XGBoost(trees=40, depth=6, early_stopping=None).fit(numbers, seed=1, threads=1)
    X = numbers.X[:100]
    ours = flat_of(model, numbers).explain(X)
    explainer = shap.TreeExplainer(model.booster, feature_perturbation="tree_path_dependent")
    np.testing.assert_allclose(ours.contributions, explainer.shap_values(X), rtol=0, atol=1e-6)
    own = model.booster.predict(xgboost.DMatrix(X, feature_types=["q"] * 7), pred_contribs=True)
    np.testing.assert_allclose(ours.contributions, own[:, :-1], rtol=0, atol=1e-5)  # it adds in float32
    np.testing.assert_allclose(ours.base, own[:, -1], rtol=0, atol=1e-5)


def test_lightgbm_is_explained_as_by_shap_and_by_itself(numbers):
    model = LightGBM(trees=40, early_stopping=None).fit(numbers, seed=1, threads=1)
    X = numbers.X[:100]
    ours = flat_of(model, numbers).explain(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how shap gives both classes
        theirs = shap.TreeExplainer(model.booster).shap_values(X)
    theirs = theirs[1] if isinstance(theirs, list) else theirs
    np.testing.assert_allclose(ours.contributions, theirs, rtol=0, atol=1e-6)
    own = model.booster.predict(X, pred_contrib=True)
    np.testing.assert_allclose(ours.contributions, own[:, :-1], rtol=0, atol=1e-6)
    assert ours.base == pytest.approx(own[0, -1], abs=1e-6)


@pytest.mark.parametrize("weight", [None, 4.0])
def test_a_forest_is_explained_as_by_shap_in_probabilities(weight, numbers):
    model = RandomForest(trees=20, depth=10, class_weight=weight).fit(numbers, seed=1, threads=1)
    X = np.nan_to_num(numbers.X[:60], nan=1.0)  # shap sends what is missing left, whatever the tree says
    flat = flat_of(model, numbers)
    explainer = shap.TreeExplainer(model.forest)
    theirs = np.asarray(explainer.shap_values(X, check_additivity=False))[..., 1]
    np.testing.assert_allclose(flat.shapley(X), theirs, rtol=0, atol=1e-6)
    assert flat.base == pytest.approx(explainer.expected_value[1], abs=1e-6)
    explained = flat.explain(X)
    assert (np.sign(explained.contributions) == np.sign(flat.shapley(X))).all()


def test_a_linear_model_is_explained_by_its_coefficients(numbers):
    model = LogisticRegression().fit(numbers, seed=1, threads=1)
    ours = flat_of(model, numbers).explain(numbers.X)
    design = model.layout.design(numbers.X)
    terms = design * model.weights
    centred = terms - terms.mean(axis=0)
    wanted = centred[:, :7].copy()
    wanted[:, model.layout.marked] += centred[:, 7:]  # the mark of a missing value belongs to its feature
    np.testing.assert_allclose(ours.contributions, wanted, rtol=0, atol=1e-10)


def test_a_category_is_one_feature(table):
    """Its indicator columns are no features of a person's: their questions are put together, and add up."""
    model = LightGBM(trees=40, early_stopping=None).fit(table, seed=1, threads=1)
    explained = flat_of(model, table).explain(table.X[:20])
    assert explained.contributions.shape == (20, len(table.encoding))
    assert np.abs(explained.contributions[:, table.encoding.names.index("country")]).max() > 0


def test_a_model_without_a_formula_is_served_by_onnx_runtime(table):
    model = XGBoost(trees=5, early_stopping=None).fit(table, seed=1, threads=1)

    class Other:
        predict = model.predict

    published = publish(Other(), export(model, len(table.encoding)), table.encoding, table.X)
    assert published.content is None
    assert published.to_json() == {
        "form": "onnx",
        "difference": None,
        "reason": "This kind of model has no flat form.",
    }


def test_a_flat_form_that_differs_is_refused(table):
    model = XGBoost(trees=5, early_stopping=None).fit(table, seed=1, threads=1)
    other = XGBoost(trees=6, early_stopping=None).fit(table, seed=1, threads=1)
    published = publish(model, export(other, len(table.encoding)), table.encoding, table.X)
    assert published.content is None
    assert published.difference > PARITY
    assert published.reason.startswith("Its flat form differs from ONNX Runtime by 0.0")
