"""A report as SARIF 2.1.0, which code forges show beside the lines of a change (OASIS, 2020)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold._version import __version__
from sevenfold.design.check.catalogue import CATALOGUE

if TYPE_CHECKING:
    from sevenfold.design.check.check import Report
    from sevenfold.design.check.finding import Finding

__all__ = ["sarif"]

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(report: Report) -> dict[str, Any]:
    """Give a report as the object that a SARIF file holds: accepted findings are suppressed results.

    Places are the line of the design's file on which the section begins, or its first line.
    """
    used = {one.id for one in report.findings}
    rules = [
        {
            "id": id_,
            "shortDescription": {"text": kind.title},
            "defaultConfiguration": {"level": _LEVELS[kind.severity]},
            "properties": {"section": kind.section},
        }
        for id_, kind in CATALOGUE.items()
        if id_ in used
    ]
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    source = _source(report)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "sevenfold design check", "version": __version__, "rules": rules}
                },
                "results": [_result(one, places[one.id], source) for one in report.findings],
            }
        ],
    }


def _result(one: Finding, rule: int, source: Path | None) -> dict[str, Any]:
    text = f"{one.where}: {one.wrong} By how much: {one.by}. {one.fix}"
    uri, line = _place(one, source)
    result: dict[str, Any] = {
        "ruleId": one.id,
        "ruleIndex": rule,
        "level": _LEVELS[one.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}},
                "logicalLocations": [{"fullyQualifiedName": one.where}],
            }
        ],
        "properties": {"arithmetic": list(one.arithmetic)},
    }
    if one.accepted is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": one.accepted}]
    return result


def _source(report: Report) -> Path | None:
    source = report.facts.design.source
    return Path(source) if source is not None and source.endswith(".py") else None


def _place(one: Finding, source: Path | None) -> tuple[str, int]:
    """The file, relative to where the check runs where it lies below, and the line of the section."""
    if source is None or not source.is_file():
        return "design", 1
    section = one.where.partition(".")[0]
    lines = source.read_text(encoding="utf-8").splitlines()
    line = next((n for n, text in enumerate(lines, 1) if text.strip().startswith(f"{section}=")), 1)
    try:
        return source.resolve().relative_to(Path.cwd().resolve()).as_posix(), line
    except ValueError:
        return source.resolve().as_uri(), line
