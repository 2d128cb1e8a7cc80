"""How every function of the kernel is compiled, and how long compiled code is good.

numba keeps compiled code on disk and takes it for good as long as the function's own file has not changed.
But compiled code contains the functions that it calls and the constants of `layout`: by that rule alone, a
change in one module would leave old code running in the functions of another. Here compiled code is good as
long as no file of the kernel has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numba import njit

__all__ = ["compiled", "inlined", "source_stamp"]

F = TypeVar("F", bound=Callable[..., object])


def source_stamp(folder: Path) -> str:
    """What marks compiled code on disk: a hash of all sources in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


_STAMP = source_stamp(Path(__file__).parent)


def _compile(function: F, **options: str) -> F:
    dispatcher = njit(nogil=True, cache=True, **options)(function)
    if dispatcher is function:
        # NUMBA_DISABLE_JIT: words must wrap in the interpreter, too, and as silently as compiled ones do.
        return cast("F", np.errstate(all="ignore")(function))
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return cast("F", dispatcher)


def compiled(function: F) -> F:
    """Compile a function to run without the interpreter's lock, and keep the code on disk."""
    return _compile(function)


def inlined(function: F) -> F:
    """As `compiled`, and copied into each caller before types are known."""
    return _compile(function, inline="always")
