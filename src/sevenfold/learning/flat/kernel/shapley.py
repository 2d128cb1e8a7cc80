"""Exact Shapley values of an ensemble of trees, path-dependent, in two passes over the nodes.

A feature outside a coalition is averaged over the training set as it passed the tree (TreeSHAP, Lundberg and
others, 2020). Below an edge that asks about a feature, let *o* be 1 if the row satisfies all questions about
it so far and 0 if not, and *z* the product of the shares of the training set that did. With every feature
present with probability *t*, a leaf is reached with the product of ``a = t o + (1 - t) z`` over the features
of its path. A feature's Shapley value is the integral over *t* of the derivative by its own presence (Owen,
1972): the sum over the leaves of

    value * (o - z) * integral from 0 to 1 of the product of the other features' a.

The integrand is a polynomial of one degree less than the path has features, so that Gauss-Legendre quadrature
with half as many points as features is exact. As in Linear TreeSHAP (Yu and others, 2022), a pass down
multiplies the factors and a pass up adds the leaves below each edge, in time linear in the number of nodes;
unlike there, the points lie within (0, 1), where every factor is positive and nothing cancels.

An edge about a feature that was asked about above replaces that factor: its part is the difference to the
part of the edge above. Where *o* was 0 already, that difference is 0 for any *z*, and most of the work is
saved.

Four points at a time are written out: in a loop over them, compiled code would assume that what it writes
changes what it reads, and use no vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.flat.kernel.compiled import compiled
from sevenfold.learning.flat.kernel.forest import write_row

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector

__all__ = ["POINTS", "shapley_values"]

POINTS = 4
"""Points of the quadrature in one pass: a processor's vector, and exact for eight features on a path."""

_BLOCK = 8
"""Rows that a tree is taken apart for before the next tree's turn."""


@compiled
def _down(
    row: Any, questions: Any, inverse: FloatMatrix, t: FloatVector, taken: Any, below: FloatMatrix
) -> None:
    """Multiply the factors from the root to each node; at a leaf its value, too."""
    t0, t1, t2, t3 = t[0], t[1], t[2], t[3]
    taken[0] = 1
    below[0, 0], below[0, 1], below[0, 2], below[0, 3] = 1.0, 1.0, 1.0, 1.0
    for k in range(len(questions)):
        ask = questions[k]
        at, before, left = np.uint64(ask["at"]), np.uint64(ask["before"]), np.uint64(ask["left"])
        b0, b1, b2, b3 = below[at, 0], below[at, 1], below[at, 2], below[at, 3]
        if taken[before] == 0:
            right = left + np.uint64(1)
            taken[left] = 0
            taken[right] = 0
            to_left, to_right = ask["left_ratio"] * ask["left_value"], ask["right_ratio"] * ask["right_value"]
            below[left, 0], below[left, 1] = b0 * to_left, b1 * to_left
            below[left, 2], below[left, 3] = b2 * to_left, b3 * to_left
            below[right, 0], below[right, 1] = b0 * to_right, b1 * to_right
            below[right, 2], below[right, 3] = b2 * to_right, b3 * to_right
            continue
        goes_right = row[ask["place"]] > ask["threshold"]
        yes = left + np.uint64(goes_right)
        no = left + np.uint64(not goes_right)
        taken[yes] = 1
        taken[no] = 0
        z = ask["right_share"] if goes_right else ask["left_share"]
        other = (
            ask["left_share"] * ask["left_value"] if goes_right else ask["right_share"] * ask["right_value"]
        )
        value = ask["right_value"] if goes_right else ask["left_value"]
        b0, b1 = b0 * inverse[before, 0], b1 * inverse[before, 1]
        b2, b3 = b2 * inverse[before, 2], b3 * inverse[before, 3]
        below[yes, 0], below[yes, 1] = b0 * (t0 + (1.0 - t0) * z) * value, b1 * (t1 + (1.0 - t1) * z) * value
        below[yes, 2], below[yes, 3] = b2 * (t2 + (1.0 - t2) * z) * value, b3 * (t3 + (1.0 - t3) * z) * value
        below[no, 0], below[no, 1] = b0 * (1.0 - t0) * other, b1 * (1.0 - t1) * other
        below[no, 2], below[no, 3] = b2 * (1.0 - t2) * other, b3 * (1.0 - t3) * other


