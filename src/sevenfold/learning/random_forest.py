"""A random forest: many deep trees on resampled rows, robust and with little to tune."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.candidate import ClassWeight, Table, positive_weight
from sevenfold.learning.expansion import Expansion
from sevenfold.learning.extra import require
from sevenfold.learning.formula import Formula
from sevenfold.learning.trees import LEAF, Trees, shares

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["ForestModel", "RandomForest"]


@dataclass(frozen=True, kw_only=True)
class RandomForest:
    """A random forest (Breiman, 2001), as scikit-learn grows it.

    Parameters
    ----------
    trees
        How many trees.
    depth
        Questions from root to leaf, at most; ``None`` grows every tree to its end.
    min_leaf
        Rows in a leaf, at least.
    features
        How many features a split looks at: a share, or ``"sqrt"`` for the square root of their number.
    class_weight
        How many times a positive row counts; the probabilities are corrected for it.
    name
        What tables and plots call it.
    because
        Why the design chose it.
    """

    trees: int = 200
    depth: int | None = 20
    min_leaf: int = 1
    features: float | str = "sqrt"
    class_weight: ClassWeight = None
    name: str = "random forest"
    because: str = ""

    @property
    def wants_validation(self) -> bool:
        """Never: nothing is chosen while it learns."""
        return False

    def fit(
        self, training: Table, validation: Table | None = None, *, seed: int = 0, threads: int = 0
    ) -> ForestModel:
        """Grow the trees; a validation period makes no difference.

        Raises
        ------
        MissingExtraError
            The extra [learn] is not installed.
        """
        del validation
        ensemble = require("sklearn.ensemble", "training a random forest")
        expansion = Expansion.of(training.encoding)
        weight = positive_weight(training, self.class_weight)
        row_weight = np.where(training.y == 1, weight, 1.0)
        forest = ensemble.RandomForestClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            min_samples_leaf=self.min_leaf,
            max_features=self.features,
            random_state=seed,
            n_jobs=threads or -1,
        )
        forest.fit(
            expansion.apply(training.X),
            training.y,
            row_weight if training.weight is None else row_weight * training.weight,
        )
        return ForestModel(forest, training.encoding, expansion, weight)

    def settled(self, model: Any) -> RandomForest:
        """Give the candidate as it is."""
        del model
        return self


@dataclass(frozen=True, eq=False)
class ForestModel:
    """A forest, and what its columns mean.

    Parameters
    ----------
    forest
        The library's own model.
    encoding, expansion
        The features, and the columns that the trees ask about.
    weight
        How many times a positive row counted; the odds are divided by it.
    """

    forest: Any
    encoding: Encoding
    expansion: Expansion
    weight: float

    @property
    def parameters(self) -> int:
        """Nodes of all trees."""
        return sum(int(tree.tree_.node_count) for tree in self.forest.estimators_)

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Probability of the positive class, float64, shape (rows,)."""
        p: FloatVector = self.forest.predict_proba(self.expansion.apply(X))[:, 1]
        return p / (p + self.weight * (1.0 - p))

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the trees to a graph, and the correction of the odds where there is a class weight."""
        p = self._trees().add_to(graph, features)
        # Each of the leaves was rounded, so their mean may lie a hair beyond 0 and 1.
        p = graph.node("Min", graph.node("Max", p, graph.constant(0.0)), graph.constant(1.0))
        if self.weight == 1.0:
            return p
        others = graph.node("Sub", graph.constant(1.0), p)
        return graph.node(
            "Div", p, graph.node("Add", p, graph.node("Mul", others, graph.constant(self.weight)))
        )

    def formula(self) -> Formula:
        """Give the trees as plain data; their sum is a probability, its odds too high by the class weight."""
        return Formula(self._trees(), link="probability", class_weight=self.weight)

    def _trees(self) -> Trees:
        count = len(self.forest.estimators_)
        trees = Trees.join([_tree(i, tree.tree_, count) for i, tree in enumerate(self.forest.estimators_)])
        return self.expansion.translate(trees)

    def importance(self) -> dict[str, float]:
        """Each feature's share of the impurity that the splits removed."""
        return shares(self.forest.feature_importances_, self.expansion.source, self.encoding)


def _tree(number: int, tree: Any, count: int) -> Trees:
    leaf = tree.children_left == -1
    shape = leaf.shape
    positive = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    return Trees(
        tree=np.full(shape, number, dtype=np.int64),
        node=np.arange(len(leaf), dtype=np.int64),
        feature=np.where(leaf, LEAF, tree.feature).astype(np.int64),
        threshold=np.where(leaf, 0.0, tree.threshold),
        true=np.where(leaf, 0, tree.children_left).astype(np.int64),
        false=np.where(leaf, 0, tree.children_right).astype(np.int64),
        missing_true=tree.missing_go_to_left.astype(bool),
        weight=np.where(leaf, positive / count, 0.0),
        cover=tree.weighted_n_node_samples.astype(np.float64),
        equal=np.zeros(len(leaf), dtype=bool),
        mode="BRANCH_LEQ",
        base=0.0,
        float32=True,  # scikit-learn compares float32 values with float64 thresholds
    )
