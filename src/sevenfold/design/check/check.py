"""The check as a whole: all subjects, accepted findings, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sevenfold.design.check.answers import answers
from sevenfold.design.check.catalogue import CATALOGUE, finding
from sevenfold.design.check.facts import Facts, facts_of
from sevenfold.design.check.labels import labels
from sevenfold.design.check.latency import latency
from sevenfold.design.check.leakage import leakage
from sevenfold.design.check.memory import memory
from sevenfold.design.check.money import money
from sevenfold.design.check.privacy import privacy
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sevenfold.design.check.finding import Finding
    from sevenfold.design.design import Design

__all__ = ["Report", "check", "findings_of"]

_SUBJECTS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    latency,
    memory,
    labels,
    money,
    leakage,
    privacy,
    answers,
)


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    facts
        What it knew.
    findings
        Errors first; accepted ones last.
    """

    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        """Errors that were not accepted."""
        return [one for one in self.findings if one.severity == "error" and one.accepted is None]

    def to_json(self) -> dict[str, Any]:
        """Give the report as plain data."""
        facts = self.facts
        numbers = {
            name: {"value": number.value, "source": number.source}
            for name in ("per_day", "positive_rate", "amount", "label_delay_days")
            if (number := getattr(facts, name)) is not None
        }
        return {
            "design": facts.design.name,
            "findings": [one.to_json() for one in self.findings],
            "errors": len(self.errors),
            "numbers": numbers,
            "stages_us": None if facts.stages is None else dict(facts.stages.mean_us),
        }


def check(
    design: Design,
    root: Path,
    *,
    measure: bool = True,
    tell: Callable[[int, int], None] | None = None,
) -> Report:
    """Check a design with what its home says and what decisions cost on this machine.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    measure
        Whether made-up decisions are timed; else checks that need it are left out.
    tell
        Told how many of how many decisions were measured.

    Raises
    ------
    UsageError
        An accepted id is none.
    """
    from sevenfold.design.check.history import history_of
    from sevenfold.design.check.measure import measure_stages

    unknown = [name for name in design.accepts if name not in CATALOGUE]
    if unknown:
        known = f"Ids are: {', '.join(CATALOGUE)}"
        faults = [Fault(f"accepts[{name!r}]", "the id of a finding", repr(name), known) for name in unknown]
        raise UsageError(f"The design {design.name} accepts what is no finding", faults)
    history = history_of(design, root)
    stages = measure_stages(design, root, tell) if measure else None
    facts = facts_of(design, stages, history)
    return Report(facts, findings_of(facts))


def findings_of(
    facts: Facts, subjects: Sequence[Callable[[Facts], Iterator[Finding]]] = _SUBJECTS
) -> tuple[Finding, ...]:
    """Run all subjects over some facts; accepted findings get their reasons."""
    accepts = facts.design.accepts
    found = [one for subject in subjects for one in subject(facts)]
    found = [replace(one, accepted=accepts.get(one.id)) for one in found]
    occurring = {one.id for one in found}
    for id_ in accepts:
        if id_ not in occurring and facts.stages is not None:
            found.append(
                finding(
                    "SF707",
                    f"accepts[{id_!r}]",
                    wrong=f"{id_} is accepted and was not found.",
                    by="a reason for nothing",
                    fix="Take it out of accepts, unless other data brings it back.",
                )
            )
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda one: (one.accepted is not None, order[one.severity], one.id)))
