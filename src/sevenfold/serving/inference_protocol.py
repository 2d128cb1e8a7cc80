"""The model alone, behind the Open Inference Protocol, version 2 (KServe, Triton, Seldon, MLServer).

Each feature is an input tensor of its own, by its name, with one value a row: ``FP64`` for a number,
``BYTES`` for a category, null for what is missing. The answer is one tensor ``probability``. Nothing is
folded, decided or kept here; whoever calls brings the features.

The protocol's JSON is read and written here; how it travels is for a door to say. No extension is offered:
binary tensors are refused, and answers are JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sevenfold._version import __version__
from sevenfold.errors import DataError, Fault, StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sevenfold.learning.arrays import FloatMatrix, FloatVector
    from sevenfold.learning.encoding import Column, Encoding
    from sevenfold.serving.model import ServedModel

__all__ = ["OUTPUT", "InferenceProtocol", "NotReadyError", "NotServedError"]

OUTPUT = "probability"
_PLATFORM = "sevenfold"
_NUMBERS = frozenset(
    ["BOOL", "FP16", "FP32", "FP64"] + [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)
_LARGEST = float(np.finfo(np.float32).max)
_HOW = 'Send "data" as JSON, with binary_data=False.'


class NotServedError(UsageError, LookupError):
    """No such model, or no such version of it, is served."""


class NotReadyError(StateError):
    """The model can't be used at the moment."""


class _Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


