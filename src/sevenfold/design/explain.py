"""What was decided in one section of a design, what else was considered, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.design.described import describe_design
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.design import Design

__all__ = ["SECTIONS", "Decision", "Explanation", "decisions_in", "explain"]

SECTIONS: dict[str, tuple[str, ...]] = {
    "problem": ("problem",),
    "data": ("events", "expectations", "label"),
    "features": ("features",),
    "learning": ("learning",),
    "serving": ("serving",),
    "monitoring": ("monitoring", "feedback"),
    "trust": ("trust",),
    "scale": ("scale",),
}
"""Sections by the name that a user gives, and what of a design each holds."""

_NOT_SHOWN = ("because", "open_points")


@dataclass(frozen=True)
class Decision:
    """One answer: its place, its value as text, and the reason that stands nearest to it."""

    where: str
    value: str
    because: str


@dataclass(frozen=True)
class Explanation:
    """A section explained.

    Parameters
    ----------
    section
        Its name.
    decisions
        What was decided, in the order of declaration.
    alternatives
        What was considered and not chosen, each with its reason.
    open_points
        What nobody has answered yet.
    answered
        Whether the design answers the section; else defaults hold.
    """

    section: str
    decisions: tuple[Decision, ...]
    alternatives: tuple[tuple[str, str], ...]
    open_points: tuple[str, ...]
    answered: bool

    def to_json(self) -> dict[str, Any]:
        """Give the explanation as plain data."""
        return {
            "section": self.section,
            "answered": self.answered,
            "decisions": [vars(one) for one in self.decisions],
            "alternatives": [{"choice": a, "because": b} for a, b in self.alternatives],
            "open_points": list(self.open_points),
        }


def explain(design: Design, section: str) -> Explanation:
    """Say what was decided in a section, what else was considered, and why.

    Raises
    ------
    UsageError
        There is no such section.
    """
    if section not in SECTIONS:
        fault = Fault("section", f"one of {', '.join(SECTIONS)}", repr(section))
        raise UsageError("There is no such section", [fault])
    described = describe_design(design)
    decisions = [one for name in SECTIONS[section] for one in decisions_in(name, described[name])]
    keys = {section, *SECTIONS[section]}
    rest = [(a["choice"], a["because"]) for key in keys for a in described["alternatives"].get(key, ())]
    points = design.problem.open_points if section == "problem" and design.problem is not None else ()
    answered = section in ("data", "features") or any(name in design.given for name in SECTIONS[section])
    return Explanation(section, tuple(decisions), tuple(rest), tuple(points), answered)


def decisions_in(where: str, value: Any, because: str = "") -> Iterator[Decision]:
    """Yield the answers in a section, each with the nearest reason above it."""
    if isinstance(value, Mapping):
        reason = str(value.get("because") or "") or because
        if where.startswith("features."):
            yield Decision(where, str(value["text"]), "")
            return
        if where.startswith("events."):
            yield Decision(where, ", ".join(value["fields"]), str(value["doc"]).partition("\n")[0])
            return
        for name, item in value.items():
            if name not in _NOT_SHOWN:
                yield from decisions_in(f"{where}.{name}", item, reason)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for place, item in enumerate(value):
            yield from decisions_in(f"{where}[{place}]", item, because)
    elif value not in (None, "", [], {}):
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield Decision(where, text, because)
