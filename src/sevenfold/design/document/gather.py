"""Gathering all that a document tells: the design, its home's log and model, the check, the project."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from sevenfold._version import __version__
from sevenfold.design.check.check import check
from sevenfold.design.check.memory import log_gb_per_day, state_size
from sevenfold.design.check.money import month
from sevenfold.design.described import describe_design
from sevenfold.design.document.logged import logged
from sevenfold.design.document.sources import Sources
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.check.check import Report
    from sevenfold.design.design import Design

__all__ = ["gather"]


def gather(
    design: Design,
    root: Path,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    measure: bool = True,
    now_ms: int | None = None,
) -> Sources:
    """Gather what a document tells.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    since_ms, until_ms
        What changed between them is told apart, epoch milliseconds.
    measure
        Whether made-up decisions are timed, for latency, throughput and disk.
    now_ms
        The moment that the document bears; ``None`` for none, so that the same home gives the same file.
    """
    workspace = Workspace(design, root)
    report = check(design, root, measure=measure)
    project: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "design": design.source or design.name,
    }
    if now_ms is not None:
        project["now_ms"] = now_ms
    return Sources(
        {
            "design": describe_design(design),
            "log": logged(workspace.home, since_ms, until_ms),
            "bundle": _bundle(workspace),
            "check": _checked(report),
            "project": project,
        }
    )


def _bundle(workspace: Workspace) -> dict[str, Any]:
    """What the current model says of itself; nothing where there is none."""
    try:
        bundle = workspace.bundle()
    except (BundleError, UsageError):
        return {}
    return {
        "id": bundle.id,
        "metadata": bundle.metadata,
        "record": bundle.record,
        "metric_names": list(bundle.metadata.get("metrics", {})),
        "candidate_names": list(bundle.metadata.get("compared", {})),
        "version_names": list(bundle.metadata.get("versions", {})),
    }


def _checked(report: Report) -> dict[str, Any]:
    """The check's findings and the arithmetic that it did on the way."""
    facts, told = report.facts, report.to_json()
    cost = month(facts)
    told["month"] = {
        "machines": cost.machines,
        "people": cost.people,
        "total": cost.total,
        "hours": cost.hours,
    }
    if (size := state_size(facts)) is not None:
        told["state_gb"] = size.bytes / 1e9
    if (growth := log_gb_per_day(facts)) is not None:
        told["log_gb_per_day"] = growth[0]
    if facts.stages is not None:
        work = sum(us for name, us in facts.stages.mean_us.items() if name != "flush")
        told["alone_p99_ms"] = facts.stages.p99_ms
        told["decisions_per_second"] = facts.design.scale.replicas * 1e6 / work if work else None
        told["measured_by"] = facts.stages.source
    return told
