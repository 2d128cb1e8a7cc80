"""A committee: models that learned from different draws of the same labels, so that they may disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, Values

__all__ = ["Committee"]


@dataclass(frozen=True, eq=False)
class Committee:
    """Small boosted trees, each grown on a bootstrap of the labels (Abe and Mamitsuka, 1998).

    Parameters
    ----------
    members
        The library's boosters.
    threads
        For scoring; 0 takes every core.
    """

    members: tuple[Any, ...]
    threads: int = 0

    @classmethod
    def fit(
        cls,
        X: FloatMatrix,
        y: Values,
        *,
        members: int = 5,
        trees: int = 60,
        leaves: int = 15,
        weight: FloatVector | None = None,
        seed: int = 7,
        threads: int = 0,
    ) -> Committee:
        """Train one.

        Parameters
        ----------
        X, y
            Features, shape (rows, features), NaN for missing; labels of 0 and 1. Both classes are needed.
        members
            How many models; a single one learns from all rows as they are.
        trees, leaves
            Of each member.
        weight
            What each row weighs.
        seed, threads
            Of the training.

        Raises
        ------
        MissingExtraError
            The library is not installed.
        """
        library = require("lightgbm", "a committee")
        rng = np.random.default_rng(seed)
        settings = {
            "objective": "binary",
            "num_leaves": leaves,
            "learning_rate": 0.1,
            "min_data_in_leaf": 5,
            "min_sum_hessian_in_leaf": 1e-3,
            "feature_fraction": 0.5,
            "lambda_l2": 1.0,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        found = []
        for number in range(members):
            rows = np.arange(len(y)) if members == 1 else _bootstrap(y, rng)
            data = library.Dataset(X[rows], y[rows], weight=None if weight is None else weight[rows])
            found.append(library.train({**settings, "seed": seed + number}, data, trees))
        return cls(tuple(found), threads)

    def scores(self, X: FloatMatrix) -> FloatMatrix:
        """What each member thinks: probabilities, shape (members, rows)."""
        return np.stack([np.asarray(member.predict(X, num_threads=self.threads)) for member in self.members])


def _bootstrap(y: Values, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows drawn with replacement from each class by itself, so that a rare one is never left out."""
    parts = [np.flatnonzero(y == value) for value in (0, 1)]
    return np.concatenate([rng.choice(part, len(part)) for part in parts if len(part)])
