"""Gradient-boosted trees by XGBoost: strong on tables, native with missing values."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sevenfold.learning.candidate import ClassWeight, Table, positive_weight
from sevenfold.learning.expansion import Codes, Expansion, Layout
from sevenfold.learning.extra import require
from sevenfold.learning.formula import Formula
from sevenfold.learning.odds import sigmoid
from sevenfold.learning.trees import LEAF, Trees, shares

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["XGBoost", "XGBoostModel"]

_ANY_NUMBER = 1_000_000
"""More codes than any category has: below it a split asks about one of them, above it about a set."""


@dataclass(frozen=True, kw_only=True)
class XGBoost:
    """Gradient-boosted trees (Chen and Guestrin, 2016), as the library ``xgboost`` grows them.

    Parameters
    ----------
    trees
        How many trees; with `early_stopping`, at most.
    depth
        Questions from root to leaf, at most.
    rate
        How much of each tree's correction is applied.
    min_child_weight
        A leaf needs at least this much curvature; more resists noise.
    rows, columns
        Share of the rows, and of the features, that each tree sees.
    l2
        Penalty on the squared leaf values.
    class_weight
        How many times a positive row counts; the probabilities are corrected for it.
    early_stopping
        Stop after this many trees without a better log loss on the validation period; the number found is
        then used on all of the training rows. ``None`` grows all `trees` and needs no validation period.
    method
        ``hist`` bins the values and is fast, ``exact`` tries every value.
    base_score
        The probability that the sum starts from; ``None`` lets the library take the share of positives.
    name
        What tables and plots call it.
    because
        Why the design chose it.
    """

    trees: int = 600
    depth: int = 6
    rate: float = 0.1
    min_child_weight: float = 1.0
    rows: float = 1.0
    columns: float = 1.0
    l2: float = 1.0
    class_weight: ClassWeight = None
    early_stopping: int | None = 30
    method: Literal["hist", "exact"] = "hist"
    base_score: float | None = None
    name: str = "xgboost"
    because: str = ""

    @property
    def wants_validation(self) -> bool:
        """Whether the number of trees is chosen on a validation period."""
        return self.early_stopping is not None

    def fit(
        self, training: Table, validation: Table | None = None, *, seed: int = 0, threads: int = 0
    ) -> XGBoostModel:
        """Grow the trees.

        Raises
        ------
        MissingExtraError
            The extra [learn] is not installed.
        """
        xgboost = require("xgboost", "training xgboost")
        layout = self._layout(training.encoding)
        data = self._matrix(xgboost, training, layout, threads)
        weight = positive_weight(training, self.class_weight)
        watched = {}
        if self.early_stopping is not None and validation is not None:
            held_out = self._matrix(xgboost, validation, layout, threads, like=data)
            watched = {"evals": [(held_out, "validation")], "early_stopping_rounds": self.early_stopping}
        booster = xgboost.train(
            self._settings(weight, seed, threads), data, self.trees, verbose_eval=False, **watched
        )
        if watched:
            booster = booster[: booster.best_iteration + 1]
        return XGBoostModel(booster, training.encoding, layout, math.log(weight))

    def settled(self, model: XGBoostModel) -> XGBoost:
        """Give the candidate with the number of trees that the validation period chose."""
        return replace(self, trees=model.booster.num_boosted_rounds(), early_stopping=None)

    def _settings(self, weight: float, seed: int, threads: int) -> dict[str, Any]:
        settings = {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": self.method,
            "max_depth": self.depth,
            "eta": self.rate,
            "min_child_weight": self.min_child_weight,
            "subsample": self.rows,
            "colsample_bytree": self.columns,
            "lambda": self.l2,
            "scale_pos_weight": weight,
            "max_cat_to_onehot": _ANY_NUMBER,
            "seed": seed,
            "nthread": threads,
            "verbosity": 0,
        }
        return settings if self.base_score is None else settings | {"base_score": self.base_score}

    def _layout(self, encoding: Encoding) -> Layout:
        """Only the method ``hist`` knows what a category is."""
        return Codes.of(encoding) if self.method == "hist" else Expansion.of(encoding)

    def _matrix(self, xgboost: Any, table: Table, layout: Layout, threads: int, like: Any = None) -> Any:
        X = layout.apply(table.X)
        options = {"label": table.y, "weight": table.weight, "nthread": threads or None}
        if self.method == "exact":
            return xgboost.DMatrix(X, **options)
        types = ["q" if c.categories is None else "c" for c in table.encoding.columns]
        return xgboost.QuantileDMatrix(X, ref=like, feature_types=types, enable_categorical=True, **options)


@dataclass(frozen=True, eq=False)
class XGBoostModel:
    """Boosted trees, and what their columns mean.

    Parameters
    ----------
    booster
        The library's own model.
    encoding, layout
        The features, and the columns that the trees ask about.
    log_weight
        What the class weight added to the log odds, taken off again.
    """

    booster: Any
    encoding: Encoding
    layout: Layout
    log_weight: float

    @property
    def parameters(self) -> int:
        """Nodes of all trees."""
        return len(self._trees())

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Probability of the positive class, float64, shape (rows,)."""
        expanded = self.layout.apply(X)
        margin: FloatVector = self.booster.inplace_predict(expanded, predict_type="margin").astype(np.float64)
        return sigmoid(margin - self.log_weight)

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the trees and the logistic function to a graph."""
        return graph.node("Sigmoid", self._trees().add_to(graph, features))

    def formula(self) -> Formula:
        """Give the trees as plain data; their sum is in log odds."""
        return Formula(self._trees())

    def importance(self) -> dict[str, float]:
        """Each feature's share of the total gain of all splits."""
        gain = self.booster.get_score(importance_type="total_gain")
        source = self.layout.source
        return shares([gain.get(f"f{j}", 0.0) for j in range(len(source))], source, self.encoding)

    def _trees(self) -> Trees:
        model = json.loads(self.booster.save_raw("json"))["learner"]
        base = _probability(model["learner_model_param"]["base_score"])
        trees = model["gradient_booster"]["model"]["trees"]
        margin = math.log(base / (1.0 - base)) - self.log_weight
        return self.layout.translate(Trees.join([_tree(i, t, margin) for i, t in enumerate(trees)]))


def _tree(number: int, tree: dict[str, Any], base: float) -> Trees:
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    leaf = left == -1
    # The library writes float32 in its shortest decimal form, which is another number when read as a double.
    condition = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    # A category goes right when it is the one asked about; of numbers, the smaller go left.
    equal = np.array(tree["split_type"], dtype=np.int64) == 1
    threshold = np.where(leaf, 0.0, condition)
    threshold[tree["categories_nodes"]] = tree["categories"]
    default_left = np.array(tree["default_left"], dtype=bool)
    return Trees(
        tree=np.full(len(left), number, dtype=np.int64),
        node=np.arange(len(left), dtype=np.int64),
        feature=np.where(leaf, LEAF, np.array(tree["split_indices"], dtype=np.int64)),
        threshold=threshold,
        true=np.where(leaf, 0, np.where(equal, right, left)),
        false=np.where(leaf, 0, np.where(equal, left, right)),
        missing_true=default_left != equal,
        weight=np.where(leaf, condition, 0.0),
        cover=np.array(tree["sum_hessian"], dtype=np.float32).astype(np.float64),
        equal=equal,
        mode="BRANCH_LT",
        base=base,
        float32=True,
    )


def _probability(text: str) -> float:
    # Version 3.1 and later write a list, as "[5E-1]"; earlier ones a single number.
    value = json.loads(text)
    return float(np.float32(value[0] if isinstance(value, list) else value))
