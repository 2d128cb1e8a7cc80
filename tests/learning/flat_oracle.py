"""Trees walked and taken apart the slow way: as their definition says, in plain Python."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from sevenfold.learning.trees import LEAF, Trees


def random_trees(
    rng: np.random.Generator,
    *,
    columns: int,
    categories: frozenset[int] = frozenset(),
    trees: int = 3,
    depth: int = 4,
    mode: str = "BRANCH_LT",
    float32: bool = True,
) -> Trees:
    """Grow trees at random: uneven, with features asked again, empty nodes, and single leaves."""
    grown = [_grow(rng, columns, categories, depth, number) for number in range(trees)]
    joined = {name: np.concatenate([np.array(one[name]) for one in grown]) for name in grown[0]}
    if float32 and mode == "BRANCH_LT":
        joined["threshold"] = joined["threshold"].astype(np.float32).astype(np.float64)
    return Trees(
        tree=joined["tree"].astype(np.int64),
        node=joined["node"].astype(np.int64),
        feature=joined["feature"].astype(np.int64),
        threshold=joined["threshold"].astype(np.float64),
        true=joined["true"].astype(np.int64),
        false=joined["false"].astype(np.int64),
        missing_true=joined["missing_true"].astype(bool),
        weight=joined["weight"].astype(np.float64),
        cover=joined["cover"].astype(np.float64),
        equal=joined["equal"].astype(bool),
        mode=mode,
        base=0.25,
        float32=float32,
    )


def _grow(rng, columns, categories, depth, number) -> dict[str, list]:
    names = ["tree", "node", "feature", "threshold", "true", "false"]
    names += ["missing_true", "weight", "cover", "equal"]
    nodes: dict[str, list] = {name: [] for name in names}

    def add(level: int, cover: float) -> int:
        at = len(nodes["node"])
        for name in nodes:
            nodes[name].append(0)
        nodes["tree"][at], nodes["node"][at], nodes["cover"][at] = number, at, cover
        if level == depth or rng.random() < 0.2:
            nodes["feature"][at], nodes["weight"][at] = LEAF, rng.normal()
            return at
        feature = int(rng.integers(0, columns))
        nodes["feature"][at], nodes["equal"][at] = feature, feature in categories
        values = rng.integers(0, 3) if feature in categories else rng.choice([-0.5, 0.1, 0.3, 1 / 3])
        nodes["threshold"][at], nodes["missing_true"][at] = values, rng.random() < 0.5
        share = rng.choice([0.0, 0.25, 0.5, 0.9])
        nodes["true"][at] = add(level + 1, cover * share)
        nodes["false"][at] = add(level + 1, cover - cover * share)
        return at

    add(0, 100.0)
    return nodes


def random_rows(
    rng: np.random.Generator, rows: int, columns: int, categories: frozenset[int] = frozenset()
) -> np.ndarray:
    """Rows on the thresholds of `random_trees`, beside them, and with gaps."""
    X = rng.choice([-0.5, 0.1, 0.3, 1 / 3, np.nextafter(0.3, 1), np.float32(0.1), 2.0], (rows, columns))
    for column in categories:
        X[:, column] = rng.integers(0, 4, rows)
    X[rng.random(X.shape) < 0.25] = np.nan
    return X


def holds(trees: Trees, node: int, x: np.ndarray) -> bool:
    """Answer one question as the library does."""
    value = x[trees.feature[node]]
    if np.isnan(value):
        return bool(trees.missing_true[node])
    if trees.float32:
        value = float(np.float32(value))
    threshold = trees.threshold[node]
    if trees.equal[node]:
        return bool(value == threshold)
    return bool(value < threshold if trees.mode == "BRANCH_LT" else value <= threshold)


def expected(trees: Trees, root: int, x: np.ndarray, known: frozenset[int]) -> float:
    """What one tree gives on average where only some features are known: the game of TreeSHAP."""

    def value(node: int) -> float:
        if trees.feature[node] == LEAF:
            return float(trees.weight[node])
        true, false = root + trees.true[node], root + trees.false[node]
        if trees.feature[node] in known:
            return value(true if holds(trees, node, x) else false)
        whole = trees.cover[node]
        shares = [trees.cover[child] / whole if whole else 0.0 for child in (true, false)]
        return shares[0] * value(true) + shares[1] * value(false)

    return value(root)


def total(trees: Trees, x: np.ndarray, known: frozenset[int]) -> float:
    """The same for all trees."""
    return trees.base + sum(expected(trees, r, x, known) for r in np.flatnonzero(trees.node == 0))


def shapley(trees: Trees, x: np.ndarray) -> np.ndarray:
    """Shapley values by their definition: over all coalitions of features."""
    n = len(x)
    games = {
        frozenset(s): total(trees, x, frozenset(s)) for k in range(n + 1) for s in combinations(range(n), k)
    }
    values = np.zeros(n)
    for i in range(n):
        for coalition, without in games.items():
            if i not in coalition:
                k = len(coalition)
                weight = math.factorial(k) * math.factorial(n - k - 1) / math.factorial(n)
                values[i] += weight * (games[coalition | {i}] - without)
    return values
