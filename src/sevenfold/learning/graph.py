"""A small builder of ONNX graphs, so that a model and its preprocessing become one file.

Every graph takes one double tensor ``features`` (rows, features), NaN where a value is missing, and gives one
double tensor ``probability`` (rows,). Double from end to end: a float32 input would round values across the
thresholds of trees and the sums of linear models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sevenfold._version import __version__
from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.learning.candidate import Model

__all__ = ["INPUT", "OUTPUT", "Graph", "export"]

INPUT = "features"
OUTPUT = "probability"

_OPSET = 18
_ML_OPSET = 3
_IR_VERSION = 9


class Graph:
    """Nodes in the order in which they run.

    Parameters
    ----------
    dimension
        How many features a row has.
    """

    def __init__(self, dimension: int) -> None:
        self._onnx = require("onnx", "exporting a model to ONNX")
        self._helper = require("onnx.helper", "exporting a model to ONNX")
        self._dimension = dimension
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> str:
        """Add a constant tensor and give its name."""
        name = f"c{len(self._constants)}"
        array = np.ascontiguousarray(np.asarray(values, dtype=dtype))
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator with one output and give that output's name."""
        output = f"n{len(self._nodes)}"
        self._nodes.append(
            self._helper.make_node(operator, list(inputs), [output], domain=domain, **attributes)
        )
        return output

    def tensor(self, values: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> Any:
        """Make a tensor for an operator's attribute."""
        return self._onnx.numpy_helper.from_array(np.asarray(values, dtype=dtype), "values")

    def cast(self, source: str, to: str) -> str:
        """Convert a tensor to ``float``, ``double`` or ``int64``."""
        return self.node("Cast", source, to=getattr(self._onnx.TensorProto, to.upper()))

    def columns(self, source: str, indices: Sequence[int]) -> str:
        """Pick columns of a (rows, features) tensor, in this order; all of them in order cost no node."""
        if list(indices) == list(range(self._dimension)):
            return source
        return self.node("Gather", source, self.constant(indices, np.int64), axis=1)

    def flat(self, source: str) -> str:
        """Reshape a (rows, 1) tensor to (rows,)."""
        return self.node("Reshape", source, self.constant([-1], np.int64))

    def finish(self, output: str) -> bytes:
        """Close the graph on one of its tensors and serialise it; equal nodes give equal bytes."""
        double = self._onnx.TensorProto.DOUBLE
        self._nodes.append(self._helper.make_node("Identity", [output], [OUTPUT]))
        graph = self._helper.make_graph(
            self._nodes,
            "model",
            [self._helper.make_tensor_value_info(INPUT, double, ["rows", self._dimension])],
            [self._helper.make_tensor_value_info(OUTPUT, double, ["rows"])],
            self._constants,
        )
        opsets = [
            self._helper.make_opsetid("", _OPSET),
            self._helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ]
        model = self._helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=_IR_VERSION,
            producer_name="sevenfold",
            producer_version=__version__,
        )
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def export(model: Model, dimension: int) -> bytes:
    """Serialise a fitted model as ONNX.

    Parameters
    ----------
    model
        Any fitted candidate.
    dimension
        How many features a row has.

    Raises
    ------
    MissingExtraError
        The extra [learn], which brings ``onnx``, is not installed.
    """
    graph = Graph(dimension)
    return graph.finish(model.add_to(graph, INPUT))
