"""What a fitted model computes, as plain data: what the flat form that serves decisions is compiled from.

A sum over trees or over weights, the scale it is in, and the calibration behind it. A model that is no such
sum has no formula and is served by ONNX Runtime alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector, IntVector
    from sevenfold.learning.calibration import Calibrator
    from sevenfold.learning.trees import Trees

__all__ = ["Formula", "HasFormula", "Link", "Weights", "formula_of"]

Link = Literal["log odds", "probability"]


@dataclass(frozen=True, eq=False)
class Weights:
    """A sum of one term a feature; arrays without another shape have shape (features,).

    The term of a number is ``weight * (x - mean) / scale``, or `missing` where there is none; that of a
    category is its code's weight.

    Parameters
    ----------
    intercept
        What the sum starts from.
    mean, scale, weight, missing
        float64, of numbers.
    slots
        int64: how many weights a category has, the last one for a missing value; 0 for a number.
    table
        float64, shape (all slots,): the weights of the categories, feature after feature.
    """

    intercept: float
    mean: FloatVector
    scale: FloatVector
    weight: FloatVector
    missing: FloatVector
    slots: IntVector
    table: FloatVector


@dataclass(frozen=True, eq=False)
class Formula:
    """A model as plain data.

    Parameters
    ----------
    sum
        What is added up.
    link
        What the sum is: log odds, or already a probability.
    class_weight
        By how much the odds of a sum that is a probability are too high.
    calibration
        What is applied to the model's probability; ``None`` leaves it.
    """

    sum: Trees | Weights
    link: Link = "log odds"
    class_weight: float = 1.0
    calibration: Calibrator | None = None


@runtime_checkable
class HasFormula(Protocol):
    """A model that is a sum."""

    def formula(self) -> Formula | None:
        """Give the model as plain data, or ``None`` where it wraps one that is no sum."""
        ...


def formula_of(model: Any) -> Formula | None:
    """Give a model's formula, or ``None`` where it has none."""
    return model.formula() if isinstance(model, HasFormula) else None
