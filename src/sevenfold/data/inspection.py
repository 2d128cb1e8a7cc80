"""Looking at files of events while they are read: what they are like, and what is wrong with that."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.data.expectation_check import check
from sevenfold.data.profiler import Profiler, personal_faults
from sevenfold.data.quality import compare
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.expectation import Expectation
    from sevenfold.data.expectation_check import Outcome
    from sevenfold.data.pii import Recognised
    from sevenfold.data.profile import Profile
    from sevenfold.data.profile_store import ProfileStore
    from sevenfold.data.quality import Finding
    from sevenfold.data.sources import Chunk, Source

__all__ = ["Inspection", "QualityReport"]


@dataclass(frozen=True)
class QualityReport:
    """What the events of some files are like.

    Parameters
    ----------
    profiles
        By event.
    outcomes
        How each expectation came out.
    findings
        What is not as it was.
    personal
        The personal data that was recognised, by event and field.
    undeclared
        Those of these fields that are not declared to hold it.
    notes
        What could not be looked at.
    """

    profiles: dict[str, Profile] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    personal: dict[str, list[Recognised]] = field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def broken(self) -> list[str]:
        """Say what is broken, a sentence each."""
        outcomes = [
            f"{one.where}: expected {one.expected}, got {one.found}"
            for one in self.outcomes
            if one.state == "broken"
        ]
        personal = [
            f"{where}: expected no personal data, got {one}"
            for where in self.undeclared
            for one in self.personal[where]
        ]
        findings = [str(one) for one in self.findings if one.severity == "broken"]
        return [*outcomes, *findings, *personal]


class Inspection:
    """Files of events under inspection, chunk by chunk.

    Parameters
    ----------
    expectations
        What they are held against.
    store
        What is usual; ``None`` where only their own days are compared.
    now_ms
        The present, epoch milliseconds, which freshness is counted from; by default that of the machine.
    """

    def __init__(
        self, expectations: Sequence[Expectation], store: ProfileStore | None, *, now_ms: int | None = None
    ) -> None:
        self._expectations = expectations
        self._store = store
        self._now_ms = now_ms
        self._profilers: dict[EventType, Profiler] = {}
        self._sources: dict[str, list[str]] = {}

    def add(self, source: Source, chunk: Chunk, work: Path) -> None:
        """Look at a chunk; `work` is a folder for what does not fit into memory."""
        event = source.event
        if event not in self._profilers:
            self._profilers[event] = Profiler(event, self._expectations, work)
        names = self._sources.setdefault(event.__name__, [])
        if source.path.name not in names:
            names.append(source.path.name)
        self._profilers[event].add(chunk)

    def refuse_personal(self) -> None:
        """Raise `DataError` where a field holds personal data that the design does not declare."""
        faults = personal_faults(list(self._profilers.values()))
        if faults:
            raise DataError("These files hold personal data; nothing of them was kept.", faults)

    def report(self) -> QualityReport:
        """Tell what was seen; to be called while the working folder is there."""
        profilers = list(self._profilers.values())
        profiles = {one.event.__name__: one.profile() for one in profilers}
        now = self._now_ms if self._now_ms is not None else time.time_ns() // 1_000_000
        findings: list[Finding] = []
        for name, profile in profiles.items():
            findings += compare(profile, None if self._store is None else self._store.usual(name))
        personal = {
            f"{one.event.__name__}.{name}": kinds
            for one in profilers
            for name, kinds in one.personal().items()
        }
        undeclared = [f"{one.event.__name__}.{name}" for one in profilers for name in one.undeclared()]
        return QualityReport(
            profiles=profiles,
            outcomes=tuple(check(self._expectations, profilers, now)),
            findings=tuple(sorted(findings, key=lambda one: one.severity != "broken")),
            personal=personal,
            undeclared=tuple(undeclared),
            notes=() if self._store is None else tuple(self._store.notes),
        )

    def keep(self, report: QualityReport) -> None:
        """Keep the profiles beside the log, for later ingests to be held against."""
        if self._store is not None:
            for name, profile in report.profiles.items():
                self._store.add(profile, report.findings, self._sources[name])
