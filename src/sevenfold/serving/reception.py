"""Where requests come in: checked, and looked up before they are folded."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sevenfold.data.body import encode
from sevenfold.data.log import NewEntry
from sevenfold.data.refusal import shown
from sevenfold.data.rows import convert, decode
from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.serving.jobs import Deciding, Taking
from sevenfold.serving.names import DECISION, REASONS
from sevenfold.serving.outcome import Accepted, Outcome
from sevenfold.serving.record import decode_reasons, decode_record, encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sevenfold.serving.parts import Parts
    from sevenfold.serving.record import DecisionRecord

__all__ = ["Reception", "Rival"]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another event under the same key, that is under way."""

    job: Deciding | Taking


class Reception:
    """Turns requests to jobs, or answers them at once where nothing has to be done.

    Attributes
    ----------
    pending
        Jobs that are not durable yet, by event and key, with the body of that event.
    explain
        Finds reasons that the log does not hold: a crash came between the decision and them.
    """

    def __init__(self, parts: Parts) -> None:
        self._events, self._log = parts.events, parts.log
        self._event = parts.events[parts.decides]
        self._name = parts.decides
        names = list(self._event.__fields__)
        self._key, self._time = names.index(self._event.__key__), names.index(self._event.__time__)
        self.pending: dict[tuple[str, str], tuple[bytes, Deciding | Taking]] = {}
        self.explain: Callable[[str, DecisionRecord], tuple[dict[str, Any], ...]] = lambda _key, _record: ()

    def decide(self, values: Mapping[str, object] | bytes) -> Deciding | Outcome | Rival:
        """Give the job of deciding an event: a new one, or the one that is under way.

        Where another event under its key is under way, nothing can be said before that is durable, or is not.
        """
        came = time.perf_counter_ns()
        try:
            if isinstance(values, bytes):
                row = decode(self._event, values, strict=True)
            else:
                row = convert(self._event, values, strict=True)
        except DataError as error:
            return Outcome("refused", faults=error.faults)
        key = str(row[self._key])
        body = encode(self._event, row)
        under_way = self.pending.get((self._name, key))
        if under_way is not None:
            known, job = under_way
            if known == body and isinstance(job, Deciding):
                return job
            return Rival(job)
        found = self._log.find(self._name, key)
        if found is not None:
            return self._known(key, same=found[2] == body)
        job = Deciding(key=key, row=row, body=body, time_ms=row[self._time], came_ns=came)
        self.pending[self._name, key] = body, job
        return job

    def _known(self, key: str, *, same: bool) -> Outcome:
        found = self._log.find(DECISION, key) if same else None
        if found is None:
            return _conflict(self._name, key, same=same)
        record = decode_record(found[2])
        body = encode_answer(found[0], key, record, self.reasons(key, record))
        return Outcome("repeated", body, event_id=key)

    def reasons(self, key: str, record: DecisionRecord) -> tuple[dict[str, Any], ...]:
        """The reasons of a decision that the log holds."""
        if record.action == "approve":
            return ()
        found = self._log.find(REASONS, key)
        return self.explain(key, record) if found is None else decode_reasons(found[2])

    def take(self, event: str, rows: Sequence[Mapping[str, object]]) -> Taking | Accepted:
        """Give the job of taking in events, or say what became of them where none is new.

        Raises
        ------
        UsageError
            Where the design has no such event.
        """
        if event not in self._events:
            known = ", ".join(self._events)
            raise UsageError("There is no such event", [Fault("event", f"one of {known}", shown(event))])
        declared = self._events[event]
        names = list(declared.__fields__)
        key_at, time_at = names.index(declared.__key__), names.index(declared.__time__)
        job = Taking(event=event)
        faults: list[Fault] = []
        conflicts: list[int] = []
        duplicates = 0
        under_way = False
        for position, values in enumerate(rows):
            try:
                row = convert(declared, values, strict=True)
            except DataError as error:
                faults += _numbered(error.faults, position)
                continue
            key, body = str(row[key_at]), encode(declared, row)
            known_body = self._body(event, key)
            if known_body is None:
                job.rows.append(row)
                job.entries.append(NewEntry(event, key, row[time_at], body))
                self.pending[event, key] = body, job
            elif known_body == body:
                duplicates += 1
                under_way |= (event, key) in self.pending
            else:
                conflicts.append(position)
                under_way |= (event, key) in self.pending
        result = Accepted(len(job.rows), duplicates, tuple(faults), tuple(conflicts))
        job.found = result
        # What is known of events that are not durable yet is told when they are.
        return job if job.rows or under_way else result

    def _body(self, event: str, key: str) -> bytes | None:
        under_way = self.pending.get((event, key))
        if under_way is not None:
            return under_way[0]
        found = self._log.find(event, key)
        return None if found is None else found[2]

    def recheck(self) -> None:
        """Settle what waits to be folded, and has come into the log by another way meanwhile."""
        for (event, key), (body, job) in list(self.pending.items()):
            if isinstance(job, Deciding) and job.durable:
                continue
            found = self._log.find(event, key)
            if found is None:
                continue
            if isinstance(job, Deciding):
                job.result = self._known(key, same=body == found[2])
                continue
            for place in reversed([place for place, own in enumerate(job.entries) if own.key == key]):
                del job.rows[place], job.entries[place]
            job.found = replace(job.found, duplicates=job.found.duplicates + (body == found[2]))
            del self.pending[event, key]

    def forget(self, job: Deciding | Taking) -> None:
        """Let go of a job that is settled: the log knows its events now, or nobody does."""
        if isinstance(job, Deciding):
            del self.pending[self._name, job.key]
            return
        for entry in job.entries:
            self.pending.pop((job.event, entry.key), None)


def _numbered(faults: Sequence[Fault], position: int) -> list[Fault]:
    return [
        Fault(f"row {position}: {fault.where}", fault.expected, fault.got, fault.hint) for fault in faults
    ]


def _conflict(event: str, key: str, *, same: bool) -> Outcome:
    if same:
        got = "one that was only taken in, without a decision"
        hint = "An event is decided when it first comes, or never"
    else:
        got = "another event under its key"
        hint = "Events do not change; send a correction under a key of its own"
    fault = Fault(f"{event} {shown(key)}", "a new event, or one that was decided", got, hint)
    return Outcome("conflict", faults=(fault,), event_id=key)
