"""The Lambda handler: scores as the bundle does, over HTTP and by direct invocation, and explains itself."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import BundleError, UsageError
from sevenfold.learning.bundle import Bundle, write_bundle
from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.extra import require
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.serving import aws_lambda

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

require("sklearn", "testing")

ROWS: list[dict[str, Any]] = [
    {"amount": 12.5, "country": "DE"},
    {"amount": None, "country": "NL"},
    {"amount": 900, "country": None},
    {"amount": 3, "country": "never seen"},
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    random = np.random.default_rng(4)
    n = 400
    features = pl.DataFrame(
        {"amount": random.lognormal(3, 1, n), "country": random.choice(["DE", "NL", "FR"], n)}
    )
    encoding = Encoding.learn(features)
    y = (features["amount"].to_numpy() > 30).astype(np.int8)
    model = LogisticRegression().fit(Table(encoding.encode(features), y, encoding))
    return write_bundle(
        tmp_path_factory.mktemp("bundles"),
        model=export(model, len(encoding)),
        program={"design": "small"},
        encoding=encoding,
        metadata={},
        record={},
    )


@pytest.fixture(autouse=True)
def _served(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(aws_lambda.BUNDLE, str(bundle.path))
    aws_lambda._protocol.cache_clear()
    yield
    aws_lambda._protocol.cache_clear()


def http(body: object, **more: Any) -> tuple[int, dict[str, Any]]:
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "body": body if isinstance(body, str) else json.dumps(body),
    }
    answer = aws_lambda.handler(event | more)
    kind = "application/json" if answer["statusCode"] == 200 else "application/problem+json"
    assert answer["headers"] == {"content-type": kind}
    return answer["statusCode"], json.loads(answer["body"])


def test_it_scores_as_the_bundle_does(bundle: Bundle) -> None:
    expected = bundle.scorer().score_frame(pl.DataFrame(ROWS))
    answer = aws_lambda.handler({"rows": ROWS}, None)
    assert answer["model"] == bundle.id
    np.testing.assert_array_equal(answer["probabilities"], expected)
    assert http({"rows": ROWS}) == (200, answer)
    encoded = base64.b64encode(json.dumps({"rows": ROWS}).encode()).decode()
    assert http(encoded, isBase64Encoded=True) == (200, answer)
    assert aws_lambda.handler({"rows": []})["probabilities"] == []


def test_it_speaks_the_open_inference_protocol(bundle: Bundle) -> None:
    columns = {"amount": "FP64", "country": "BYTES"}
    inputs = [
        {"name": name, "datatype": datatype, "shape": [4], "data": [row[name] for row in ROWS]}
        for name, datatype in columns.items()
    ]
    status, answer = http({"id": "7", "inputs": inputs})
    assert (status, answer["id"], answer["model_name"], answer["model_version"]) == (
        200,
        "7",
        "small",
        bundle.id,
    )
    assert answer["outputs"][0]["data"] == aws_lambda.handler({"rows": ROWS})["probabilities"]
    told = aws_lambda.handler({"httpMethod": "GET", "requestContext": {}})
    assert [one["name"] for one in json.loads(told["body"])["inputs"]] == ["amount", "country"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "The body is no JSON"),
        ('"\\ud800"', 400, "The body is no JSON"),
        ("[" * 100_000, 400, "The body is no JSON"),
        ("[]", 422, "rows: expected a list of objects, one a row of features, got NoneType"),
        ({"rows": [1]}, 422, "rows: expected a list of objects, one a row of features, got list"),
        ({"rows": [{"amount": 1}, {}]}, 422, "rows[0].country: expected a value or null, got none"),
        (
            {"rows": [{"amount": 1, "country": "DE", "x": 1}]},
            422,
            "rows[0]: expected the model's features, got another",
        ),
        (
            {"rows": [{"amount": "1", "country": "DE"}]},
            422,
            "inputs.amount.data[0]: expected a finite number or null",
        ),
        (
            {"rows": [{"amount": 1, "country": 5}]},
            422,
            "inputs.country.data[0]: expected a text or null, got int",
        ),
        ({"rows": [{"amount": 1e300, "country": None}]}, 422, "expected a finite number or null"),
        ({"rows": [{}] * 10_001}, 422, "rows: expected at most 10,000, got 10,001"),
        ({"inputs": 5}, 422, "$.inputs: expected `array`, got `int`"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_else(body: object, status: int, said: str) -> None:
    code, problem = http(body)
    faults = [
        f"{one['where']}: expected {one['expected']}, got {one['got']}" for one in problem.get("errors", [])
    ]
    assert code == problem["status"] == status
    assert any(said in text for text in (problem["detail"], *faults)), problem
    assert "Traceback" not in json.dumps(problem)


def test_other_requests_are_problems_too() -> None:
    assert http("", requestContext={"http": {"method": "DELETE"}})[0] == 405
    assert http("%%%", isBase64Encoded=True)[0] == 400
    assert http("")[0] == 400
    direct = aws_lambda.handler({"row": []})
    assert (direct["status"], direct["type"]) == (422, "urn:sevenfold:problem:invalid")


def test_without_a_sound_bundle_the_function_fails(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(aws_lambda.BUNDLE)
    with pytest.raises(UsageError, match="SEVENFOLD_BUNDLE: expected the folder of a bundle"):
        aws_lambda.handler({"rows": []})
    monkeypatch.setenv(aws_lambda.BUNDLE, str(tmp_path))
    with pytest.raises(BundleError):
        aws_lambda.handler({"rows": []})


def test_it_needs_no_more_than_its_image_holds(bundle: Bundle) -> None:
    """Neither numba nor a web framework: they cost seconds when a function starts."""
    code = (
        "import sys, json\n"
        "from sevenfold.serving.aws_lambda import handler\n"
        f"handler({{'rows': json.loads({json.dumps(json.dumps(ROWS))})}})\n"
        "from importlib.metadata import packages_distributions as held\n"
        "found = held()\n"
        "roots = {module.partition('.')[0] for module in sys.modules}\n"
        "print(json.dumps([name.lower() for root in roots for name in found.get(root, [])]))\n"
    )
    environment = {**os.environ, aws_lambda.BUNDLE: str(bundle.path)}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    used = set(json.loads(ran.stdout)) - {"sevenfold"}
    assert {"numpy", "onnxruntime", "polars", "msgspec"} <= used
    assert used.isdisjoint(
        {"numba", "litestar", "granian", "cyclopts", "rich", "scikit-learn", "xgboost-cpu"}
    )
