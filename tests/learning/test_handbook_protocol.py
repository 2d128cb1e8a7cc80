"""The published rows of the Fraud Detection Handbook, from features that none of our code computed.

The features come from DuckDB (`tests/systems/handbook_reference.py`), so this proves folds, gap, removal of
known customers, metrics and candidates by themselves; the same rows from our own features are the design's
test.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from sevenfold.learning.declaration import Learning
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.learning.xgboost import XGBoost

DAY = 86_400_000
START = 1_522_540_800_000  # 2018-04-01
PUBLISHED = {
    "logistic regression": {"roc_auc": 0.868, "average_precision": 0.623, "entity_precision_at_100": 0.297},
    "xgboost": {"roc_auc": 0.871, "average_precision": 0.694, "entity_precision_at_100": 0.304},
}
LEARNING = Learning(
    candidates=(
        LogisticRegression(),
        XGBoost(trees=100, depth=3, rate=0.1, method="exact", base_score=0.5, early_stopping=None),
    ),
    folds=Prequential(
        train="7d", delay="7d", test="7d", folds=4, first="2018-07-25", leave_out_known="customer"
    ),
    entity="customer",
    review_per_day=100,
    replicates=50,
)


@pytest.fixture(scope="module")
def evaluation(handbook_path, request):
    path = Path(__file__).parents[1] / "systems" / "handbook_reference.py"
    spec = importlib.util.spec_from_file_location("handbook_reference_of_learning", path)
    book = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(book)
    table = book.handbook_features(handbook_path, cache=request.config.cache.mkdir("handbook"))
    # Before the first training and after the last test, rows have no say.
    table = table.filter(pl.col("TX_TIME_DAYS").is_between(115, 160))
    # Only days and their order matter to the protocol: the reference keeps the day, not the second.
    times = (START + table["TX_TIME_DAYS"].cast(pl.Int64) * DAY).to_numpy()
    return evaluate_folds(
        table.select(book.FEATURES),
        times,
        Labels.of(times, table["label"], "7d"),
        LEARNING,
        entities=table.select(customer="CUSTOMER_ID"),
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_row_is_reproduced_within_5_thousandths(evaluation, name):
    (result,) = (r for r in evaluation.results if r.candidate.name == name)
    for metric, published in PUBLISHED[name].items():
        assert result.mean[metric].value == pytest.approx(published, abs=0.005), metric


def test_every_fold_has_the_books_rows(evaluation):
    folds = evaluation.results[0].folds
    assert [(f.train_rows, len(f.y), f.left_out) for f in folds] == [
        (67240, 58264, 8816),
        (66975, 57937, 9112),
        (67080, 58337, 8794),
        (67049, 57604, 9066),
    ]
    assert evaluation.notes == ()
    assert all(f.unknown == 0 for f in folds)
