"""Scoring, for one event or for a table: what every served model offers, and ONNX Runtime's form of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import DataError, Fault
from sevenfold.learning.graph import INPUT, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding

__all__ = ["RowScorer", "Scorer"]

_BATCH = 65_536
"""Rows handed to the runtime at once, so that its intermediate tensors stay small."""


class RowScorer(ABC):
    """A served model: probabilities from features.

    Parameters
    ----------
    encoding
        What its input columns mean.
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding

    @abstractmethod
    def score(self, X: FloatMatrix) -> FloatVector:
        """Score encoded rows.

        Parameters
        ----------
        X
            float64, shape (rows, features), as `Encoding.encode` gives it.

        Returns
        -------
        FloatVector
            Probability of the positive class, float64, shape (rows,).
        """

    def score_frame(self, frame: pl.DataFrame) -> FloatVector:
        """Encode a frame of features and score it.

        Raises
        ------
        DataError
            Columns are missing, of the wrong kind, or hold infinities.
        """
        return self.score(self.encoding.encode(frame))

    def score_row(self, values: Mapping[str, Any] | Sequence[Any]) -> float:
        """Score one event by its features: by name, or in the order of `Encoding.names`.

        Raises
        ------
        DataError
            A feature is infinite.
        """
        row = self.encoding.encode_row(values)
        score = float(self.score(row[None, :])[0])
        if not 0.0 <= score <= 1.0 or np.isinf(row).any():
            names = self.encoding.names
            raise DataError(
                "Features must be finite; a missing value is null.",
                [
                    Fault(names[i], "a finite number or null", str(row[i]))
                    for i in np.flatnonzero(np.isinf(row))
                ],
            )
        return score


class Scorer(RowScorer):
    """A served model on ONNX Runtime.

    Parameters
    ----------
    model
        The serialised ONNX graph.
    encoding
        What its input columns mean.
    threads
        Threads of one call; one is fastest for one event, and leaves the other cores to other requests.
    """

    def __init__(self, model: bytes, encoding: Encoding, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        super().__init__(encoding)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def score(self, X: FloatMatrix) -> FloatVector:
        """Score encoded rows."""
        parts = [self._run(np.ascontiguousarray(X[i : i + _BATCH])) for i in range(0, len(X), _BATCH)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _run(self, X: FloatMatrix) -> FloatVector:
        scores: FloatVector = self._session.run([OUTPUT], {INPUT: X})[0]
        return scores
