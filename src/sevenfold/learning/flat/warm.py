"""Compile the flat model's functions once, so that no user waits for it later.

``python -m sevenfold.learning.flat.warm`` does it; the code is kept beside the source.
"""

from __future__ import annotations

import numpy as np

from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.kernel.link import LINK_WORDS
from sevenfold.learning.flat.layout import FlatTrees
from sevenfold.learning.flat.model import FlatModel
from sevenfold.learning.flat.weights import FlatWeights

__all__ = ["warm_up"]

_LARGE_TREE = 70_000
"""Nodes of a tree whose nodes take 12 bytes."""


def warm_up() -> None:
    """Score and explain one row with every kind of model."""
    encoding = Encoding((Column("number"), Column("category", ("a",))))
    zeros, integers, nothing = np.zeros(2), np.zeros(2, dtype=np.int64), np.empty(0)
    linear = FlatWeights(zeros, zeros + 1.0, zeros, zeros, integers, nothing, zeros, 0.0)
    stumps = [_stump(np.float32, 3), _stump(np.float32, _LARGE_TREE), _stump(np.float64, 3)]
    cores: list[FlatWeights | FlatTrees] = [linear, *stumps]
    for core in cores:
        model = FlatModel(encoding, core, np.zeros(LINK_WORDS), nothing, nothing, 1)
        row = np.ones((1, 2))
        model.score(row)
        model.margins(row)
        model.explain(row)


def _stump(compared: type[np.floating], nodes: int) -> FlatTrees:
    """One question, its two leaves, and as many more leaves that nothing leads to."""
    left = np.arange(nodes, dtype=np.int32)
    left[0] = 1
    threshold = np.full(nodes, np.inf, dtype=compared)
    threshold[0] = 0.5
    return FlatTrees(
        columns=2,
        threshold=threshold,
        place=np.zeros(nodes, dtype=np.int32),
        left=left,
        leaf=np.arange(nodes, dtype=np.float64),
        cover=np.ones(nodes),
        root=np.array([0, nodes]),
        depth=np.array([1]),
        code_column=np.array([1]),
        code=np.ones(1),
        code_missing=np.zeros(1, dtype=np.int64),
        base=0.0,
    )


if __name__ == "__main__":
    warm_up()
