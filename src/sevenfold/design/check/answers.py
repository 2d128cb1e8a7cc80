"""Missing answers, choices without a reason, open points, and what is declared for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.design.check.catalogue import finding
from sevenfold.learning.stakes import MONEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding
    from sevenfold.design.design import Design

__all__ = ["answers", "unreasoned"]

_ASKED = {
    "problem": "what mistakes cost is guessed and no service level holds",
    "label": "nothing can be learned or measured",
    "learning": "candidates and folds are the defaults",
    "serving": "no one has said what people can review",
    "monitoring": "the defaults watch, and nobody is told",
    "feedback": "cases and retraining are the defaults",
    "trust": "nobody has said whom it must protect",
    "scale": "the machine and the people are guessed",
}


def answers(facts: Facts) -> Iterator[Finding]:
    """Check that questions have answers, and answers reasons."""
    design = facts.design
    for section, means in _ASKED.items():
        if section not in design.given:
            yield finding(
                "SF701",
                section,
                wrong=f"The design does not answer this: {means}.",
                by="every default of the section",
                fix=f"{section}=sf.{section.capitalize()}(…), or accept it with the reason why defaults do.",
            )
    missing = unreasoned(design)
    if missing:
        yield finding(
            "SF702",
            "because",
            wrong="Choices were made and not explained: nobody will dare to change them, or know why not to.",
            by=f"{len(missing)}: {', '.join(missing[:8])}",
            fix='because="…" on each.',
        )
    if design.problem is not None:
        for point in design.problem.open_points:
            yield finding(
                "SF703",
                "problem.open_points",
                wrong=point,
                by="open",
                fix="Answer it in the design, and take it off the list.",
            )
        yield from _numbers(facts)
        if design.label is not None and design.learning.choose_by != MONEY and design.problem.missed.because:
            yield finding(
                "SF705",
                "learning.choose_by",
                wrong="Mistakes have a declared cost, and models are chosen by another measure.",
                by=f"choose_by={design.learning.choose_by!r}",
                fix=f'choose_by="{MONEY}".',
                arithmetic=["declared: learning.choose_by, problem.missed"],
            )
    yield from _unread(design)


def unreasoned(design: Design) -> list[str]:
    """Name the choices that were made and have no reason."""
    reasons = {"design": design.because}
    for name in ("problem", "label", "learning", "serving", "monitoring", "feedback", "trust", "scale"):
        if name in design.given:
            reasons[name] = getattr(getattr(design, name), "because", "")
    if design.problem is not None:
        for name in ("missed", "false_alarm", "review"):
            reasons[f"problem.{name}"] = getattr(design.problem, name).because
    if "learning" in design.given:
        reasons["learning.folds"] = design.learning.folds.because
    policy = design.serving.policy
    if policy.review_capacity_per_day is not None or policy.control is not None:
        reasons["serving.policy"] = policy.because
    if policy.control is not None:
        reasons["serving.policy.control"] = policy.control.because
    return [name for name, reason in reasons.items() if not reason.strip()]


def _numbers(facts: Facts) -> Iterator[Finding]:
    missing = [
        name
        for name in ("per_day", "positive_rate", "amount", "label_delay_days")
        if getattr(facts, name) is None
    ]
    kinds = {kind for key in facts.design.plan.keys for kind in key.entities}
    missing += [f"entities[{kind!r}]" for kind in sorted(kinds) if kind not in facts.entities]
    if facts.design.label is None:
        missing = [name for name in missing if name not in ("positive_rate", "label_delay_days")]
    if missing:
        yield finding(
            "SF704",
            "problem.expected",
            wrong="Checks were left out, since a number is neither expected nor measured.",
            by=f"{len(missing)}: {', '.join(missing)}",
            fix="problem=sf.Problem(expected=sf.Expected(…)), or bring events into the home.",
        )


def _unread(design: Design) -> Iterator[Finding]:
    read = {event.__name__ for event in design.features.streams()} | {design.decides}
    if design.label is not None:
        read |= {source.event.__name__ for source in design.label.sources}
    for name in design.events:
        if name not in read:
            yield finding(
                "SF706",
                name,
                wrong="Its events are kept, and no feature or label reads them.",
                by="the log grows for nothing",
                fix="Take it out, or declare a feature over it.",
                arithmetic=["declared: events, features, label"],
            )
