"""How much a label is expected to teach a model: uncertainty, disagreement, and both among many like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import UsageError

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector

__all__ = ["density", "disagreement", "uncertainty"]


def uncertainty(score: FloatVector) -> FloatVector:
    """Entropy of each score in bits: 1 at a half, 0 where the model is sure (Lewis and Gale, 1994).

    Parameters
    ----------
    score
        Calibrated probabilities, shape (rows,); NaN where there is none, which counts as a half.

    Examples
    --------
    >>> uncertainty(np.array([0.5, 0.0, 1.0, np.nan])).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    p = np.clip(np.where(np.isnan(score), 0.5, score), 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(p * np.log2(p) + (1.0 - p) * np.log2(1.0 - p))
    return np.asarray(np.nan_to_num(bits, nan=0.0))


def disagreement(scores: FloatMatrix) -> FloatVector:
    """How far the members of a committee are from their mean, in bits (McCallum and Nigam, 1998).

    The Kullback–Leibler divergence of each member's prediction from the committee's, averaged; that is the
    entropy of the mean less the mean of the entropies.

    Parameters
    ----------
    scores
        Probabilities, shape (members, rows).

    Examples
    --------
    >>> disagreement(np.array([[0.0, 0.5], [1.0, 0.5]])).tolist()
    [1.0, 0.0]
    """
    if scores.ndim != 2 or not len(scores):
        raise UsageError(f"A committee's scores have the shape (members, rows), not {scores.shape}.")
    alone = uncertainty(scores).mean(axis=0)
    return np.asarray(np.maximum(uncertainty(scores.mean(axis=0)) - alone, 0.0))


def density(values: FloatVector, X: FloatMatrix) -> FloatVector:
    """Values weighted by how like the others each row is (Settles and Craven, 2008, equation 8).

    Unlike them we take the cosine of standardised features, whose mean over all rows is one product with the
    mean direction: linear in the rows. It is brought from -1…1 to 0…1.

    Parameters
    ----------
    values
        What a label teaches by itself, shape (rows,).
    X
        Features, shape (rows, features); NaN is the column's mean.
    """
    if not len(values):
        return values
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(X)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, X, 0.0)
        mean = filled.sum(axis=0) / count
        centred = np.where(known, X - mean, 0.0)
        scale = np.sqrt((centred**2).sum(axis=0) / count)
        standard = centred / np.where(scale > 0, scale, 1.0)
        length = np.linalg.norm(standard, axis=1, keepdims=True)
        direction = standard / np.where(length > 0, length, 1.0)
    likeness = direction @ direction.mean(axis=0)
    return np.asarray(values * (1.0 + likeness) / 2.0)
