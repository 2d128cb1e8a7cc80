"""Flat trees against their definition, on random trees with missing values, categories and empty nodes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves it alone

from flat_oracle import random_rows, random_trees, shapley, total

from sevenfold.errors import UsageError
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.attribution import quadrature
from sevenfold.learning.flat.layout import lay_out
from sevenfold.learning.flat.publish import flatten
from sevenfold.learning.formula import Formula

pytestmark = pytest.mark.oracle

CATEGORIES = frozenset({1})
KINDS = [("BRANCH_LT", True), ("BRANCH_LEQ", True), ("BRANCH_LEQ", False), ("BRANCH_LT", False)]
kinds = pytest.mark.parametrize(("mode", "float32"), KINDS)


def encoding(columns: int) -> Encoding:
    return Encoding(
        tuple(Column(f"c{i}", ("a", "b", "c") if i in CATEGORIES else None) for i in range(columns))
    )


def flat(trees, columns, **formula):
    model = flatten(Formula(trees, **formula), encoding(columns), np.empty((0, columns)))
    assert model is not None
    return model


@kinds
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), trees=st.integers(1, 9), depth=st.integers(0, 6))
def test_sums_are_those_of_the_trees(mode, float32, seed, trees, depth):
    rng = np.random.default_rng(seed)
    grown = random_trees(
        rng, columns=4, categories=CATEGORIES, trees=trees, depth=depth, mode=mode, float32=float32
    )
    X = random_rows(rng, 20, 4, CATEGORIES)
    wanted = [total(grown, x, frozenset(range(4))) for x in X]
    np.testing.assert_allclose(flat(grown, 4).margins(X), wanted, rtol=0, atol=1e-12)


@kinds
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), depth=st.integers(0, 7))
def test_contributions_are_shapley_values_by_definition(mode, float32, seed, depth):
    rng = np.random.default_rng(seed)
    grown = random_trees(rng, columns=5, categories=CATEGORIES, depth=depth, mode=mode, float32=float32)
    X = random_rows(rng, 3, 5, CATEGORIES)
    model = flat(grown, 5)
    explained = model.explain(X)
    np.testing.assert_allclose(explained.contributions, [shapley(grown, x) for x in X], rtol=0, atol=1e-12)
    assert explained.base == pytest.approx(total(grown, X[0], frozenset()), abs=1e-12)
    np.testing.assert_allclose(explained.margins, model.margins(X), rtol=0, atol=1e-12)


def test_paths_with_more_features_than_one_pass_covers():
    """Twelve features on a path need six points: two passes of four."""
    rng = np.random.default_rng(1)
    grown = random_trees(rng, columns=12, trees=2, depth=12, float32=False)
    model = flat(grown, 12)
    assert len(model._attribution.points) == 2
    X = random_rows(rng, 1, 12)
    np.testing.assert_allclose(model.shapley(X)[0], shapley(grown, X[0]), rtol=0, atol=1e-12)


def test_one_row_and_a_table_give_the_same_bits():
    rng = np.random.default_rng(2)
    grown = random_trees(rng, columns=4, categories=CATEGORIES, trees=21, depth=5)
    X = random_rows(rng, 5000, 4, CATEGORIES)
    model = flat(grown, 4)
    alone = np.array([model.score(x[None])[0] for x in X[:200]])
    assert (model.score(X)[:200] == alone).all()
    explained = [model.shapley(x[None])[0] for x in X[:100]]
    np.testing.assert_array_equal(model.shapley(X[:100]), explained)


def test_scoring_changes_nothing_and_needs_no_row():
    rng = np.random.default_rng(3)
    model = flat(random_trees(rng, columns=4), 4)
    X = random_rows(rng, 10, 4)
    before = X.copy()
    first = model.score(X)
    model.explain(X)
    np.testing.assert_array_equal(X, before)
    assert (model.score(X) == first).all()
    assert model.score(np.empty((0, 4))).shape == (0,)
    assert model.explain(np.empty((0, 4))).contributions.shape == (0, 4)


def test_rows_of_any_layout_are_read_and_rows_of_another_width_refused():
    rng = np.random.default_rng(4)
    model = flat(random_trees(rng, columns=4), 4)
    X = random_rows(rng, 10, 4)
    wanted = model.score(X)
    frozen = X.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(X), frozen, np.repeat(X, 2, axis=0)[::2]):
        np.testing.assert_array_equal(model.score(other), wanted)
    with pytest.raises(UsageError, match=r"X: expected shape \(rows, 4\), got \(10, 3\)"):
        model.score(X[:, :3])


def test_nodes_that_nothing_leads_to_are_left_out():
    rng = np.random.default_rng(5)
    grown = random_trees(rng, columns=4, trees=1, depth=3)
    cut = grown.feature.copy()
    cut[0] = -1
    alone = lay_out(type(grown)(**{**vars(grown), "feature": cut}), 4)
    assert len(alone) == 1
    assert alone.depth.tolist() == [0]


def test_large_trees_have_wider_nodes():
    rng = np.random.default_rng(6)
    small = lay_out(random_trees(rng, columns=4, depth=3), 4)
    wide = lay_out(random_trees(rng, columns=4, depth=3), 40_000)
    double = lay_out(random_trees(rng, columns=4, depth=3, float32=False), 4)
    assert [one.nodes.dtype.itemsize for one in (small, wide, double)] == [8, 12, 16]


@pytest.mark.parametrize("features", [1, 2, 7, 8, 9, 20])
def test_the_quadrature_is_exact_for_as_many_features(features):
    points, weights = quadrature(features)
    for degree in range(features):
        assert (weights * points**degree).sum() == pytest.approx(1 / (degree + 1), abs=1e-14)
