"""A door in a process of its own, before a service that only remembers.

Called as ``http_process.py HOME SECONDS [CERTIFICATE KEY]``.
The service decides by what the payment's merchant is called: ``slow`` takes a second, ``boom`` raises,
``busy`` is unavailable. The first line on stdout is the address.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import sevenfold as sf
from sevenfold.data.rows import convert
from sevenfold.errors import DataError, Fault, LogError, UsageError
from sevenfold.serving.http.door import Behind, make_application
from sevenfold.serving.http.inference import inference_handlers
from sevenfold.serving.http.journal import Journal
from sevenfold.serving.http.limits import Limits
from sevenfold.serving.http.plugged import Plugged
from sevenfold.serving.http.problem import ProblemError
from sevenfold.serving.http.server import Address, leave, serve
from sevenfold.serving.inference_protocol import InferenceProtocol
from sevenfold.serving.model import ServedModel
from sevenfold.serving.outcome import Accepted, Outcome
from sevenfold.serving.stats import Stats
from sevenfold.serving.verdict import RuleCount
from sevenfold.trust.key_file import KeyFile
from sevenfold.trust.keys import KeyRing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.serving.http.plugged import Asked


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    """A payment."""

    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    merchant: sf.Entity
    amount: sf.Money
    currency: sf.Category = "EUR"
    country: sf.Category | None = None


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    """What labels it."""

    chargeback_id: str
    reported_at: sf.Timestamp
    payment_id: str
    card: sf.Entity
    merchant: sf.Entity


EVENTS = {"Payment": Payment, "Chargeback": Chargeback}


COUNTED: dict[str, Any] = {
    "decided": 5,
    "actions": {"approve": 4, "block": 1},
    "seconds": {"model": 0.5},
    "model": "m1",
    "policy": "p1",
    "log_end": 17,
    "snapshot_offset": 10,
    "stage_buckets": {"model": [0, 2, 3, *[0] * 11]},
    "score_buckets": [1, 0, 4, *[0] * 13],
    "score_sum": 0.25,
    "nulls": {"country": 2},
    "rules": {"burst": RuleCount(hits=3), "old": RuleCount(broken=True)},
}
STATS = Stats(**{field.name: COUNTED.get(field.name, 0) for field in dataclasses.fields(Stats)})


class Remembering:
    """Knows what it was sent."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], tuple[Any, ...]] = {}

    async def decided(self, values: Mapping[str, object] | bytes) -> Outcome:
        assert not isinstance(values, bytes)
        try:
            row = convert(Payment, values, strict=True)
        except DataError as error:
            return Outcome("refused", faults=error.faults)
        if row[3] == "boom":
            raise ZeroDivisionError(f"secret {values}")
        if row[3] == "busy":
            return Outcome("unavailable", faults=[Fault("service", "room", "none")], retry_after_s=0.2)
        await asyncio.sleep(1.0 if row[3] == "slow" else 0.0)
        known = self.known.setdefault(("Payment", row[0]), row)
        if known != row:
            return Outcome("conflict", faults=[Fault("Payment.payment_id", "a new key", "a known one")])
        return Outcome("new" if known is row else "repeated", self._answer(row[0]))

    def _answer(self, key: str) -> bytes:
        return msgspec.json.encode(
            {
                "decision_id": f"d-{key}",
                "event_id": key,
                "action": "approve",
                "score": 0.5,
                "reasons": [],
                "rules": [],
                "model": None,
                "policy": "p",
                "elapsed_us": 1,
            }
        )

    async def accept(self, event: str, rows: Sequence[Mapping[str, object]]) -> Accepted:
        faults: list[Fault] = []
        conflicts: list[int] = []
        new = duplicates = 0
        for position, values in enumerate(rows):
            try:
                row = convert(EVENTS[event], values, strict=True)
            except DataError as error:
                faults += [
                    Fault(f"row {position}: {f.where}", f.expected, f.got, f.hint) for f in error.faults
                ]
                continue
            known = self.known.setdefault((event, row[0]), row)
            new += known is row
            duplicates += known == row and known is not row
            if known != row:
                conflicts.append(position)
        return Accepted(new, duplicates, faults, conflicts)

    def record(self, event_id: str) -> dict[str, Any] | None:
        known = self.known.get(("Payment", event_id))
        return None if known is None else {"event_id": event_id, "features": {"amount": known[4]}}

    def ready(self) -> list[str]:
        return ["the log is being read"] if ("Payment", "unready") in self.known else []


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """What is noted about a case."""

    text: str
    weight: int = 1


class Page(msgspec.Struct):
    """Which cases are listed."""

    limit: int = 10


class Noted(msgspec.Struct):
    """What was noted, where and by whom."""

    case: str
    text: str
    by: str


def _note(asked: Asked) -> Noted:
    case = asked.path["case"]
    if case == "gone":
        raise ProblemError("not-found", "There is no such case.")
    if case == "taken":
        raise ProblemError("changed", "It was closed a moment ago.")
    if case == "odd":
        raise UsageError("The case is odd.", [Fault("case", "an even one", "an odd one")])
    if case == "stuck":
        raise LogError("The log cannot be written")
    return Noted(case, asked.body.text, asked.caller.name)


async def _cases(asked: Asked) -> list[str]:
    return [f"case-{number}" for number in range(max(min(asked.query.limit, 3), 0))]


PLUGGED = [
    Plugged(
        "POST",
        "/v1/cases/{case}/notes",
        "review",
        _note,
        "Note something about a case.",
        room="review",
        body=Note,
        answer=Noted,
        status=201,
        example={"text": "called the customer"},
    ),
    Plugged("GET", "/v1/cases", "read", _cases, "List cases.", room="review", query=Page, answer=list[str]),
    Plugged("DELETE", "/v1/cases", "admin", lambda _: b"{}", "Forget them.", room="review"),
]


def _tell(url: str) -> None:
    print(url, flush=True)  # noqa: T201  (for whoever started the process)


async def main(home: Path, seconds: float, *tls: Path) -> None:
    limits = Limits(body_bytes=200_000, body_seconds=seconds, header_seconds=seconds, requests=50)
    from inference_process import ENCODING, model  # beside this script, and no module of a test run

    served = ServedModel("m1", ENCODING, model())
    alone = inference_handlers(InferenceProtocol("test", lambda: served))
    behind = Behind(
        "test", EVENTS, "Payment", Remembering(), stats=lambda: STATS, handlers=alone, plugged=PLUGGED
    )
    journal = Journal(pretty=False)
    application = make_application(behind, KeyRing(KeyFile(home / "keys.json")), limits, journal)
    await serve(
        application,
        Address(port=0, certificate=tls[0] if tls else None, key=tls[1] if tls else None),
        limits,
        journal,
        _tell,
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]), *map(Path, sys.argv[3:])))
    leave()
