"""Calibration: scores that mean what they say, learned on a period that the model has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np

from sevenfold.learning.extra import require
from sevenfold.learning.formula import Formula, formula_of
from sevenfold.learning.odds import log_odds, sigmoid

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, Values
    from sevenfold.learning.candidate import Model
    from sevenfold.learning.graph import Graph

__all__ = ["CALIBRATIONS", "CalibratedModel", "Calibration", "Isotonic", "Platt", "calibrator"]

Calibration = Literal["isotonic", "platt"]
CALIBRATIONS: tuple[str, ...] = get_args(Calibration)

_EDGE = 1e-9
"""Probabilities are kept this far from 0 and 1 before their log odds are taken."""


class Calibrator(Protocol):
    """A function of probabilities that never changes their order."""

    @property
    def parameters(self) -> int:
        """How many numbers it consists of."""
        ...

    def apply(self, score: FloatVector) -> FloatVector:
        """Calibrate scores, shape (rows,)."""
        ...

    def add_to(self, graph: Graph, score: str) -> str:
        """Add the function to a graph; both names are double tensors (rows,)."""
        ...


def calibrator(kind: Calibration, y: Values, score: FloatVector) -> Calibrator:
    """Learn a calibration from scores and labels of a period that the model has not seen."""
    return Isotonic.learn(y, score) if kind == "isotonic" else Platt.learn(y, score)


@dataclass(frozen=True, eq=False)
class Isotonic:
    """The best rising function (Zadrozny and Elkan, 2002), linear between its points.

    Parameters
    ----------
    points, values
        float64, shape (points,): scores, rising, and their calibrated values, not falling.
    """

    points: FloatVector
    values: FloatVector

    @classmethod
    def learn(cls, y: Values, score: FloatVector) -> Isotonic:
        """Pool adjacent violators; the points are those where the function bends.

        Where the lowest scores hold no positive, the plain method says 0, as if the next one could not be.
        The ends are therefore held where one more event of average kind would have put them.
        """
        isotonic = require("sklearn.isotonic", "calibrating a model")
        fitted = isotonic.IsotonicRegression(out_of_bounds="clip").fit(score, y)
        share, events = float(y.mean()), len(y)
        low, high = share / (events + 1), (share + events) / (events + 1)
        return cls(
            np.asarray(fitted.X_thresholds_, dtype=np.float64),
            np.clip(np.asarray(fitted.y_thresholds_, dtype=np.float64), low, high),
        )

    @property
    def parameters(self) -> int:
        """Coordinates of the points."""
        return 2 * len(self.points)

    def apply(self, score: FloatVector) -> FloatVector:
        """Interpolate; beyond the first and the last point the function is level."""
        return np.interp(score, self.points, self.values)

    def add_to(self, graph: Graph, score: str) -> str:
        """Add the function as a sum of ramps: each piece adds its slope times how far the score got in it."""
        widths, rises = np.diff(self.points), np.diff(self.values)
        if not len(widths):
            level = graph.node("Mul", score, graph.constant(0.0))
            return graph.node("Add", level, graph.constant(self.values[0]))
        column = graph.node("Unsqueeze", score, graph.constant([1], np.int64))
        inside = graph.node("Sub", column, graph.constant(self.points[:-1]))
        inside = graph.node("Max", inside, graph.constant(0.0))
        inside = graph.node("Min", inside, graph.constant(widths))
        risen = graph.flat(graph.node("MatMul", inside, graph.constant((rises / widths)[:, None])))
        # Rounding may carry the last point a hair above 1.
        return graph.node(
            "Min", graph.node("Add", risen, graph.constant(self.values[0])), graph.constant(self.values[-1])
        )


@dataclass(frozen=True, eq=False)
class Platt:
    """A logistic function of the log odds (Platt, 1999; on log odds, Kull and others, 2017).

    Parameters
    ----------
    slope, offset
        Of the calibrated log odds over the score's log odds; the slope is never negative.
    """

    slope: float
    offset: float

    @classmethod
    def learn(cls, y: Values, score: FloatVector) -> Platt:
        """Fit the two numbers by maximum likelihood, with Platt's targets: no event is quite 0 or 1."""
        linear = require("sklearn.linear_model", "calibrating a model")
        positives = int(y.sum())
        target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
        odds = log_odds(score, _EDGE)
        fitted = linear.LogisticRegression(C=1e6, solver="newton-cholesky", max_iter=200, tol=1e-10)
        # A target of 0.9 is nine parts of a positive and one part of a negative.
        fitted.fit(np.r_[odds, odds][:, None], np.repeat([1, 0], len(y)), np.r_[target, 1 - target])
        return cls(max(float(fitted.coef_[0, 0]), 0.0), float(fitted.intercept_[0]))

    @property
    def parameters(self) -> int:
        """Slope and offset."""
        return 2

    def apply(self, score: FloatVector) -> FloatVector:
        """Calibrate scores."""
        return sigmoid(self.slope * log_odds(score, _EDGE) + self.offset)

    def add_to(self, graph: Graph, score: str) -> str:
        """Add the function to a graph."""
        low, high = graph.constant(_EDGE), graph.constant(1.0 - _EDGE)
        kept = graph.node("Min", graph.node("Max", score, low), high)
        odds = graph.node("Div", kept, graph.node("Sub", graph.constant(1.0), kept))
        scaled = graph.node("Mul", graph.node("Log", odds), graph.constant(self.slope))
        return graph.node("Sigmoid", graph.node("Add", scaled, graph.constant(self.offset)))


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """A model whose scores are calibrated.

    Parameters
    ----------
    model
        The fitted candidate.
    calibration
        What is applied to its probabilities.
    """

    model: Model
    calibration: Calibrator

    @property
    def parameters(self) -> int:
        """Numbers of the model and of its calibration."""
        return self.model.parameters + self.calibration.parameters

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Calibrated probability of the positive class, float64, shape (rows,)."""
        return self.calibration.apply(self.model.predict(X))

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the model and its calibration to a graph."""
        return self.calibration.add_to(graph, self.model.add_to(graph, features))

    def formula(self) -> Formula | None:
        """Give the model's own with the calibration behind it; ``None`` where the model has none."""
        formula = formula_of(self.model)
        return None if formula is None else replace(formula, calibration=self.calibration)

    def importance(self) -> dict[str, float]:
        """Give the model's own; calibration changes no order."""
        return self.model.importance()
