"""Every finding that a check can make, by its stable id; the page about the check explains each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sevenfold.design.check.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CATALOGUE", "Kind", "finding"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: its severity, the section that it is about, and a title."""

    severity: Severity
    section: str
    title: str


CATALOGUE: Final[dict[str, Kind]] = {
    # Latency and queueing.
    "SF101": Kind("error", "serving", "The stages of a decision take longer than its service level"),
    "SF102": Kind("error", "serving", "More decisions come at peak than the service can make"),
    "SF103": Kind("warning", "serving", "Waiting at peak takes the latency over its service level"),
    "SF104": Kind("warning", "serving", "So many events may wait that the last is answered too late"),
    "SF105": Kind("error", "scale", "Restarts take more time than the availability allows"),
    "SF106": Kind("error", "serving", "Recorded decisions took longer than the service level"),
    # Memory and disk.
    "SF201": Kind("error", "features", "The state of the features does not fit into memory"),
    "SF202": Kind("warning", "features", "State is kept of entities that are never forgotten"),
    "SF203": Kind("error", "scale", "The log outgrows the disk within its retention"),
    "SF204": Kind("warning", "scale", "Nobody has said how long events are kept"),
    "SF205": Kind(
        "error", "trust", "Events are dropped before windows, labels and training are done with them"
    ),
    # Labels and statistical power.
    "SF301": Kind("warning", "feedback", "Retraining comes more often than new labels do"),
    "SF302": Kind("warning", "problem", "Differences worth seeing take too long to see"),
    "SF303": Kind("warning", "serving", "A canary can't reach significance in its time"),
    "SF304": Kind("warning", "learning", "A test period holds too few positives"),
    "SF305": Kind("error", "learning", "Labels arrive later than they count as final"),
    "SF306": Kind("info", "serving", "The control group yields hardly any labels"),
    "SF307": Kind("error", "learning", "The history is shorter than training, delay and test together"),
    # Reviewers and money.
    "SF401": Kind("error", "feedback", "Reviewers have less time than the declared reviews take"),
    "SF402": Kind("warning", "problem", "A review costs more than it can save"),
    "SF403": Kind("error", "scale", "Machines and people cost more than the budget"),
    "SF404": Kind("error", "problem", "At these costs it is cheapest to block everything"),
    "SF405": Kind("warning", "learning", "Models are compared at another workload than the service has"),
    "SF406": Kind("error", "feedback", "Questions for learning take up the reviewers' whole capacity"),
    "SF407": Kind("error", "problem", "The system costs more than it can save"),
    "SF408": Kind("info", "serving", "What deciding without a model costs"),
    # Leakage.
    "SF501": Kind("error", "features", "A feature reads a field whose name says that it is known only later"),
    "SF502": Kind("warning", "data", "The deciding event has a field that is known only later"),
    "SF503": Kind("error", "features", "A field gives the label away"),
    "SF504": Kind("error", "features", "A feature is grouped by what identifies one event"),
    "SF505": Kind("warning", "features", "An entity is new in nearly every event"),
    "SF506": Kind("error", "features", "A feature reads the label of the event that it is about"),
    "SF507": Kind("warning", "learning", "The newest training events have no final labels at the test"),
    "SF508": Kind("info", "learning", "The same entities stand in training and test"),
    # Personal data.
    "SF601": Kind("error", "trust", "Personal data is held without a purpose"),
    "SF602": Kind("error", "trust", "Personal data is held without a limit of time"),
    "SF603": Kind("error", "trust", "A person who asks to be forgotten can't be"),
    "SF604": Kind("error", "trust", "A feature reads what decisions must not depend on"),
    "SF605": Kind("warning", "trust", "A feature may stand in for a protected attribute"),
    "SF606": Kind("warning", "monitoring", "Fairness is promised and not watched"),
    # Answers.
    "SF701": Kind("warning", "problem", "A section has no answer"),
    "SF702": Kind("warning", "problem", "A choice has no reason"),
    "SF703": Kind("info", "problem", "A question is open"),
    "SF704": Kind("warning", "problem", "A number that the arithmetic needs is missing"),
    "SF705": Kind("warning", "learning", "Models are chosen by something else than what mistakes cost"),
    "SF706": Kind("warning", "data", "An event is declared that nothing reads"),
    "SF707": Kind("info", "problem", "An accepted finding does not occur"),
}
"""In the order of the page."""


def finding(
    id_: str, where: str, *, wrong: str, by: str, fix: str, arithmetic: Iterable[str] = ()
) -> Finding:
    """Make a finding of a kind."""
    kind = CATALOGUE[id_]
    return Finding(id_, kind.severity, kind.section, where, wrong, by, fix, tuple(arithmetic))
