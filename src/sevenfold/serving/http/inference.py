"""The routes of the Open Inference Protocol, as handlers behind the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get, post

from sevenfold.errors import DataError, SevenfoldError
from sevenfold.serving.http.problem import ProblemError
from sevenfold.serving.inference_protocol import NotReadyError, NotServedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.types import ControllerRouterHandler

    from sevenfold.serving.inference_protocol import InferenceProtocol

__all__ = ["inference_handlers"]

_MODEL = "/v2/models/{name:str}"
_VERSION = "/v2/models/{name:str}/versions/{version:str}"
_RETRY_S = 5


def inference_handlers(protocol: InferenceProtocol) -> Sequence[ControllerRouterHandler]:
    """Make the handlers: for `door.Behind`."""

    @get("/v2", summary="What serves")
    async def server() -> Response[bytes]:
        return _json(protocol.server())

    @get("/v2/health/live", summary="Whether the server lives")
    async def live() -> Response[bytes]:
        return _json({"live": True})

    @get("/v2/health/ready", summary="Whether the model can be used")
    async def server_ready() -> Response[bytes]:
        return _ready(protocol, protocol.name, None)

    @get([_MODEL, _VERSION], summary="What the model takes and gives")
    async def metadata(name: str, version: str | None = None) -> Response[bytes]:
        try:
            return _json(protocol.metadata(name, version))
        except SevenfoldError as error:
            raise _problem(error) from error

    @get([f"{_MODEL}/ready", f"{_VERSION}/ready"], summary="Whether this model can be used")
    async def ready(name: str, version: str | None = None) -> Response[bytes]:
        return _ready(protocol, name, version)

    @post([f"{_MODEL}/infer", f"{_VERSION}/infer"], summary="Score rows of features", status_code=200)
    async def infer(
        request: Request[Any, Any, Any], name: str, version: str | None = None
    ) -> Response[bytes]:
        try:
            answer = protocol.infer(await request.body(), name, version)
        except SevenfoldError as error:
            raise _problem(error) from error
        return Response(answer, media_type="application/json")

    return [server, live, server_ready, metadata, ready, infer]


def _ready(protocol: InferenceProtocol, name: str, version: str | None) -> Response[bytes]:
    try:
        if protocol.ready(name, version):
            return _json({"ready": True})
    except SevenfoldError as error:
        raise _problem(error) from error
    raise ProblemError(
        "unavailable", "There is no model that can be used at the moment.", retry_after_s=_RETRY_S
    )


def _problem(error: SevenfoldError) -> ProblemError:
    """Say an error of the protocol in the door's way."""
    if isinstance(error, NotServedError):
        return ProblemError("not-found", error.summary, error.faults)
    if isinstance(error, NotReadyError):
        return ProblemError("unavailable", error.summary, retry_after_s=_RETRY_S)
    if isinstance(error, DataError):
        return ProblemError("invalid", error.summary, error.faults)
    raise error


def _json(value: object) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json")
