"""What competes on the Handbook's table with our own features, and the settings that were tried.

The settings were chosen on six weeks of tests that end a week before the first fold's test begins, so that
every label they were chosen by was known by then: ``sevenfold compare handbook --choose`` tries them again.
"""

from __future__ import annotations

from dataclasses import replace

from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.splits import Prequential
from sevenfold.learning.xgboost import XGBoost

__all__ = ["ALL_HISTORY", "CHOICE", "OWN", "TRIED", "WEEK"]

WEEK = Prequential(
    train="7d",
    delay="7d",
    test="7d",
    folds=4,
    first="2018-07-25",
    leave_out_known="customer",
    because="The four folds that the book tests on.",
)
"""The book's protocol."""

ALL_HISTORY = Prequential(
    delay="7d",
    test="7d",
    folds=4,
    first_test="2018-08-08",
    leave_out_known="customer",
    known_within="14d",
    because="The same tests without the same customers, from all that was known when each began.",
)
"""The same test rows; training from the first day on."""

CHOICE = replace(WEEK, folds=6, first="2018-06-06", because="Over before the first test begins.")
"""Where settings are chosen: tests from 2018-06-20 to 2018-08-01."""

_BOOSTED = XGBoost(
    trees=150,
    depth=3,
    rate=0.05,
    min_child_weight=3.0,
    rows=0.7,
    columns=0.5,
    early_stopping=None,
    name="XGBoost",
    because="The best of those tried before the first test.",
)

OWN = (
    LogisticRegression(),
    RandomForest(trees=50, depth=12, min_leaf=5),
    _BOOSTED,
    LightGBM(trees=150, leaves=8, rate=0.05, rows=0.7, columns=0.5, early_stopping=None, name="LightGBM"),
)
"""What competes; of these the boosted trees alone were chosen among several settings."""

TRIED = (
    _BOOSTED,
    replace(_BOOSTED, trees=100, rate=0.1, rows=1.0, columns=1.0, min_child_weight=1.0, name="plain"),
    replace(_BOOSTED, trees=200, depth=2, rate=0.1, min_child_weight=1.0, name="shallower"),
)
"""Settings of the boosted trees that were tried."""