class _Wanted(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class _Request(msgspec.Struct):
    inputs: list[_Tensor]
    id: str | None = None
    outputs: list[_Wanted] | None = None
    parameters: dict[str, Any] = {}


_DECODER = msgspec.json.Decoder(_Request)


class InferenceProtocol:
    """Answers the requests of the protocol.

    Parameters
    ----------
    name
        What the model is called in paths: the design's name.
    current
        Gives the model that serves now, ``None`` where there is none. Its version is its bundle's id.
    """

    def __init__(self, name: str, current: Callable[[], ServedModel | None]) -> None:
        self.name = name
        self._current = current

    def server(self) -> dict[str, Any]:
        """Answer ``GET /v2``."""
        return {"name": "sevenfold", "version": __version__, "extensions": []}

    def metadata(self, name: str, version: str | None = None) -> dict[str, Any]:
        """Answer ``GET /v2/models/{name}[/versions/{version}]``.

        Raises
        ------
        NotServedError, NotReadyError
            Another model is meant, or there is none at the moment.
        """
        model = self._model(name, version)
        return {
            "name": self.name,
            "versions": [model.id],
            "platform": _PLATFORM,
            "inputs": [
                {"name": column.name, "datatype": _datatype(column), "shape": [-1]}
                for column in model.encoding.columns
            ],
            "outputs": [{"name": OUTPUT, "datatype": "FP64", "shape": [-1]}],
        }

    def ready(self, name: str, version: str | None = None) -> bool:
        """Answer ``GET /v2/models/{name}[/versions/{version}]/ready``: 200 or 503.

        Raises
        ------
        NotServedError
            Another model is meant.
        """
        try:
            self._model(name, version)
        except NotReadyError:
            return False
        return True

    def infer(self, body: bytes, name: str, version: str | None = None) -> bytes:
        """Answer ``POST /v2/models/{name}[/versions/{version}]/infer``.

        Raises
        ------
        NotServedError, NotReadyError
            Another model is meant, or there is none at the moment.
        DataError
            The request is not what the protocol and the model's inputs say; all the faults are listed.
        """
        model = self._model(name, version)
        request = _decoded(body)
        X = _rows(request, model.encoding)
        scores = model.model.score(X)
        return msgspec.json.encode(_response(self.name, model.id, request.id, scores))

    def _model(self, name: str, version: str | None) -> ServedModel:
        if name != self.name:
            raise NotServedError("No such model is served.", [Fault("model", self.name, "another name")])
        model = self._current()
        if model is None:
            raise NotReadyError("There is no model that can be used at the moment.")
        if version is not None and version != model.id:
            raise NotServedError("No such version is served.", [Fault("version", model.id, "another one")])
        return model


def _decoded(body: bytes) -> _Request:
    try:
        request = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        wanted, _, got = what.removeprefix("Expected ").removeprefix("Object missing ").partition(", got ")
        fault = Fault(where.strip("`") or "$", wanted, got or "none", _HOW)
        raise DataError("The request is not one of the Open Inference Protocol.", [fault]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fault = Fault("body", "one JSON object", "something else", _HOW)
        raise DataError("The request is not one of the Open Inference Protocol.", [fault]) from error
    if any(one.name != OUTPUT for one in request.outputs or ()):
        raise DataError("The model has no such output.", [Fault("outputs", OUTPUT, "another name")])
    return request


def _rows(request: _Request, encoding: Encoding) -> FloatMatrix:
    """Turn the input tensors into encoded rows.

    Raises
    ------
    DataError
        Inputs are missing, unknown, given twice, of the wrong type or of different lengths.
    """
    tensors = {tensor.name: tensor for tensor in request.inputs}
    faults = list(_wrong_names(request.inputs, encoding))
    values = {name: _flat(tensor) for name, tensor in tensors.items()}
    lengths = {len(column) for column in values.values()}
    if len(lengths) > 1:
        found = ", ".join(map(str, sorted(lengths)))
        faults.append(Fault("inputs", "as many values in each", f"{found} values"))
    for column in encoding.columns:
        tensor = tensors.get(column.name)
        if tensor is not None:
            faults += _wrong_values(tensor, values[column.name], column)
    if faults:
        raise DataError("The inputs are not those of the model.", faults)
    X = np.empty((lengths.pop() if lengths else 0, len(encoding)))
    for i, column in enumerate(encoding.columns):
        X[:, i] = _encoded(values[column.name], column)
    return X


def _wrong_names(tensors: Sequence[_Tensor], encoding: Encoding) -> Iterator[Fault]:
    given, known = [tensor.name for tensor in tensors], set(encoding.names)
    yield from (
        Fault(f"inputs.{name}", "an input tensor", "none") for name in encoding.names if name not in given
    )
    for name in dict.fromkeys(given):
        if name not in known:
            yield Fault("inputs", "names of the model's inputs", "another name")
        elif given.count(name) > 1:
            yield Fault(f"inputs.{name}", "one tensor", f"{given.count(name)} of them")


def _flat(tensor: _Tensor) -> list[Any]:
    """Give a tensor's values: of shape (rows,), or (rows, 1) in either of the two ways of writing it."""
    if tensor.data and all(isinstance(one, list) and len(one) == 1 for one in tensor.data):
        return [one[0] for one in tensor.data]
    return tensor.data


def _wrong_values(tensor: _Tensor, values: Sequence[Any], column: Column) -> Iterator[Fault]:
    where, wanted = f"inputs.{column.name}", _datatype(column)
    if tensor.shape not in ([len(values)], [len(values), 1]):
        yield Fault(f"{where}.shape", f"[{len(values)}], as there are values", str(tensor.shape[:4]))
    fits = tensor.datatype in _NUMBERS if column.categories is None else tensor.datatype == "BYTES"
    if not fits:
        yield Fault(f"{where}.datatype", wanted, "another type")
    for row, value in enumerate(values):
        if value is None or (_is_number(value) if column.categories is None else isinstance(value, str)):
            continue
        expected = "a finite number or null" if column.categories is None else "a text or null"
        yield Fault(f"{where}.data[{row}]", expected, type(value).__name__)
        return  # one a tensor is enough to mend it


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) <= _LARGEST


def _encoded(values: Sequence[Any], column: Column) -> FloatVector:
    if column.categories is None:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    codes = {text: float(code) for code, text in enumerate(column.categories, 1)}
    return np.array([np.nan if value is None else codes.get(value, 0.0) for value in values])


def _response(name: str, version: str, request_id: str | None, scores: FloatVector) -> dict[str, Any]:
    output = {"name": OUTPUT, "datatype": "FP64", "shape": [len(scores)], "data": scores.tolist()}
    said: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": [output]}
    return said if request_id is None else {"id": request_id, **said}


def _datatype(column: Column) -> str:
    return "FP64" if column.categories is None else "BYTES"
