"""Ensembles of binary trees as flat arrays, and their export to ONNX.

The public converters lose bits on the way (float32 thresholds for LightGBM's doubles, base scores rounded)
and each handles missing values its own way. Here a library's file reads its trees into `Trees`, whose
questions are then exported exactly: the ONNX graph takes the same branch as the library for every value, at
a threshold too.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.learning.arrays import FloatVector, IntVector, Mask
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["LEAF", "Trees", "shares"]

LEAF = -1
"""The feature of a node that is a leaf."""


@dataclass(frozen=True, eq=False)
class Trees:
    """All nodes of an ensemble, tree after tree; every array has shape (nodes,).

    Parameters
    ----------
    tree, node
        int64: the tree's number, and the node's number within it; node 0 is the root.
    feature
        int64: the column asked about, or `LEAF`.
    threshold
        float64: what a value is compared with.
    true, false
        int64: the node taken when the comparison holds, and when it doesn't.
    missing_true
        bool: whether a missing value takes the branch `true`.
    weight
        float64: what a leaf adds to the ensemble's sum.
    cover
        float64: how much of the training set passed the node, as the library counts it: rows, their weights,
        or the curvature of their loss. Only its ratios mean anything.
    equal
        bool: whether the comparison is "equal to the threshold" instead of `mode`'s.
    mode
        How values are compared: ``BRANCH_LT`` (value < threshold) or ``BRANCH_LEQ``.
    base
        What the sum starts from.
    float32
        Whether the library rounds values to float32 before it compares them.
    """

    tree: IntVector
    node: IntVector
    feature: IntVector
    threshold: FloatVector
    true: IntVector
    false: IntVector
    missing_true: Mask
    weight: FloatVector
    cover: FloatVector
    equal: Mask
    mode: str
    base: float
    float32: bool

    @classmethod
    def join(cls, trees: Sequence[Trees]) -> Trees:
        """Concatenate ensembles that agree in all but their nodes."""
        arrays = [f.name for f in fields(cls) if f.name not in ("mode", "base", "float32")]
        joined: dict[str, Any] = {a: np.concatenate([getattr(t, a) for t in trees]) for a in arrays}
        return replace(trees[0], **joined)

    def __len__(self) -> int:
        return len(self.node)

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the ensemble's sum to a graph: a double tensor (rows,)."""
        leaf = self.feature == LEAF
        source = features
        if self.float32:
            source = graph.cast(graph.cast(features, "float"), "double")
        total = graph.node(
            "TreeEnsembleRegressor",
            source,
            domain="ai.onnx.ml",
            n_targets=1,
            nodes_treeids=self.tree.tolist(),
            nodes_nodeids=self.node.tolist(),
            nodes_featureids=np.where(leaf, 0, self.feature).tolist(),
            nodes_modes=np.where(leaf, "LEAF", np.where(self.equal, "BRANCH_EQ", self.mode)).tolist(),
            nodes_values_as_tensor=graph.tensor(self.threshold),
            nodes_truenodeids=self.true.tolist(),
            nodes_falsenodeids=self.false.tolist(),
            nodes_missing_value_tracks_true=(self.missing_true & ~leaf).astype(np.int64).tolist(),
            target_treeids=self.tree[leaf].tolist(),
            target_nodeids=self.node[leaf].tolist(),
            target_ids=[0] * int(leaf.sum()),
            target_weights_as_tensor=graph.tensor(self.weight[leaf]),
            base_values_as_tensor=graph.tensor([self.base]),
        )
        return graph.flat(graph.cast(total, "double"))


def shares(gains: npt.ArrayLike, source: IntVector, encoding: Encoding) -> dict[str, float]:
    """Add up the gain of each column by the feature it comes from, as shares of the whole.

    They are all 0 where there is no gain.
    """
    gain = np.bincount(source, np.asarray(gains, dtype=np.float64), minlength=len(encoding))
    total = gain.sum()
    return {name: float(g / total) if total else 0.0 for name, g in zip(encoding.names, gain, strict=True)}
