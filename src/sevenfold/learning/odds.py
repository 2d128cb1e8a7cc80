"""Probabilities and their log odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector

__all__ = ["log_odds", "sigmoid"]


def sigmoid(margin: FloatVector) -> FloatVector:
    """Turn log odds into probabilities, without overflow whatever their size.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(margin))
    probability: FloatVector = np.where(margin >= 0, 1.0, small) / (1.0 + small)
    return probability


def log_odds(probability: FloatVector, edge: float) -> FloatVector:
    """Turn probabilities into log odds; those closer to 0 or 1 than `edge` count as that close.

    Examples
    --------
    >>> log_odds(np.array([0.0, 0.5]), edge=0.1).round(3)
    array([-2.197,  0.   ])
    """
    kept = np.clip(probability, edge, 1.0 - edge)
    odds: FloatVector = np.log(kept / (1.0 - kept))
    return odds
