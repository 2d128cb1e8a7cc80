import numpy as np
import pytest

from sevenfold.learning.calibration import CalibratedModel, Isotonic, Platt, calibrator
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.graph import Graph, export
from sevenfold.learning.scorer import Scorer


class Given:
    """A model whose score is its only feature."""

    parameters = 0

    def predict(self, X):
        return X[:, 0]

    def add_to(self, graph: Graph, features: str) -> str:
        return graph.flat(features)

    def importance(self):
        return {"score": 1.0}


def drawn(rows: int = 4000, seed: int = 0):
    rng = np.random.default_rng(seed)
    truth = rng.random(rows) ** 4
    return (rng.random(rows) < truth).astype(np.int8), np.round(truth**2, 3), truth


def exported(calibration, score: np.ndarray) -> np.ndarray:
    model = CalibratedModel(Given(), calibration)
    return Scorer(export(model, 1), Encoding((Column("score"),))).score(score[:, None])


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_it_brings_the_meaning_back_and_keeps_the_order(kind):
    y, score, truth = drawn()
    learned = calibrator(kind, y, score)
    apply = learned.apply(score)
    assert np.abs(apply - truth).mean() < 0.35 * np.abs(score - truth).mean()
    assert (np.diff(learned.apply(np.linspace(0, 1, 500))) >= 0).all()


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_onnx_agrees_everywhere(kind):
    y, score, _ = drawn()
    learned = calibrator(kind, y, score)
    at = np.r_[np.linspace(0, 1, 2001), score, 0.0, 1.0, 1e-300, 1 - 1e-16]
    np.testing.assert_allclose(exported(learned, at), learned.apply(at), atol=1e-12)


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_nothing_is_certain(kind):
    y = np.r_[np.zeros(100), np.ones(10)].astype(np.int8)
    p = calibrator(kind, y, np.linspace(0.0, 1.0, 110)).apply(np.array([0.0, 0.5, 1.0]))
    assert ((p > 0) & (p < 1)).all()


def test_a_score_that_ranks_backwards_becomes_the_share_of_positives():
    rng = np.random.default_rng(0)
    score = rng.random(2000)
    y = (rng.random(2000) < 0.4 * (1 - score)).astype(np.int8)
    for kind in ("isotonic", "platt"):
        p = calibrator(kind, y, score).apply(np.array([0.1, 0.9]))
        assert p[1] - p[0] == pytest.approx(0, abs=0.02)


def test_one_score_for_all_is_calibrated_to_the_share():
    y = (np.arange(100) % 4 == 0).astype(np.int8)
    learned = calibrator("isotonic", y, np.full(100, 0.7))
    np.testing.assert_allclose(learned.apply(np.array([0.0, 0.7, 1.0])), 0.25, atol=1e-3)
    np.testing.assert_allclose(exported(learned, np.array([0.0, 0.7, 1.0])), 0.25, atol=1e-3)


def test_it_counts_its_parameters_and_leaves_the_importance():
    assert Platt(1.0, 0.0).parameters == 2
    model = CalibratedModel(Given(), Isotonic(np.array([0.1, 0.2]), np.array([0.0, 1.0])))
    assert model.parameters == 4
    assert model.importance() == {"score": 1.0}
