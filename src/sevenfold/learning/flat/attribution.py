"""What `kernel.shapley` needs to know of trees beforehand: shares of the training set, and a quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.flat.kernel.shapley import POINTS, shapley_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector
    from sevenfold.learning.flat.layout import FlatTrees

__all__ = ["QUESTION", "Attribution", "quadrature"]


QUESTION = np.dtype(
    [
        ("threshold", "<f8"),
        ("left_share", "<f8"),
        ("right_share", "<f8"),
        ("share_before", "<f8"),
        ("left_ratio", "<f8"),
        ("right_ratio", "<f8"),
        ("left_value", "<f8"),
        ("right_value", "<f8"),
        ("at", "<u4"),
        ("left", "<u4"),
        ("before", "<u4"),
        ("place", "<u4"),
        ("column", "<u4"),
        ("unused", "<u4"),
    ]
)
"""A node that asks.

``at``, ``left`` and ``before`` are numbers within the tree: of the node, of its left child, and of the node
that the nearest edge above about the same feature leads into, or the root's where there is none. Shares are
the *z* of the edges into those, ratios the parts of the node's rows that went left and right. A child's value
is that of its leaf, or 1.
"""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Trees prepared to be taken apart; arrays as `kernel.shapley.shapley_values` takes them.

    Parameters
    ----------
    base
        What the trees give on average over the training set, as it passed them.
    """

    trees: FlatTrees
    base: float
    questions: npt.NDArray[Any]
    first_question: IntVector
    inverse: npt.NDArray[np.float64]
    points: FloatMatrix
    weights: FloatMatrix

    @classmethod
    def of(cls, trees: FlatTrees) -> Attribution:
        """Prepare trees."""
        nodes = len(trees)
        first = np.arange(nodes) - trees.local
        parent, above, features = first.copy(), first.copy(), np.zeros(nodes, dtype=np.int64)
        share, path, ratio = np.ones(nodes), np.ones(nodes), np.ones(nodes)
        for child, asked in _levels(trees):
            parent[child] = asked
            above[child] = _edge_above(trees.player, parent, first, asked)
            whole = trees.cover[asked]
            ratio[child] = np.divide(trees.cover[child], whole, out=np.zeros(len(child)), where=whole > 0.0)
            path[child] = path[asked] * ratio[child]
            share[child] = share[above[child]] * ratio[child]
            features[child] = features[asked] + (above[child] == first[child])
        points, weights = quadrature(int(features.max(initial=0)))
        t = points[:, None, :]
        return cls(
            trees=trees,
            base=trees.base + float(trees.leaf @ path),
            questions=_questions(trees, first, above, share, ratio),
            first_question=np.r_[0, np.cumsum(trees.internal)][trees.root],
            inverse=1.0 / (t + (1.0 - t) * share[None, :, None]),
            points=points,
            weights=weights,
        )

    def values(self, X: FloatMatrix, out: FloatMatrix) -> None:
        """Fill `out`, shape (rows, columns), with Shapley values in the scale that the trees add up in."""
        t = self.trees
        codes = (t.code_column, t.code, t.code_missing)
        asked = (self.questions, self.first_question, t.root)
        shapley_values(X, out, t.threshold, *codes, *asked, self.inverse, self.points, self.weights)


def _questions(
    trees: FlatTrees, first: IntVector, above: IntVector, share: FloatVector, ratio: FloatVector
) -> npt.NDArray[Any]:
    """Write down the nodes that ask."""
    node = np.flatnonzero(trees.internal)
    left = first[node] + trees.left[node]
    value = np.where(trees.internal, 1.0, trees.leaf)
    asked = np.zeros(len(node), QUESTION)
    asked["threshold"], asked["place"] = trees.threshold[node], trees.place[node]
    asked["column"], asked["at"], asked["left"] = trees.player[node], trees.local[node], trees.left[node]
    asked["before"], asked["share_before"] = trees.local[above[left]], share[above[left]]
    asked["left_share"], asked["right_share"] = share[left], share[left + 1]
    asked["left_ratio"], asked["right_ratio"] = ratio[left], ratio[left + 1]
    asked["left_value"], asked["right_value"] = value[left], value[left + 1]
    return asked


def quadrature(features: int) -> tuple[FloatMatrix, FloatMatrix]:
    """Gauss-Legendre points on (0, 1), exact for paths with so many features; both of shape (passes, POINTS).

    >>> points, weights = quadrature(3)
    >>> points.shape, round(float((weights * points**2).sum()), 12)
    ((1, 4), 0.333333333333)
    """
    count = max(1, (features + 1) // 2)
    points, weights = np.polynomial.legendre.leggauss(count)
    passes = -(-count // POINTS)
    filled = np.full((2, passes * POINTS), 0.5)
    filled[0, :count], filled[1, :count] = (points + 1.0) / 2.0, weights / 2.0
    filled[1, count:] = 0.0
    return filled[0].reshape(passes, POINTS), filled[1].reshape(passes, POINTS)


def _levels(trees: FlatTrees) -> Iterator[tuple[IntVector, IntVector]]:
    """Yield the nodes below the roots with their parents, level by level."""
    here = trees.root[:-1]
    while len(here):
        asks = here[trees.internal[here]]
        left = asks - trees.local[asks] + trees.left[asks]
        here = np.concatenate([left, left + 1])
        yield here, np.concatenate([asks, asks])


def _edge_above(
    player: npt.NDArray[np.int32], parent: IntVector, first: IntVector, asked: IntVector
) -> IntVector:
    """Find the nearest edge above each of some edges that is about the same feature; else the root."""
    at, feature = asked.copy(), player[asked]
    while True:
        other = (at != first[at]) & (player[parent[at]] != feature)
        if not other.any():
            return at
        at[other] = parent[at[other]]
