"""Names for the arrays that the room passes around, and the length of a day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["DAY_MS", "FloatMatrix", "FloatVector", "IntVector", "Mask", "Times", "Values"]

DAY_MS = 86_400_000
"""A day in milliseconds."""

FloatMatrix = npt.NDArray[np.float64]
FloatVector = npt.NDArray[np.float64]

IntVector = npt.NDArray[np.int64]

Mask = npt.NDArray[np.bool_]
"""Which rows are meant, shape (rows,)."""

Times = npt.NDArray[np.int64]
"""Moments, epoch milliseconds."""

Values = npt.NDArray[np.int8]
"""Labels: 0, 1, or -1 where nothing is known."""
