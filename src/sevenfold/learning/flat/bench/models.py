"""The models that are measured, each in its three forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import BundleError
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.extra import require
from sevenfold.learning.flat.file import read_flat
from sevenfold.learning.flat.publish import publish
from sevenfold.learning.graph import export
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.random_forest import RandomForest
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.learning.arrays import FloatMatrix
    from sevenfold.learning.candidate import Candidate, Model
    from sevenfold.learning.flat.model import FlatModel

__all__ = ["FEATURES", "Subject", "make_table", "subjects"]

FEATURES = 60
"""Numbers in a row, a tenth of them missing."""

Call = "Callable[[FloatMatrix], Any]"


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with everything that scores or explains it.

    Parameters
    ----------
    name
        What it is.
    flat, onnx
        Our two forms; ONNX Runtime on one thread, as it serves.
    onnx_shared
        ONNX Runtime on all cores.
    library
        The library's own scoring call, of the name `library_name`.
    explain
        The library's own contributions, the base behind them; ``None`` where it has none.
    """

    name: str
    flat: FlatModel
    onnx: Scorer
    onnx_shared: Scorer
    library_name: str
    library: Callable[[FloatMatrix], Any]
    explain: Callable[[FloatMatrix], Any] | None


def make_table(rows: int, seed: int = 7) -> Table:
    """Make a table with a tenth of its values missing and a twentieth of its rows positive."""
    random = np.random.default_rng(seed)
    X = random.lognormal(size=(rows, FEATURES))
    X[random.random(X.shape) < 0.1] = np.nan
    known = np.nan_to_num(X)
    pull = known[:, 0] * known[:, 1] + known[:, 2:12].sum(axis=1) + random.normal(size=rows)
    encoding = Encoding(tuple(Column(f"feature_{i}") for i in range(FEATURES)))
    return Table(X, (pull > np.quantile(pull, 0.95)).astype(np.int8), encoding)


def subjects(table: Table, trees: int, tell: Callable[[str], None]) -> list[Subject]:
    """Train the models, each on one thread for its calls later.

    Parameters
    ----------
    trees
        How many each ensemble has.

    Raises
    ------
    BundleError
        A flat form does not predict what ONNX Runtime does.
    """
    candidates: list[Candidate] = [
        XGBoost(trees=trees, depth=6, early_stopping=None, name=f"XGBoost, {trees} trees of depth 6"),
        LightGBM(trees=trees, leaves=31, early_stopping=None, name=f"LightGBM, {trees} trees of 31 leaves"),
        RandomForest(trees=trees, depth=10, name=f"random forest, {trees} trees of depth 10"),
        LogisticRegression(name="logistic regression"),
    ]
    found = []
    for candidate in candidates:
        tell(f"training {candidate.name}")
        found.append(_subject(candidate, candidate.fit(table, seed=1, threads=0), table))
    return found


def _subject(candidate: Candidate, model: Any, table: Table) -> Subject:
    onnx = export(model, FEATURES)
    published = publish(model, onnx, table.encoding, table.X[:5_000])
    if published.content is None:
        raise BundleError(f"{candidate.name}: {published.reason}")
    name, score, explain = _library(candidate, model)
    return Subject(
        candidate.name,
        read_flat(published.content, table.encoding),
        Scorer(onnx, table.encoding),
        Scorer(onnx, table.encoding, threads=0),
        name,
        score,
        explain,
    )


def _library(
    candidate: Candidate, model: Any
) -> tuple[str, Callable[[FloatMatrix], Any], Callable[[FloatMatrix], Any] | None]:
    """Give the library's own calls, as its documentation has them for serving: one row on one thread."""
    if isinstance(candidate, XGBoost):
        xgboost, booster = require("xgboost", "measuring xgboost"), model.booster
        types = ["q"] * FEATURES

        def contributions(X: FloatMatrix) -> Any:
            data = xgboost.DMatrix(X, feature_types=types, nthread=_threads(X))
            booster.set_param({"nthread": _threads(X)})
            return booster.predict(data, pred_contribs=True)

        def scored(X: FloatMatrix) -> Any:
            booster.set_param({"nthread": _threads(X)})
            return booster.inplace_predict(X)

        return "XGBoost", scored, contributions
    if isinstance(candidate, LightGBM):
        booster = model.booster
        return (
            "LightGBM",
            lambda X: booster.predict(X, num_threads=_threads(X)),
            lambda X: booster.predict(X, pred_contrib=True, num_threads=_threads(X)),
        )
    if isinstance(candidate, RandomForest):
        forest = model.forest

        def voted(X: FloatMatrix) -> Any:
            forest.n_jobs = _threads(X) or -1
            return forest.predict_proba(X)[:, 1]

        return "scikit-learn", voted, None
    fitted: Model = model
    return "numpy", fitted.predict, None


def _threads(X: FloatMatrix) -> int:
    """One for one row, and all of them, which the libraries call 0, for a table."""
    return 1 if len(X) == 1 else 0