@compiled
def _up(
    questions: Any, inverse: FloatMatrix, t: FloatVector, taken: Any, below: FloatMatrix, parts: FloatMatrix
) -> None:
    """Add up the leaves below each edge, and what each edge is worth to its feature."""
    f0, f1, f2, f3 = 1.0 / (1.0 - t[0]), 1.0 / (1.0 - t[1]), 1.0 / (1.0 - t[2]), 1.0 / (1.0 - t[3])
    for k in range(len(questions) - 1, -1, -1):
        ask = questions[k]
        at, before, left = np.uint64(ask["at"]), np.uint64(ask["before"]), np.uint64(ask["left"])
        right = left + np.uint64(1)
        l0, l1, l2, l3 = below[left, 0], below[left, 1], below[left, 2], below[left, 3]
        r0, r1, r2, r3 = below[right, 0], below[right, 1], below[right, 2], below[right, 3]
        below[at, 0], below[at, 1], below[at, 2], below[at, 3] = l0 + r0, l1 + r1, l2 + r2, l3 + r3
        if taken[before] == 0:
            continue
        goes_right = taken[right] == 1
        yes = left + np.uint64(goes_right)
        gone = 1.0 - (ask["right_share"] if goes_right else ask["left_share"])
        above = 1.0 - ask["share_before"]
        column = np.uint64(ask["column"])
        g0, g1 = above * inverse[before, 0], above * inverse[before, 1]
        g2, g3 = above * inverse[before, 2], above * inverse[before, 3]
        y0, y1, y2, y3 = (r0, r1, r2, r3) if goes_right else (l0, l1, l2, l3)
        n0, n1, n2, n3 = (l0, l1, l2, l3) if goes_right else (r0, r1, r2, r3)
        p0, p1, p2, p3 = parts[column, 0], parts[column, 1], parts[column, 2], parts[column, 3]
        parts[column, 0] = p0 + y0 * (gone * inverse[yes, 0] - g0) - n0 * (f0 + g0)
        parts[column, 1] = p1 + y1 * (gone * inverse[yes, 1] - g1) - n1 * (f1 + g1)
        parts[column, 2] = p2 + y2 * (gone * inverse[yes, 2] - g2) - n2 * (f2 + g2)
        parts[column, 3] = p3 + y3 * (gone * inverse[yes, 3] - g3) - n3 * (f3 + g3)


@compiled
def shapley_values(
    X: FloatMatrix,
    out: FloatMatrix,
    compared: Any,
    code_column: IntVector,
    code: FloatVector,
    code_missing: IntVector,
    questions: Any,
    first_question: IntVector,
    root: IntVector,
    inverse: Any,
    points: FloatMatrix,
    weights: FloatMatrix,
) -> None:
    """Fill `out`, shape (rows, columns), with Shapley values in the scale that the trees add up in.

    Parameters
    ----------
    compared
        Any array of the type in which values are compared.
    questions
        Records, tree by tree and each tree breadth-first; see `attribution.QUESTION`.
    first_question, root
        int64, shape (trees + 1,): where each tree begins among the questions, and among the nodes.
    inverse
        float64, shape (passes, nodes, POINTS): 1 / (t + (1 - t) z) of the edge into each node.
    points, weights
        float64, shape (passes, POINTS): the quadrature on (0, 1), filled up with weights of zero.
    """
    rows, columns = X.shape
    trees = len(root) - 1
    largest = 1
    for tree in range(trees):
        largest = max(largest, root[tree + 1] - root[tree])
    written = np.empty((_BLOCK, 2 * columns + len(code)), compared.dtype)
    taken = np.empty(largest, np.uint8)
    below = np.empty((largest, POINTS))
    parts = np.empty((_BLOCK, columns, POINTS))
    out[:] = 0.0
    for first in range(0, rows, _BLOCK):
        count = min(_BLOCK, rows - first)
        for r in range(count):
            write_row(X[first + r], written[r], code_column, code, code_missing)
        for one in range(len(points)):
            parts[:] = 0.0
            for tree in range(trees):
                asked = questions[first_question[tree] : first_question[tree + 1]]
                edges = inverse[one, root[tree] : root[tree + 1]]
                for r in range(count):
                    _down(written[r], asked, edges, points[one], taken, below)
                    _up(asked, edges, points[one], taken, below, parts[r])
            for r in range(count):
                for column in range(columns):
                    for q in range(POINTS):
                        out[first + r, column] += weights[one, q] * parts[r, column, q]
