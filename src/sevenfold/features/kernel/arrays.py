"""The kernel's arrays by name, for the type checker; numba finds types by itself."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Rows", "Shorts", "Words"]

Words: TypeAlias = NDArray[np.int64]
"""Integers of 64 bits, as everything in a state is."""

Floats: TypeAlias = NDArray[np.float64]
"""The same memory seen as doubles."""

Rows: TypeAlias = NDArray[np.int32]
"""Numbers of rows: a batch has fewer than 2 ** 31."""

Shorts: TypeAlias = NDArray[np.int16]
"""Small numbers, one an item."""
