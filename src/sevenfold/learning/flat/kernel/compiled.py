"""How these functions are compiled, and how long compiled code is good: as in the feature kernel.

numba keeps compiled code on disk as long as the function's own file has not changed, though it contains the
functions that it calls. Here it is good as long as no file of this folder has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numba import njit

from sevenfold.features.kernel.compiled import source_stamp

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])

_STAMP = source_stamp(Path(__file__).parent)


def compiled(function: F) -> F:
    """Compile a function to run without the interpreter's lock, and keep the code on disk."""
    dispatcher = njit(nogil=True, cache=True)(function)
    if dispatcher is function:
        # NUMBA_DISABLE_JIT: the interpreter must be as silent on overflow as compiled code is.
        return cast("F", np.errstate(all="ignore")(function))
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return cast("F", dispatcher)
