"""What went wrong, as RFC 9457 has it: ``application/problem+json``, and never a stack trace.

Each kind of problem has a name; ``type`` is that name as a URN, and docs/http.md says what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.errors import Fault

__all__ = ["MEDIA_TYPE", "PROBLEMS", "Kind", "ProblemError", "Reply", "encode_problem", "reply_to"]

MEDIA_TYPE = "application/problem+json"
_SHOWN = 50
"""How many faults a problem lists."""


class Kind(NamedTuple):
    """A kind of problem: its status code, and a title that is the same for all of them."""

    status: int
    title: str


PROBLEMS = {
    "malformed": Kind(400, "The body cannot be read"),
    "unauthenticated": Kind(401, "A key is needed"),
    "forbidden": Kind(403, "The key is not good for this"),
    "not-found": Kind(404, "There is nothing here"),
    "method-not-allowed": Kind(405, "This is not done here"),
    "timeout": Kind(408, "The body did not arrive in time"),
    "conflict": Kind(409, "Another event is known under this key"),
    "changed": Kind(409, "Somebody else changed it meanwhile"),
    "too-large": Kind(413, "The body is too large"),
    "unsupported-media-type": Kind(415, "The body is of a type that is not taken"),
    "invalid": Kind(422, "The event is not what its schema declares"),
    "too-many-requests": Kind(429, "The key's rate is used up"),
    "internal": Kind(500, "The service failed"),
    "unavailable": Kind(503, "Not now"),
}
"""Every kind of problem by its name."""


class ProblemError(Exception):
    """A request can't be answered as it was meant.

    Parameters
    ----------
    name
        A key of `PROBLEMS`.
    detail
        A sentence about this one, without anything that the caller sent.
    faults
        What is wrong, field by field.
    retry_after_s
        When it is worth trying again.
    headers
        More headers of the reply.
    close
        Whether the connection ends with the reply, since the rest of the body was not read.
    """

    def __init__(
        self,
        name: str,
        detail: str,
        faults: Sequence[Fault] = (),
        *,
        retry_after_s: float | None = None,
        headers: Sequence[tuple[str, str]] = (),
        close: bool = False,
    ) -> None:
        super().__init__(detail)
        self.name, self.detail, self.faults = name, detail, faults
        self.headers = list(headers)
        if retry_after_s is not None:
            self.headers.append(("retry-after", str(max(1, -int(-retry_after_s // 1)))))
        if close:
            self.headers.append(("connection", "close"))


class Reply(NamedTuple):
    """What goes back to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def encode_problem(
    name: str, detail: str, faults: Sequence[Fault] = (), request_id: str | None = None
) -> bytes:
    """Write a problem as JSON.

    Examples
    --------
    >>> msgspec.json.decode(encode_problem("conflict", "The first one stands."))["type"]
    'urn:sevenfold:problem:conflict'
    """
    kind = PROBLEMS[name]
    body: dict[str, Any] = {
        "type": f"urn:sevenfold:problem:{name}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    if faults:
        body["errors"] = [_fault(fault) for fault in faults[:_SHOWN]]
    if len(faults) > _SHOWN:
        body["more_errors"] = len(faults) - _SHOWN
    if request_id is not None:
        body["request_id"] = request_id
    return msgspec.json.encode(body)


def reply_to(error: ProblemError, request_id: str) -> Reply:
    """Make the reply for a problem."""
    headers = [("content-type", MEDIA_TYPE), ("x-request-id", request_id), *error.headers]
    body = encode_problem(error.name, error.detail, error.faults, request_id)
    return Reply(PROBLEMS[error.name].status, headers, body)


def _fault(fault: Fault) -> dict[str, str]:
    told = {"where": fault.where, "expected": fault.expected, "got": fault.got}
    if fault.hint:
        told["hint"] = fault.hint
    return told
