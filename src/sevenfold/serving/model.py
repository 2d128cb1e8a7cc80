"""The model as a service holds it: loaded, matched to the features, and replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sevenfold.errors import BundleError, Fault
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.text import text_code

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.features.plan import Asking
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.reference import Reference
    from sevenfold.learning.risk_scale import RiskScale

__all__ = ["Model", "ModelRows", "ServedModel"]


_TOGETHER = 256
"""Rows from which on each different text is looked up once."""


class Model(Protocol):
    """Anything that scores encoded rows: a flat model, or one in ONNX Runtime."""

    def score(self, X: FloatMatrix) -> FloatVector:
        """Give the probability of the positive class, shape (rows,), for float64 rows (rows, features)."""
        ...


@dataclass(frozen=True)
class ServedModel:
    """A model with its name and its input.

    Parameters
    ----------
    id
        That of its bundle.
    encoding
        How features become its input.
    model
        What scores.
    risk_scale
        What turns its probabilities into risk scores; `None` gives none.
    review_price
        What a review must save at least, as learned on its validation period.
    reference
        How feature values were spread over its training set; `None` leaves that out of reasons.
    """

    id: str
    encoding: Encoding
    model: Model
    risk_scale: RiskScale | None = None
    review_price: float = 0.0
    reference: Reference | None = None


class ModelRows:
    """Turns features as the kernel has them to the rows that a model takes.

    Parameters
    ----------
    asking
        What the kernel computes.
    encoding
        What the model takes.

    Raises
    ------
    BundleError
        Where the kernel does not compute what the model takes.
    """

    def __init__(self, asking: Asking, encoding: Encoding) -> None:
        places = {name: place for place, name in enumerate(asking.names)}
        faults = [
            Fault(f"features.{column.name}", "a feature of the design", "none of that name")
            for column in encoding.columns
            if column.name not in places
        ]
        faults += [
            Fault(f"features.{column.name}", _kind(text=text), _kind(text=not text))
            for column in encoding.columns
            if column.name in places
            and (text := column.categories is not None) != (column.name in asking.texts)
        ]
        if faults:
            raise BundleError("The model takes other features than the design computes", faults)
        names = encoding.names
        self._places = np.array([places[name] for name in names], np.int64)
        self._in_order = self._places.tolist() == list(range(len(asking.names)))
        self._counts = np.array([name in asking.counts for name in names], np.bool_)
        self._texts = [
            (i, {text_code(text): float(code) for code, text in enumerate(column.categories, 1)})
            for i, column in enumerate(encoding.columns)
            if column.categories is not None
        ]

    def __call__(self, words: NDArray[np.int64]) -> FloatMatrix:
        """Encode rows of words, (rows, features of the kernel), as `Encoding.encode_row` would: float64.

        Returns
        -------
        FloatMatrix
            C-contiguous, (rows, features of the model).
        """
        taken = words if self._in_order else words.take(self._places, axis=1)
        rows: FloatMatrix = np.where(self._counts, taken, taken.view(np.float64))
        nulls = taken == NULL_INT
        if nulls.any():  # or a float's negative zero, which has the same bits
            rows[nulls & self._counts] = np.nan
        for column, codes in self._texts:
            hashes = words[:, self._places[column]]
            if len(hashes) >= _TOGETHER:
                different, of = np.unique(hashes, return_inverse=True)
                coded = [np.nan if word == NULL_INT else codes.get(word, 0.0) for word in different.tolist()]
                rows[:, column] = np.array(coded)[of]
                continue
            rows[:, column] = [
                np.nan if word == NULL_INT else codes.get(word, 0.0) for word in hashes.tolist()
            ]
        return rows


def _kind(*, text: bool) -> str:
    return "a text" if text else "a number"
