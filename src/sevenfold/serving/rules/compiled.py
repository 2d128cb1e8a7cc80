"""How the kernel of rules and backtests is compiled: as that of features, and again when either changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numba import njit

from sevenfold.features.kernel import rowwise
from sevenfold.features.kernel.compiled import source_stamp

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])

_RULES = Path(__file__).parent
_FOLDERS = (Path(rowwise.__file__).parent, _RULES, _RULES.parent / "backtest")
_STAMP = hashlib.sha256("".join(map(source_stamp, _FOLDERS)).encode()).hexdigest()


def compiled(function: F) -> F:
    """Compile a function to run without the interpreter's lock, and keep the code on disk."""
    dispatcher = njit(nogil=True, cache=True)(function)
    if dispatcher is function:  # NUMBA_DISABLE_JIT: words must wrap in the interpreter, too
        return cast("F", np.errstate(all="ignore")(function))
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return cast("F", dispatcher)
