import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from sevenfold.errors import MissingExtraError
from sevenfold.learning.canvas import ACCENT
from sevenfold.learning.declaration import Learning
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.money import money_by_threshold
from sevenfold.learning.plots import (
    calibration,
    feature_importance,
    money_saved,
    plot_training,
    precision_recall,
)
from sevenfold.learning.splits import Prequential
from sevenfold.learning.train import train
from sevenfold.learning.xgboost import XGBoost


@pytest.fixture(scope="module")
def result(world):
    learning = Learning(
        candidates=(LogisticRegression(), XGBoost(trees=20, early_stopping=None)),
        folds=Prequential(train="20d", delay="5d", test="10d"),
        replicates=5,
        threads=1,
    )
    return train(world.features, world.times, world.y, learning)


def pixels(path) -> tuple[int, int, float]:
    """Width, height and the share of pixels in the accent colour."""
    image = imread(path)
    accent = np.abs(image[..., :3] - to_rgb(ACCENT)).max(axis=-1) < 0.02
    return image.shape[1], image.shape[0], float(accent.mean())


def test_a_training_gives_four_pictures(result, tmp_path):
    paths = plot_training(result, tmp_path / "plots")
    assert [p.name for p in paths] == [
        "precision_recall.png",
        "score_distribution.png",
        "calibration.png",
        "feature_importance.png",
    ]
    for path in paths:
        width, height, accent = pixels(path)
        assert width == 1440
        assert height > 400
        assert 0.001 < accent < 0.2


def test_the_same_training_gives_the_same_bytes(result, tmp_path):
    first = precision_recall(result.evaluation, tmp_path / "a.png").read_bytes()
    assert precision_recall(result.evaluation, tmp_path / "b.png").read_bytes() == first
    first = calibration(result.chosen, tmp_path / "c.png").read_bytes()
    assert calibration(result.chosen, tmp_path / "d.png").read_bytes() == first


@pytest.mark.parametrize("count", [1, 5, 80])
def test_any_number_of_features_fits(count, tmp_path):
    shares = {f"a_rather_long_feature_name_{i}": 1 / count for i in range(count)}
    _, height, _ = pixels(feature_importance(shares, tmp_path / "f.png"))
    assert 400 < height < 1300


def test_a_model_that_relies_on_nothing_is_drawn(tmp_path):
    assert feature_importance({"a": 0.0, "b": 0.0}, tmp_path / "f.png").exists()


def test_nothing_is_left_in_pyplot(result, tmp_path):
    precision_recall(result.evaluation, tmp_path / "a.png")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"drawing a plot needs the extra \[learn\]"):
        feature_importance({"a": 1.0}, tmp_path / "f.png")


def test_money_is_drawn_also_where_nothing_is_worth_stopping(result, tmp_path):
    y, score = result.chosen.y, result.chosen.score
    for loss, alarm in ((100.0, 3.0), (1.0, 1e6), (0.0, 0.0)):
        path = money_saved(money_by_threshold(y, score, loss, alarm), tmp_path / "m.png", currency="EUR")
        assert pixels(path)[0] == 1440
