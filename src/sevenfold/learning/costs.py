"""What a model costs to serve, and whether its export is the model."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import BundleError, Fault
from sevenfold.learning.graph import export
from sevenfold.learning.scorer import Scorer

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix
    from sevenfold.learning.candidate import Model
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.fitting import Fitted

__all__ = ["TOLERANCE", "Costs", "check_export", "costs_of", "measure_costs"]

TOLERANCE = 1e-6
"""How far an exported model's probabilities may be from those of the library that trained it."""

_CALLS = 200


@dataclass(frozen=True, slots=True)
class Costs:
    """What a model costs.

    Parameters
    ----------
    fit_seconds
        To train it, with validation and calibration.
    parameters
        Weights, or nodes of trees.
    bytes
        Of the exported model.
    row_us
        Microseconds to score one event, its features encoded: the median of 200 calls on one thread.
    """

    fit_seconds: float
    parameters: int
    bytes: int
    row_us: float

    def to_json(self) -> dict[str, float]:
        """Give the figures as plain data."""
        return asdict(self)


def costs_of(fitted: Fitted, encoding: Encoding, X: FloatMatrix) -> Costs:
    """Export a model, check the export, and time it on some encoded rows, shape (rows, features), not none.

    Raises
    ------
    BundleError
        The export predicts something else.
    """
    onnx = export(fitted.model, len(encoding))
    check_export(fitted.model, onnx, encoding, X)
    return measure_costs(fitted, onnx, encoding, X)


def measure_costs(fitted: Fitted, onnx: bytes, encoding: Encoding, X: FloatMatrix) -> Costs:
    """Time an exported model on some encoded rows, shape (rows, features), not none."""
    scorer = Scorer(onnx, encoding)
    taken = []
    for i in range(_CALLS):
        row = X[i % len(X)][None, :]
        begun = time.perf_counter()
        scorer.score(row)
        taken.append(time.perf_counter() - begun)
    return Costs(fitted.seconds, fitted.model.parameters, len(onnx), float(np.median(taken)) * 1e6)


def check_export(model: Model, onnx: bytes, encoding: Encoding, X: FloatMatrix) -> float:
    """Compare an exported model with the library that trained it.

    Returns
    -------
    float
        The largest difference of a probability over the rows of `X`.

    Raises
    ------
    BundleError
        It exceeds `TOLERANCE`.
    """
    difference = np.abs(Scorer(onnx, encoding).score(X) - model.predict(X))
    worst = float(difference.max(initial=0.0))
    if not worst <= TOLERANCE:
        row = int(np.argmax(difference))
        raise BundleError(
            "The exported model does not predict what the trained one does; it was not registered.",
            [Fault(f"training row {row}", f"a difference of at most {TOLERANCE:g}", f"{worst:.3g}")],
        )
    return worst
