"""What every learning method offers: the protocol that a new one has to follow.

A `Candidate` is a declaration, a frozen dataclass with the method's settings. Fitting it gives a `Model`,
which predicts probabilities, adds itself to an ONNX graph and says what it weighs. Nothing outside a
method's own file knows more about it than this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector, Mask, Values
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.graph import Graph

__all__ = ["Candidate", "ClassWeight", "Model", "Table", "positive_weight"]

ClassWeight = float | Literal["balanced"] | None
"""How many times a positive row counts: a number, ``"balanced"`` (both classes weigh the same), or once."""


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    Parameters
    ----------
    X
        float64, shape (rows, features), as `encoding` gave it.
    y
        int8 of 0 and 1, shape (rows,).
    encoding
        What the columns of `X` mean.
    weight
        float64, shape (rows,), or ``None`` where every row counts once.
    """

    X: FloatMatrix
    y: Values
    encoding: Encoding
    weight: FloatVector | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: Mask) -> Table:
        """Take the rows that a boolean mask selects."""
        return replace(
            self, X=self.X[rows], y=self.y[rows], weight=None if self.weight is None else self.weight[rows]
        )


@runtime_checkable
class Model(Protocol):
    """A fitted candidate."""

    @property
    def parameters(self) -> int:
        """How many numbers the model consists of: weights, or nodes of trees."""
        ...

    def predict(self, X: FloatMatrix) -> FloatVector:
        """Give the probability of the positive class: float64, shape (rows,), for rows (rows, features)."""
        ...

    def add_to(self, graph: Graph, features: str) -> str:
        """Add the model to a graph.

        `features` names a double tensor (rows, features); the name returned is a double tensor of
        probabilities (rows,).
        """
        ...

    def importance(self) -> dict[str, float]:
        """Give each feature's share of what the model relies on, by the method's own measure."""
        ...


class Candidate(Protocol):
    """One learning method with its settings."""

    @property
    def name(self) -> str:
        """What tables and plots call it; unique within a declaration."""
        ...

    @property
    def wants_validation(self) -> bool:
        """Whether `fit` makes use of a validation period."""
        ...

    def fit(
        self, training: Table, validation: Table | None = None, *, seed: int = 0, threads: int = 0
    ) -> Model:
        """Learn from a table that holds both classes.

        The same table, seed and threads give the same model. ``threads=0`` uses every core.
        """
        ...

    def settled(self, model: Any) -> Candidate:
        """Give the candidate with all that the validation period decided fixed, for a fit without one."""
        ...


def positive_weight(table: Table, class_weight: ClassWeight) -> float:
    """How many times a positive row counts.

    A model trained with this weight `w` sees the odds of the positive class `w` times too high; each
    candidate divides them by `w` again, so that it always predicts probabilities.
    """
    if class_weight is None:
        return 1.0
    if class_weight == "balanced":
        positives = int(table.y.sum())
        return (len(table) - positives) / positives
    return float(class_weight)
