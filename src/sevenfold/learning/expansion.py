"""One-hot columns for methods that can't read the code of a category as it is.

Each code becomes a column of zeros and ones: one for other values, one for each known value, and one for a
missing value. Trees trained on these columns are exported as questions about the code itself, so the served
graph never builds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix
    from sevenfold.learning.encoding import Encoding

__all__ = ["MISSING", "Expansion"]

MISSING = -1
"""The level that stands for NaN in a category."""

NUMBER = -2
"""The level of a column that is a number and is passed on as it is."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """Which expanded column comes from which feature.

    Parameters
    ----------
    source
        int64, shape (expanded columns,): the feature's position in the encoded row.
    level
        int64, shape (expanded columns,): the code whose column this is, `MISSING`, or `NUMBER`.
    """

    source: npt.NDArray[np.int64]
    level: npt.NDArray[np.int64]

    @classmethod
    def of(cls, encoding: Encoding) -> Expansion:
        """Lay out the expanded columns of an encoding: feature by feature, in their order."""
        pairs = [
            (i, level)
            for i, column in enumerate(encoding.columns)
            for level in ([NUMBER] if column.categories is None else [*range(column.levels), MISSING])
        ]
        source, level = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return cls(source, level)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def is_plain(self) -> bool:
        """Whether there is no category, so that the encoded rows need no change."""
        return bool((self.level == NUMBER).all())

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Expand encoded rows: float64, shape (rows, expanded columns)."""
        if self.is_plain:
            return X
        expanded = np.empty((len(X), len(self)), dtype=np.float64)
        for j, (i, level) in enumerate(zip(self.source, self.level, strict=True)):
            column = X[:, i]
            if level == NUMBER:
                expanded[:, j] = column
            else:
                expanded[:, j] = np.isnan(column) if level == MISSING else column == level
        return expanded
