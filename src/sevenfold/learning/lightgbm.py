"""Gradient-boosted trees by LightGBM: grown leaf by leaf, the fastest to train on large tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.candidate import ClassWeight, Table, positive_weight
from sevenfold.learning.expansion import Expansion
from sevenfold.learning.extra import require
from sevenfold.learning.formula import Formula
from sevenfold.learning.odds import sigmoid
from sevenfold.learning.trees import LEAF, Trees, shares

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["LightGBM", "LightGBMModel"]


@dataclass(frozen=True, kw_only=True)
class LightGBM:
    """Gradient-boosted trees (Ke and others, 2017), as the library ``lightgbm`` grows them.

    Parameters
    ----------
    trees
        How many trees; with `early_stopping`, at most.
    leaves
        Leaves of a tree, at most.
    rate
        How much of each tree's correction is applied.
    min_leaf
        Rows in a leaf, at least.
    rows, columns
        Share of the rows, and of the features, that each tree sees.
    l2
        Penalty on the squared leaf values.
    class_weight
        How many times a positive row counts; the probabilities are corrected for it.
    early_stopping
        Stop after this many trees without a better log loss on the validation period; the number found
        is then used on all of the training rows. ``None`` grows all `trees`, without such a period.
    name
        What tables and plots call it.
    because
        Why the design chose it.
    """

    trees: int = 600
    leaves: int = 31
    rate: float = 0.1
    min_leaf: int = 20
    rows: float = 1.0
    columns: float = 1.0
    l2: float = 1.0
    class_weight: ClassWeight = None
    early_stopping: int | None = 30
    name: str = "lightgbm"
    because: str = ""

    @property
    def wants_validation(self) -> bool:
        """Whether the number of trees is chosen on a validation period."""
        return self.early_stopping is not None

    def fit(
        self, training: Table, validation: Table | None = None, *, seed: int = 0, threads: int = 0
    ) -> LightGBMModel:
        """Grow the trees.

        Raises
        ------
        MissingExtraError
            The extra [learn] is not installed.
        """
        lightgbm = require("lightgbm", "training lightgbm")
        expansion = Expansion.of(training.encoding)
        weight = positive_weight(training, self.class_weight)
        settings = self._settings(weight, seed, threads)
        data = lightgbm.Dataset(
            expansion.apply(training.X), training.y, weight=training.weight, params=settings
        )
        watched = {}
        if self.early_stopping is not None and validation is not None:
            X = expansion.apply(validation.X)
            watched = {
                "valid_sets": [data.create_valid(X, validation.y, weight=validation.weight)],
                "callbacks": [lightgbm.early_stopping(self.early_stopping, verbose=False)],
            }
        booster = lightgbm.train(settings, data, self.trees, **watched)
        trees = booster.best_iteration if watched else booster.num_trees()
        return LightGBMModel(booster, trees, training.encoding, expansion, math.log(weight))

    def settled(self, model: LightGBMModel) -> LightGBM:
        """Give the candidate with the number of trees that the validation period chose."""
        return replace(self, trees=model.trees, early_stopping=None)

    def _settings(self, weight: float, seed: int, threads: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.min_leaf,
            "bagging_fraction": self.rows,
            "bagging_freq": int(self.rows < 1.0),
            "feature_fraction": self.columns,
            "lambda_l2": self.l2,
            "scale_pos_weight": weight,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True, eq=False)
class LightGBMModel:
    """Boosted trees, and what their columns mean.

    Parameters
    ----------
    booster
        The library's own model.
    trees
        How many of its trees count.
    encoding, expansion
        The features, and the columns that the trees ask about.
    log_weight
        What the class weight added to the log odds, taken off again.
    """

    booster: Any
    trees: int
    encoding: Encoding
    expansion: Expansion
    log_weight: float

    @property
    def parameters(self) -> int:
        """Nodes of all trees."""
        return len(self._nodes())

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Probability of the positive class, float64, shape (rows,)."""
        expanded = self.expansion.apply(X)
        margin: FloatVector = self.booster.predict(expanded, raw_score=True, num_iteration=self.trees)
        return sigmoid(margin - self.log_weight)

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the trees and the logistic function to a graph."""
        return graph.node("Sigmoid", self.expansion.translate(self._nodes()).add_to(graph, features))

    def formula(self) -> Formula:
        """Give the trees as plain data; their sum is in log odds."""
        return Formula(self.expansion.translate(self._nodes()))

    def importance(self) -> dict[str, float]:
        """Each feature's share of the total gain of all splits."""
        gain = self.booster.feature_importance("gain", iteration=self.trees)
        return shares(gain, self.expansion.source, self.encoding)

    def _nodes(self) -> Trees:
        dumped = self.booster.dump_model(num_iteration=self.trees)["tree_info"]
        return Trees.join([_tree(i, t["tree_structure"], -self.log_weight) for i, t in enumerate(dumped)])


def _tree(number: int, root: dict[str, Any], base: float) -> Trees:
    nodes = [root]
    children: list[tuple[int, int]] = []
    for node in nodes:  # grows while it is walked
        if "left_child" in node:
            children.append((len(nodes), len(nodes) + 1))
            nodes += [node["left_child"], node["right_child"]]
        else:
            children.append((0, 0))
    count = len(nodes)
    links = np.array(children, dtype=np.int64)
    return Trees(
        tree=np.full(count, number, dtype=np.int64),
        node=np.arange(count, dtype=np.int64),
        feature=np.array([n.get("split_feature", LEAF) for n in nodes], dtype=np.int64),
        threshold=np.array([n.get("threshold", 0.0) for n in nodes], dtype=np.float64),
        true=links[:, 0],
        false=links[:, 1],
        missing_true=np.array([_missing_left(n) for n in nodes], dtype=bool),
        weight=np.array([n.get("leaf_value", 0.0) for n in nodes], dtype=np.float64),
        cover=np.array([n.get("internal_count", n.get("leaf_count", 1)) for n in nodes], dtype=np.float64),
        equal=np.zeros(len(nodes), dtype=bool),
        mode="BRANCH_LEQ",
        base=base,
        float32=False,
    )


def _missing_left(node: dict[str, Any]) -> bool:
    """Tell where a missing value goes: a feature that was never missing in training takes it for zero."""
    if node.get("missing_type") == "None":
        return bool(node["threshold"] >= 0.0)
    return bool(node.get("default_left", False))
