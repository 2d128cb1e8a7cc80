"""Adding up an ensemble of trees: no branch but the loops', four trees at a time.

A row is first written down so that every question becomes ``value > threshold``. Numbers stand there twice, a
missing one as minus infinity (for questions that send it left) and as plus infinity (right); a question
whether a category is this one has a place of its own, 1 for yes. A leaf asks whether something exceeds
infinity, and so leads to itself: every path of a tree takes its depth in steps. Four trees are walked at a
time because each step waits for the one before it, and those of other trees can be done meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.flat.kernel.compiled import compiled
from sevenfold.learning.flat.kernel.link import margin_of, probability_of

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, IntVector

__all__ = ["BLOCK", "forest_margins", "forest_scores", "write_row"]

BLOCK = 64
"""Rows that a group of trees is walked for before the next group's turn: both stay in the nearest cache."""


@compiled
def write_row(
    x: FloatVector, row: Any, code_column: IntVector, code: FloatVector, code_missing: IntVector
) -> None:
    """Write a row down for the questions.

    Parameters
    ----------
    x
        float64, shape (columns,): an encoded row.
    row
        float32 or float64 as the library compares, shape (2 * columns + codes,): filled.
    code_column, code, code_missing
        Shape (codes,): the category's column, the code asked about, and whether a missing value counts as it.
    """
    n = len(x)
    for i in range(n):
        value = x[i]
        if np.isnan(value):
            row[i] = -np.inf
            row[n + i] = np.inf
        else:
            row[i] = value
            row[n + i] = value
    for k in range(len(code)):
        value = x[code_column[k]]
        yes = code_missing[k] == 1 if np.isnan(value) else value == code[k]
        row[2 * n + k] = 1.0 if yes else 0.0


@compiled
def _add_up(
    X: FloatMatrix,
    out: FloatVector,
    nodes: Any,
    leaf: FloatVector,
    root: IntVector,
    depth: IntVector,
    code_column: IntVector,
    code: FloatVector,
    code_missing: IntVector,
    base: float,
) -> None:
    """Write each row's sum: the base, then the trees in their order, whatever the number of rows.

    Written out in one function, with positions that are not signed and so never count from the end: with a
    function for four trees and signed positions it takes three times as long.
    """
    rows, columns = X.shape
    trees = len(depth)
    written = np.empty((min(rows, BLOCK), 2 * columns + len(code)), nodes["threshold"].dtype)
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        for r in range(count):
            write_row(X[first + r], written[r], code_column, code, code_missing)
            out[first + r] = base
        for tree in range(0, trees - 3, 4):
            r0, r1 = np.uint64(root[tree]), np.uint64(root[tree + 1])
            r2, r3 = np.uint64(root[tree + 2]), np.uint64(root[tree + 3])
            steps = depth[tree + 3]  # the deepest of the four
            for r in range(count):
                row = written[r]
                a0, a1, a2, a3 = r0, r1, r2, r3
                for _ in range(steps):
                    n0, n1, n2, n3 = nodes[a0], nodes[a1], nodes[a2], nodes[a3]
                    a0 = r0 + np.uint64(n0["left"]) + np.uint64(row[n0["place"]] > n0["threshold"])
                    a1 = r1 + np.uint64(n1["left"]) + np.uint64(row[n1["place"]] > n1["threshold"])
                    a2 = r2 + np.uint64(n2["left"]) + np.uint64(row[n2["place"]] > n2["threshold"])
                    a3 = r3 + np.uint64(n3["left"]) + np.uint64(row[n3["place"]] > n3["threshold"])
                out[first + r] += leaf[a0]
                out[first + r] += leaf[a1]
                out[first + r] += leaf[a2]
                out[first + r] += leaf[a3]
        for tree in range(trees - trees % 4, trees):
            start = np.uint64(root[tree])
            for r in range(count):
                at = start
                for _ in range(depth[tree]):
                    node = nodes[at]
                    at = (
                        start
                        + np.uint64(node["left"])
                        + np.uint64(written[r, node["place"]] > node["threshold"])
                    )
                out[first + r] += leaf[at]


@compiled
def forest_margins(
    X: FloatMatrix,
    out: FloatVector,
    nodes: Any,
    leaf: FloatVector,
    root: IntVector,
    depth: IntVector,
    code_column: IntVector,
    code: FloatVector,
    code_missing: IntVector,
    base: float,
    link: FloatVector,
) -> None:
    """Fill `out`, shape (rows,), with log odds before calibration; arrays as `layout.FlatTrees` has them."""
    _add_up(X, out, nodes, leaf, root, depth, code_column, code, code_missing, base)
    for r in range(len(out)):
        out[r] = margin_of(out[r], link)


@compiled
def forest_scores(
    X: FloatMatrix,
    out: FloatVector,
    nodes: Any,
    leaf: FloatVector,
    root: IntVector,
    depth: IntVector,
    code_column: IntVector,
    code: FloatVector,
    code_missing: IntVector,
    base: float,
    link: FloatVector,
    points: FloatVector,
    values: FloatVector,
) -> None:
    """Fill `out`, shape (rows,), with calibrated probabilities."""
    _add_up(X, out, nodes, leaf, root, depth, code_column, code, code_missing, base)
    for r in range(len(out)):
        out[r] = probability_of(out[r], link, points, values)
