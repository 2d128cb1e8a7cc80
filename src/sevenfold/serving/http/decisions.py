"""``POST /v1/decisions``: the one endpoint where every microsecond counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sevenfold.data.refusal import RefusedError
from sevenfold.errors import Fault
from sevenfold.serving.http.body import JSON, LINES, parted
from sevenfold.serving.http.problem import ProblemError, Reply, encode_problem
from sevenfold.serving.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.serving.authentication import Identity
    from sevenfold.serving.door import Doorman
    from sevenfold.serving.http.limits import Limits, RateLimits
    from sevenfold.serving.http.service import Service
    from sevenfold.serving.http.telemetry import Telemetry

__all__ = ["Decisions"]

_PROBLEM_OF = {"conflict": "conflict", "refused": "invalid", "unavailable": "unavailable"}
_DETAIL_OF = {
    "conflict": "The first event under this key stands, and nothing has changed.",
    "refused": "Nothing was decided.",
    "unavailable": "The service can't decide just now. Nothing was lost: send the same event again.",
}
_CONTENT_TYPE = {"one": JSON, "array": JSON, "lines": LINES}


class Decisions:
    """Decides what a body holds.

    Parameters
    ----------
    name
        The event that is decided.
    service
        Decides.
    doorman
        Keeps card numbers out.
    limits, rates
        How much one request may hold, and how many payments a key may send.
    telemetry
        Counts.
    """

    def __init__(
        self,
        name: str,
        service: Service,
        doorman: Doorman,
        limits: Limits,
        rates: RateLimits,
        telemetry: Telemetry,
    ) -> None:
        self._decided, self._doorman = service.decided, doorman
        self._name = name
        self._limits, self._wait = limits, rates.wait
        self._count: Callable[[str], None] = telemetry.outcome

    async def __call__(self, body: bytes, media_type: str | None, caller: Identity, request_id: str) -> Reply:
        """Answer a request.

        Raises
        ------
        ProblemError
            For a body that can't be read, a rate that is used up, and for one event without a decision. The
            events of a batch are answered each by itself.
        """
        batch = parted(body, media_type, self._limits)
        wait = self._wait(caller, len(batch.rows))
        if wait:
            detail = f"The key {caller.id} may send {caller.per_second:g} payments a second."
            raise ProblemError("too-many-requests", detail, retry_after_s=wait)
        headers = [("content-type", _CONTENT_TYPE[batch.form]), ("x-request-id", request_id)]
        if batch.form == "one":
            outcome = await self._one(batch.rows[0])
            if outcome.decided:
                return Reply(200, headers, outcome.body)
            raise _problem(outcome)
        outcomes = await asyncio.gather(*map(self._one, batch.rows))
        if all(outcome.status == "unavailable" for outcome in outcomes):
            raise _problem(outcomes[0])
        answers = [outcome.body if outcome.decided else _told(outcome) for outcome in outcomes]
        if batch.form == "array":
            return Reply(200, headers, b"[" + b",".join(answers) + b"]")
        return Reply(200, headers, b"\n".join(answers) + b"\n")

    async def _one(self, row: object) -> Outcome:
        outcome = await self._decide(row)
        self._count(outcome.status)
        return outcome

    async def _decide(self, row: object) -> Outcome:
        if type(row) is dict:
            cleaned, faults = self._doorman(row)
            return Outcome("refused", faults=faults) if faults else await self._decided(cleaned)
        if isinstance(row, RefusedError):
            return Outcome("refused", faults=[row.at(self._name)])
        got = "null" if row is None else type(row).__name__
        return Outcome("refused", faults=[Fault(self._name, "an object", got)])


def _problem(outcome: Outcome) -> ProblemError:
    wait = max(outcome.retry_after_s, 1.0) if outcome.status == "unavailable" else None
    return ProblemError(
        _PROBLEM_OF[outcome.status], _DETAIL_OF[outcome.status], outcome.faults, retry_after_s=wait
    )


def _told(outcome: Outcome) -> bytes:
    return encode_problem(_PROBLEM_OF[outcome.status], _DETAIL_OF[outcome.status], outcome.faults)
