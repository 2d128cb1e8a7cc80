"""Requests of the Open Inference Protocol: what is taken, and what is said about all the rest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sevenfold.errors import DataError
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.serving.inference_protocol import InferenceProtocol, NotReadyError, NotServedError
from sevenfold.serving.model import ServedModel

ENCODING = Encoding((Column("amount"), Column("city", ("Oslo", "Rome"))))


class First:
    """A model: remembers its rows, and gives the first column."""

    def score(self, X: np.ndarray) -> np.ndarray:
        self.rows = X
        return X[:, 0]


MODEL = First()
PROTOCOL = InferenceProtocol("small", lambda: ServedModel("v1", ENCODING, MODEL))
AMOUNT = {"name": "amount", "datatype": "FP64", "shape": [2], "data": [1.5, 2]}
CITY = {"name": "city", "datatype": "BYTES", "shape": [2], "data": ["Rome", None]}


def infer(*inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return json.loads(PROTOCOL.infer(json.dumps({"inputs": inputs, **more}).encode(), "small"))


def faults(*inputs: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        infer(*inputs, **more)
    return [str(fault) for fault in caught.value.faults]


def test_rows_are_encoded_as_the_model_takes_them():
    answer = infer(CITY, AMOUNT, id="a")
    np.testing.assert_array_equal(MODEL.rows, [[1.5, 2.0], [2.0, np.nan]])
    assert answer == {
        "id": "a",
        "model_name": "small",
        "model_version": "v1",
        "outputs": [{"name": "probability", "datatype": "FP64", "shape": [2], "data": [1.5, 2.0]}],
    }


@pytest.mark.parametrize("datatype", ["FP32", "INT64", "UINT8"])
def test_numbers_of_every_type_do(datatype):
    assert infer({**AMOUNT, "datatype": datatype}, CITY)["outputs"][0]["shape"] == [2]


def test_a_category_that_the_model_does_not_know_is_another_one():
    infer({**AMOUNT, "shape": [1], "data": [1]}, {**CITY, "shape": [1], "data": ["Bergen"]})
    assert MODEL.rows[0, 1] == 0.0


def test_no_rows_are_no_scores():
    empty = [{**one, "shape": [0], "data": []} for one in (AMOUNT, CITY)]
    assert infer(*empty)["outputs"][0]["data"] == []


def test_every_fault_is_said_at_once():
    other = {**AMOUNT, "name": "4111111111111111"}
    wrong = {**CITY, "shape": [2, 2], "datatype": "FP64", "data": ["Rome", 3, "Oslo"]}
    assert faults(other, wrong, wrong) == [
        "inputs.amount: expected an input tensor, got none",
        "inputs: expected names of the model's inputs, got another name",
        "inputs.city: expected one tensor, got 2 of them",
        "inputs: expected as many values in each, got 2, 3 values",
        "inputs.city.shape: expected [3], as there are values, got [2, 2]",
        "inputs.city.datatype: expected BYTES, got another type",
        "inputs.city.data[1]: expected a text or null, got int",
    ]


@pytest.mark.parametrize("value", [1e39, "1", [1, 2], 10**400, {}])
def test_what_is_no_number_of_the_model_is_refused(value):
    text = json.dumps({"inputs": [{**AMOUNT, "data": [1, value]}, CITY]}).encode()
    with pytest.raises(DataError) as caught:
        PROTOCOL.infer(text, "small")
    assert caught.value.faults


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "body: expected one JSON object, got something else"),
        (b"\xff\xfe", "body: expected one JSON object, got something else"),
        (
            b'{"inputs": [{"name": "amount", "shape": [1], "datatype": "FP64"}]}',
            "$.inputs[0]: expected required field `data`, got none",
        ),
        (b'{"inputs": [{"data": ' + b"[" * 100_000, "body: expected one JSON object"),
        (b'{"inputs": 3}', "$.inputs: expected `array`, got `int`"),
        (b'{"inputs": [{"name": NaN}]}', "body: expected one JSON object"),
        (b"[1]", "$: expected `object`, got `array`"),
    ],
)
def test_what_is_no_request_is_told_what_one_is(body, said):
    with pytest.raises(DataError) as caught:
        PROTOCOL.infer(body, "small")
    assert str(caught.value).startswith("The request is not one of the Open Inference Protocol.")
    assert said in str(caught.value)
    assert "binary_data=False" in str(caught.value)


def test_other_outputs_are_not_there():
    assert faults(AMOUNT, CITY, outputs=[{"name": "class"}]) == [
        "outputs: expected probability, got another name"
    ]
    assert infer(AMOUNT, CITY, outputs=[{"name": "probability"}])["outputs"]


def test_other_models_and_versions_are_not_served():
    for call in (PROTOCOL.metadata, PROTOCOL.ready):
        with pytest.raises(NotServedError, match="model: expected small, got another name"):
            call("other")
        with pytest.raises(NotServedError, match="version: expected v1, got another one"):
            call("small", "v2")
    assert PROTOCOL.metadata("small", "v1")["versions"] == ["v1"]


def test_without_a_model_nothing_is_ready():
    protocol = InferenceProtocol("small", lambda: None)
    assert not protocol.ready("small")
    with pytest.raises(NotReadyError, match="There is no model that can be used at the moment"):
        protocol.infer(b"{}", "small")
