"""The model alone over HTTP, asked by an independent client of the Open Inference Protocol."""

from __future__ import annotations

import http.client
import json
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PATIENCE_S = 60
AMOUNTS = np.array([1.0, 2.0, 7.5])
CITIES = np.array(["Oslo", "Rome", "Bergen"], dtype=object)
ODDS = np.array([-1.0, 1.0, 5.5])
"""What `inference_process.model` gives: the amount less 2, one more in Rome."""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, dict[str, str]]]:
    """Where the model is served, and the headers that open the door."""
    home = tmp_path_factory.mktemp("inference")
    key, _ = KeyFile(home / "keys.json").create("gateway", ["decide"])
    words = [sys.executable, str(HERE / "inference_process.py"), str(home)]
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
            url = process.stdout.readline().strip() if ready else ""
            assert url.startswith("http://"), (home / "log").read_text()
            yield url.removeprefix("http://"), {"authorization": f"Bearer {key}"}
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def client(served) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(url=served[0], network_timeout=PATIENCE_S) as client:
        yield client


def tensors(amounts=AMOUNTS, cities=CITIES, *, binary: bool = False) -> list[triton.InferInput]:
    number, category = (
        triton.InferInput("amount", list(amounts.shape), "FP64"),
        triton.InferInput("city", list(cities.shape), "BYTES"),
    )
    number.set_data_from_numpy(amounts, binary_data=binary)
    category.set_data_from_numpy(cities, binary_data=binary)
    return [number, category]


def wanted(binary: bool = False) -> list[triton.InferRequestedOutput]:
    return [triton.InferRequestedOutput("probability", binary_data=binary)]


def test_a_client_finds_out_what_is_served(served, client):
    headers = served[1]
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("small", headers=headers)
    assert client.is_model_ready("small", "v1", headers=headers)
    assert client.get_server_metadata(headers=headers)["name"] == "sevenfold"
    assert client.get_model_metadata("small", headers=headers) == {
        "name": "small",
        "versions": ["v1"],
        "platform": "sevenfold",
        "inputs": [
            {"name": "amount", "datatype": "FP64", "shape": [-1]},
            {"name": "city", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "probability", "datatype": "FP64", "shape": [-1]}],
    }


@pytest.mark.parametrize("version", ["", "v1"])
def test_a_client_gets_the_model_s_probabilities(version, served, client):
    answer = client.infer("small", tensors(), version, outputs=wanted(), request_id="r1", headers=served[1])
    np.testing.assert_allclose(answer.as_numpy("probability"), 1 / (1 + np.exp(-ODDS)), rtol=1e-15)
    response = answer.get_response()
    assert (response["id"], response["model_name"], response["model_version"]) == ("r1", "small", "v1")


def test_columns_of_a_matrix_do_as_well(served, client):
    inputs = tensors(AMOUNTS[:, None], CITIES[:, None])
    answer = client.infer("small", inputs, headers=served[1])  # outputs not named: asks for binary ones
    np.testing.assert_allclose(answer.as_numpy("probability"), 1 / (1 + np.exp(-ODDS)), rtol=1e-15)


def test_a_client_is_told_what_is_wrong(served, client):
    headers = served[1]
    with pytest.raises(InferenceServerException, match="The inputs are not those of the model"):
        client.infer("small", tensors()[:1], headers=headers)
    with pytest.raises(InferenceServerException, match="No such model is served"):
        client.infer("other", tensors(), headers=headers)
    with pytest.raises(InferenceServerException, match="No such version is served"):
        client.get_model_metadata("small", "v2", headers=headers)
    with pytest.raises(InferenceServerException, match="binary_data=False"):
        client.infer("small", tensors(binary=True), headers=headers)
    with pytest.raises(InferenceServerException, match="A key is needed"):
        client.infer("small", tensors())


def test_null_is_a_missing_value(served):
    address, headers = served
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
    inputs = [
        {"name": "amount", "datatype": "FP64", "shape": [1], "data": [None]},
        {"name": "city", "datatype": "BYTES", "shape": [1], "data": [None]},
    ]
    try:
        connection.request(
            "POST",
            "/v2/models/small/infer",
            json.dumps({"inputs": inputs}),
            headers | {"content-type": "application/json"},
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    assert response.status == 200
    assert answer["outputs"][0]["data"] == [pytest.approx(1 / (1 + np.exp(-0.5)))]
    assert "id" not in answer
