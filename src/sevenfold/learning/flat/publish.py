"""Making the flat form of a model when it is published, and comparing it with the portable one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.learning.calibration import CalibratedModel, Isotonic, Platt
from sevenfold.learning.flat.file import flat_bytes, read_flat
from sevenfold.learning.flat.kernel import link as w
from sevenfold.learning.flat.layout import FlatTrees, lay_out
from sevenfold.learning.flat.model import FlatModel
from sevenfold.learning.flat.weights import FlatWeights
from sevenfold.learning.formula import Formula, Weights, formula_of
from sevenfold.learning.graph import export
from sevenfold.learning.scorer import Scorer

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Encoding

__all__ = ["PARITY", "Published", "flatten", "probes", "publish"]

PARITY = 1e-6
"""How far the flat form's probabilities may be from those of ONNX Runtime."""

_PROBES = 4_000
_SEED = 7


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a model's flat form.

    Parameters
    ----------
    content
        The file, or ``None`` where ONNX Runtime serves the model.
    difference
        The largest difference of a probability from ONNX Runtime's; ``None`` without a flat form.
    reason
        Why there is none.
    """

    content: bytes | None = field(repr=False)
    difference: float | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give what a bundle's metadata says about it."""
        if self.content is not None:
            return {"form": "flat", "difference": self.difference}
        return {"form": "onnx", "difference": self.difference, "reason": self.reason}


def publish(model: Any, onnx: bytes, encoding: Encoding, X: FloatMatrix) -> Published:
    """Make the flat form of a model and keep it if it predicts what the portable form does.

    The two are compared before calibration, on the rows given and on rows made to lie on the trees'
    thresholds and right beside them, with values missing; the calibration is compared with itself. Compared
    behind it, they would differ by more than they do: ONNX Runtime gives the sum of trees as float32, and a
    steep piece of an isotonic calibration makes a difference of 1e-4 of that rounding. The flat form adds in
    double.

    Parameters
    ----------
    model
        A fitted candidate.
    onnx
        The model exported.
    X
        float64, shape (rows, features): encoded rows of the training set.

    Raises
    ------
    MissingExtraError
        The extra [learn], which brings ``onnx``, is not installed.
    """
    formula = formula_of(model)
    if formula is None:
        return Published(None, None, "This kind of model has no flat form.")
    flat, plain = flatten(formula, encoding, X), flatten(replace(formula, calibration=None), encoding, X)
    if flat is None or plain is None:
        return Published(None, None, "Its calibration has no flat form.")
    bare = model.model if isinstance(model, CalibratedModel) else model
    content = flat_bytes(flat)
    read = read_flat(content, encoding)
    rows = np.concatenate([X, probes(flat, X)])
    portable = Scorer(onnx if bare is model else export(bare, len(encoding)), encoding)
    calibrated = plain.score(X) if formula.calibration is None else formula.calibration.apply(plain.score(X))
    worst = max(_largest(plain.score(rows) - portable.score(rows)), _largest(read.score(X) - calibrated))
    if not worst <= PARITY:
        return Published(None, worst, f"Its flat form differs from ONNX Runtime by {worst:.3g}.")
    return Published(content, worst)


def _largest(difference: FloatVector) -> float:
    return float(np.abs(difference).max(initial=0.0))


def flatten(formula: Formula, encoding: Encoding, X: FloatMatrix, threads: int = 0) -> FlatModel | None:
    """Lay a model out, or give ``None`` where its calibration is of an unknown kind."""
    link = np.zeros(w.LINK_WORDS)
    link[w.LINK] = w.LOG_ODDS if formula.link == "log odds" else w.PROBABILITY
    link[w.CLASS_WEIGHT] = formula.class_weight
    points: FloatVector = np.empty(0)
    values: FloatVector = np.empty(0)
    calibration = formula.calibration
    if isinstance(calibration, Platt):
        link[w.CALIBRATION], link[w.SLOPE], link[w.OFFSET] = w.PLATT, calibration.slope, calibration.offset
    elif isinstance(calibration, Isotonic):
        link[w.CALIBRATION] = w.ISOTONIC
        points, values = calibration.points, calibration.values
    elif calibration is not None:
        return None
    core: FlatTrees | FlatWeights
    if isinstance(formula.sum, Weights):
        core = FlatWeights.of(formula.sum, X)
    else:
        core = lay_out(formula.sum, len(encoding))
    return FlatModel(encoding, core, link, points, values, threads)


def probes(flat: FlatModel, X: FloatMatrix) -> FloatMatrix:
    """Make rows that are hard to score alike: values on thresholds and right beside them, and missing ones.

    Returns
    -------
    FloatMatrix
        float64, shape (rows, features); none where there are no rows to start from.
    """
    if not len(X):
        return X
    random = np.random.default_rng(_SEED)
    rows: FloatMatrix = X[random.integers(0, len(X), _PROBES)].copy()
    core = flat.core
    if isinstance(core, FlatTrees):
        numbers = core.internal & (core.place < 2 * core.columns)
        for column in np.unique(core.player[numbers]):
            asked = core.threshold[numbers & (core.player == column)]
            rows[:, column] = _beside(asked, random)
    for column, coded in enumerate(flat.encoding.columns):
        if coded.categories is not None:
            rows[:, column] = random.integers(0, coded.levels, _PROBES)
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def _beside(thresholds: Any, random: np.random.Generator) -> FloatVector:
    """Draw values at some thresholds, one step of their type above, and one step below."""
    largest = np.finfo(np.float32).max
    drawn = np.clip(random.choice(thresholds, _PROBES), -largest, largest)
    with np.errstate(over="ignore"):
        steps = np.stack([drawn, *(np.nextafter(drawn, drawn.dtype.type(to)) for to in (-np.inf, np.inf))])
    chosen = steps[random.integers(0, 3, _PROBES), np.arange(_PROBES)].astype(np.float64)
    return np.clip(chosen, -largest, largest)
