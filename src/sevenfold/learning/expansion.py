"""How the codes of categories are shown to the libraries that grow trees.

A code is a name, not a quantity: its only sensible question is "is it this one?". `Expansion` gives each
code a column of zeros and ones, which any library can read; `Codes` leaves one column a category, for a
library that knows what a category is, and takes a fraction of the time. Trees grown on either are translated
back to questions about the encoded row, so the served graph never builds these columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sevenfold.learning.trees import LEAF, Trees

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, IntVector
    from sevenfold.learning.encoding import Encoding

__all__ = ["Codes", "Expansion", "Layout"]

_MISSING = -1.0
"""What a missing category is compared with: no code is negative, and NaN is sent the same way."""

_NUMBER = -2
"""The level of a column that is a number and is passed on as it is."""


class Layout(Protocol):
    """The columns that a library sees."""

    @property
    def source(self) -> IntVector:
        """The position in the encoded row that each column comes from, shape (columns,)."""
        ...

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Turn encoded rows into the library's columns: float64, shape (rows, columns)."""
        ...

    def translate(self, trees: Trees) -> Trees:
        """Turn trees grown on these columns into trees that ask about the encoded row."""
        ...


@dataclass(frozen=True, eq=False)
class Expansion:
    """A column of zeros and ones for each code, and one for a missing value.

    Parameters
    ----------
    source
        int64, shape (columns,): the feature's position in the encoded row.
    level
        int64, shape (columns,): the code whose column this is, -1 for a missing value, -2 for a number.
    """

    source: IntVector
    level: IntVector

    @classmethod
    def of(cls, encoding: Encoding) -> Expansion:
        """Lay out the columns of an encoding: feature by feature, in their order."""
        pairs = [
            (i, level)
            for i, column in enumerate(encoding.columns)
            for level in ([_NUMBER] if column.categories is None else [*range(column.levels), -1])
        ]
        source, level = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return cls(source, level)

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Expand encoded rows: float64, shape (rows, columns)."""
        if (self.level == _NUMBER).all():
            return X
        expanded = np.empty((len(X), len(self.source)), dtype=np.float64)
        for j, (i, level) in enumerate(zip(self.source, self.level, strict=True)):
            column = X[:, i]
            if level == _NUMBER:
                expanded[:, j] = column
            else:
                expanded[:, j] = np.isnan(column) if level < 0 else column == level
        return expanded

    def translate(self, trees: Trees) -> Trees:
        """Turn "is this code's column below the threshold?" into "is it this code?", branches exchanged."""
        leaf = trees.feature == LEAF
        column = np.where(leaf, 0, trees.feature)
        level = np.where(leaf, _NUMBER, self.level[column])
        coded = level != _NUMBER
        return replace(
            trees,
            feature=np.where(leaf, LEAF, self.source[column]),
            threshold=np.where(coded, level, trees.threshold),
            true=np.where(coded, trees.false, trees.true),
            false=np.where(coded, trees.true, trees.false),
            missing_true=np.where(coded, level == _MISSING, trees.missing_true),
            equal=coded,
        )


@dataclass(frozen=True, eq=False)
class Codes:
    """One column a category, in which a missing value has a code of its own.

    Parameters
    ----------
    levels
        int64, shape (features,): how many codes a category has, which is also the code of a missing value; 0
        for a number.
    """

    levels: IntVector

    @classmethod
    def of(cls, encoding: Encoding) -> Codes:
        """Lay out the columns of an encoding."""
        return cls(np.array([column.levels for column in encoding.columns], dtype=np.int64))

    @property
    def source(self) -> IntVector:
        """Every column is its feature's."""
        return np.arange(len(self.levels))

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Give missing categories their code: float64, shape (rows, features)."""
        categories = np.flatnonzero(self.levels)
        if not len(categories):
            return X
        coded = X.copy()
        for i in categories:
            coded[np.isnan(X[:, i]), i] = self.levels[i]
        return coded

    def translate(self, trees: Trees) -> Trees:
        """Turn "is it the code of a missing value?" into "is it missing?"."""
        asked = np.where(trees.feature == LEAF, 0, trees.feature)
        missing = trees.equal & (trees.threshold == self.levels[asked])
        return replace(
            trees,
            threshold=np.where(missing, _MISSING, trees.threshold),
            missing_true=np.where(trees.equal, missing, trees.missing_true),
        )
