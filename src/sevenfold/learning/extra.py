"""Libraries that only training needs, asked for where they are used."""

from __future__ import annotations

import importlib
import os
from typing import Any

from sevenfold.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, purpose: str, extra: str = "learn") -> Any:
    """Import a module of an optional extra.

    Parameters
    ----------
    module
        Dotted name of the module: ``sklearn.linear_model``.
    purpose
        What needs it, as the subject of a sentence: ``training xgboost``.
    extra
        The extra that installs it.

    Raises
    ------
    MissingExtraError
        The library is not installed. An import that fails inside an installed library is passed on as it is.
    """
    # OpenMP's threads spin while they wait for one another. Where another process wants the cores too (a
    # server beside a training), two spinning threads are many times slower than one; sleeping ones are not.
    # OpenMP reads this when it is loaded, which is what happens next; a user's own choice stands.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.split(".")[0] == error.name.split(".")[0]:
            raise MissingExtraError(extra, purpose) from error
        raise
