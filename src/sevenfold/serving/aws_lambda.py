"""Stateless scoring as an AWS Lambda function: ``sevenfold.serving.aws_lambda.handler``.

It loads one bundle, from the folder that ``SEVENFOLD_BUNDLE`` names, and scores rows of features that the
caller brings. Nothing is folded, decided or kept; whoever needs decisions, rules and a log runs the service.

An event is a request of an HTTP API or of a function URL, or the body itself, by direct invocation. The body
is ``{"rows": [{feature: value, …}, …]}``, or a request of the Open Inference Protocol (``{"inputs": […]}``).
"""

from __future__ import annotations

import base64
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.errors import DataError, Fault, SevenfoldError, UsageError
from sevenfold.serving.http.problem import MEDIA_TYPE, PROBLEMS, encode_problem
from sevenfold.serving.inference_protocol import InferenceProtocol, NotReadyError, NotServedError
from sevenfold.serving.model import ServedModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BUNDLE", "MOST_ROWS", "handler"]

BUNDLE = "SEVENFOLD_BUNDLE"
"""The variable that names the bundle's folder."""

MOST_ROWS = 10_000
"""Rows of one request; Lambda itself takes bodies of at most 6 MB."""


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:  # noqa: ARG001
    """Answer one invocation.

    Parameters
    ----------
    event
        A request of an HTTP API (payload 1.0 or 2.0) or of a function URL; or the body itself.
    context
        What Lambda knows of the invocation; not used.

    Returns
    -------
    dict
        For HTTP, ``statusCode``, ``headers`` and ``body``; else the answer itself. What is wrong is problem
        JSON (RFC 9457) either way, never a stack trace.

    Raises
    ------
    UsageError, BundleError
        There is no bundle, or it is damaged: then no request could be answered, and the function fails.
    """
    protocol = _protocol()
    if "requestContext" not in event and "httpMethod" not in event:
        return msgspec.json.decode(_answered(protocol, msgspec.json.encode(event))[1])  # type: ignore[no-any-return]
    status, body = _http(protocol, event)
    media_type = "application/json" if status == 200 else MEDIA_TYPE
    return {"statusCode": status, "headers": {"content-type": media_type}, "body": body.decode()}


@cache
def _protocol() -> InferenceProtocol:
    """Load the bundle, once a process."""
    from sevenfold.learning.bundle import load_bundle

    path = os.environ.get(BUNDLE)
    if not path:
        fault = Fault(BUNDLE, "the folder of a bundle, such as /var/task/bundle", "nothing")
        raise UsageError("The function has no model.", [fault])
    bundle = load_bundle(path)
    model = ServedModel(bundle.id, bundle.encoding, bundle.served())
    return InferenceProtocol(str(bundle.program.get("design", "model")), lambda: model)


def _http(protocol: InferenceProtocol, event: Mapping[str, Any]) -> tuple[int, bytes]:
    method = event.get("httpMethod") or event.get("requestContext", {}).get("http", {}).get("method", "POST")
    if method == "GET":
        return 200, msgspec.json.encode(protocol.metadata(protocol.name))
    if method != "POST":
        return _problem("method-not-allowed", "Rows are sent by POST; GET tells what the model takes.")
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (ValueError, AttributeError):
        return _problem("malformed", "The body is not what its encoding says.")
    return _answered(protocol, raw)


def _answered(protocol: InferenceProtocol, raw: bytes) -> tuple[int, bytes]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _problem("malformed", 'The body is no JSON; send {"rows": [{…}]}.')
    try:
        if isinstance(body, dict) and "inputs" in body:
            return 200, protocol.infer(raw, protocol.name)
        return 200, msgspec.json.encode(_scored(protocol, body))
    except NotServedError as error:
        return _problem("not-found", error.summary, error.faults)
    except NotReadyError as error:
        return _problem("unavailable", error.summary, error.faults)
    except SevenfoldError as error:
        return _problem("invalid", error.summary, error.faults)


def _scored(protocol: InferenceProtocol, body: object) -> dict[str, Any]:
    """Score rows: as columns they are a request of the protocol, which checks them.

    Raises
    ------
    DataError
        With everything that is wrong with the rows.
    """
    rows = body.get("rows") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        fault = Fault("rows", "a list of objects, one a row of features", type(rows).__name__)
        raise DataError("The body holds no rows.", [fault])
    if len(rows) > MOST_ROWS:
        raise DataError(
            "There are too many rows.", [Fault("rows", f"at most {MOST_ROWS:,}", f"{len(rows):,}")]
        )
    inputs = protocol.metadata(protocol.name)["inputs"]
    names = [tensor["name"] for tensor in inputs]
    faults = [
        Fault(f"rows[{number}].{name}", "a value or null", "none")
        for number, row in enumerate(rows)
        for name in names
        if name not in row
    ]
    faults += [
        Fault(f"rows[{number}]", "the model's features", "another name", f"They are: {', '.join(names)}")
        for number, row in enumerate(rows)
        if not row.keys() <= set(names)
    ]
    if faults:
        raise DataError("The rows are not those of the model.", faults)
    tensors = [
        {**tensor, "shape": [len(rows)], "data": [row[tensor["name"]] for row in rows]} for tensor in inputs
    ]
    answer = msgspec.json.decode(protocol.infer(msgspec.json.encode({"inputs": tensors}), protocol.name))
    (output,) = answer["outputs"]
    return {"model": answer["model_version"], "probabilities": output["data"]}


def _problem(name: str, detail: str, faults: Sequence[Fault] = ()) -> tuple[int, bytes]:
    return PROBLEMS[name].status, encode_problem(name, detail, faults)
