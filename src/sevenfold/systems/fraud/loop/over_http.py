"""A service somewhere else, reached as any caller reaches it: with a key, over HTTP."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from sevenfold.data.table import normalise
from sevenfold.errors import Fault, UsageError
from sevenfold.serving.replay.calls import outer_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.serving.replay.client import Target

__all__ = ["OverHttp"]

_AT_ONCE = 500
_TRIES = 8
_LONGEST_WAIT_S = 5.0
_TIMEOUT_S = 60.0
_ANSWER = pl.Schema({"payment_id": pl.String(), "action": pl.String(), "score": pl.Float64()})


class OverHttp:
    """A door over HTTP. What is not answered is sent again, which changes nothing where it had arrived.

    Parameters
    ----------
    target
        Where the service is, and the key, with the scopes decide and ingest.
    events, decides
        The design's events by name, and the one that is decided.
    """

    def __init__(self, target: Target, events: Mapping[str, EventType], decides: str) -> None:
        self._target, self._events, self._decides = target, events, decides
        self._connection: http.client.HTTPConnection | None = None

    def decide(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Decide payments; see `door.Door.decide`.

        Raises
        ------
        UsageError
            The service does not answer, or refuses one of them.
        """
        event = self._events[self._decides]
        answers: list[tuple[str, str, float | None]] = []
        for part in _parts(outer_rows(event, normalise(event, payments))):
            for row, answer in zip(part, self._send("/v1/decisions", part), strict=True):
                if "action" not in answer:
                    raise _refused(self._decides, answer)
                answers.append((str(row[event.__key__]), answer["action"], answer["score"]))
        return pl.DataFrame(answers, schema=_ANSWER, orient="row")

    def tell(self, event: str, frame: pl.DataFrame) -> None:
        """Bring in other events, in outside form.

        Raises
        ------
        UsageError
            The service does not answer, or refuses one of them.
        """
        declared = self._events[event]
        for part in _parts(outer_rows(declared, normalise(declared, frame))):
            answer = self._send(f"/v1/events/{event}", part)
            if answer.get("refused") or answer.get("conflicts"):
                raise _refused(event, answer)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, path: str, rows: Sequence[Mapping[str, Any]]) -> Any:
        body = msgspec.json.encode(rows)
        wait, got = 0.1, ""
        for _ in range(_TRIES):
            try:
                status, answer, told = self._post(path, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                got = f"{type(error).__name__}: {error}"
            else:
                if status in (200, 202):
                    return msgspec.json.decode(answer)
                got = f"{status}: {answer[:300].decode(errors='replace')}"
                if status not in (429, 503):
                    break
                wait = max(wait, float(told or 0))
            time.sleep(min(wait, _LONGEST_WAIT_S))
            wait *= 2
        where = f"{self._target.host}:{self._target.port}{path}"
        hint = "Start it: sevenfold serve fraud; and make a key: sevenfold keys create."
        raise UsageError("The service does not decide.", [Fault(where, "an answer", got, hint)])

    def _post(self, path: str, body: bytes) -> tuple[int, bytes, str | None]:
        if self._connection is None:
            host, port, tls = self._target.host, self._target.port, self._target.tls
            self._connection = (
                http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
                if tls is None
                else http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=tls)
            )
        headers = {"content-type": "application/json"}
        if self._target.key:
            headers["authorization"] = f"Bearer {self._target.key}"
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        return response.status, response.read(), response.headers.get("retry-after")


def _parts(rows: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE)]


def _refused(event: str, answer: Any) -> UsageError:
    got = msgspec.json.encode(answer)[:500].decode(errors="replace")
    return UsageError("The service refuses what the world sends.", [Fault(event, "to be taken", got)])
