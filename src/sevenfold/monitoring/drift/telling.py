"""From distances to findings: when to speak, what to say, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sevenfold.learning.days import BINS, DAY_MS
from sevenfold.monitoring.drift.histograms import NEAR
from sevenfold.monitoring.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.learning.days import Bins
    from sevenfold.monitoring.drift.concept import Matured
    from sevenfold.monitoring.drift.histograms import Change
    from sevenfold.monitoring.drift.rates import RateChange
    from sevenfold.monitoring.finding import Severity

__all__ = ["Sign", "Told", "tell_category", "tell_change", "tell_concept", "tell_rate"]

_LARGE: Final = 0.25
"""A stability index from which on a change is large, by the custom of the field."""

_MODEL_KINDS: Final = ("drift", "share", "concept")
"""Kinds that another model makes a new beginning of."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How one subject stands on one day.

    Parameters
    ----------
    kind, subject, severity, summary, values
        As of the finding that it becomes.
    excess
        1 at the limit.
    """

    kind: str
    subject: str
    severity: Severity
    summary: str
    values: Mapping[str, float | int | str | None]
    excess: float


@dataclass(eq=False)
class Told:
    """What is being said, and what is still to be told."""

    firing: dict[str, Finding] = field(default_factory=dict)
    waiting: list[Finding] = field(default_factory=list)

    def now(self, day: int, sign: Sign) -> None:
        """Take note of how a subject stands at the end of a day."""
        key, at_ms = f"{sign.kind}:{sign.subject}", (day + 1) * DAY_MS
        if sign.excess >= 1.0:
            finding = Finding(sign.kind, sign.subject, sign.severity, sign.summary, at_ms, sign.values)
            if key not in self.firing or finding.severity != self.firing[key].severity:
                self.waiting.append(finding)
            self.firing[key] = finding
        elif key in self.firing and sign.excess < NEAR:
            self._over(key, at_ms)

    def others_are_over(self, day: int, kind: str, near: set[str]) -> None:
        """Clear the subjects of a kind that are not near their limit any more."""
        for key, one in list(self.firing.items()):
            if one.kind == kind and one.subject not in near:
                self._over(key, (day + 1) * DAY_MS)

    def _over(self, key: str, at_ms: int) -> None:
        one = self.firing.pop(key)
        self.waiting.append(one.cleared(at_ms, f"{one.subject} is as it was in the weeks before"))

    def begin_model(self, day: int, model: str) -> None:
        """Clear what was said about the model before."""
        for key in [key for key, one in self.firing.items() if one.kind in _MODEL_KINDS]:
            one = self.firing.pop(key)
            self.waiting.append(one.cleared((day + 1) * DAY_MS, f"The model {model} decides now"))

    def take(self) -> list[Finding]:
        """Give what is still to be told, once."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def state(self) -> dict[str, Any]:
        """Give all that it knows."""
        return {
            "firing": [_plain(one) for one in self.firing.values()],
            "waiting": [_plain(one) for one in self.waiting],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.firing = {one.key: one for one in (Finding(*parts) for parts in state["firing"])}
        self.waiting = [Finding(*parts) for parts in state["waiting"]]


def tell_change(kind: str, change: Change, bins: Bins) -> Sign:
    """Say how a feature's values, or the scores, are spread differently."""
    psi = change.values["psi"]
    severity: Severity = "critical" if psi >= _LARGE else "warning"
    summary = (
        f"{change.feature}: {_bin(bins, change.bin)} {change.share:.1%} of decisions, expected "
        f"{change.expected:.1%} by the four weeks before; {_days(change.window)}, PSI {psi:.3f}, "
        f"{change.excess:.1f} times the limit of {change.distance.upper()}"
    )
    values: dict[str, float | int | str | None] = {
        **change.values,
        "excess": change.excess,
        "window_days": change.window,
        "share": change.share,
        "expected": change.expected,
    }
    return Sign(kind, change.feature, severity, summary, values, change.excess)


def tell_rate(kind: str, subject: str, change: RateChange) -> Sign:
    """Say how much more or less often something happens."""
    summary = (
        f"{subject}: {change.rate:.2%} of decisions, expected {change.expected:.2%} by the weeks before; "
        f"{_days(change.window)}, {change.count:,} of them, {change.excess:.1f} times the limit"
    )
    values: dict[str, float | int | str | None] = {
        "rate": change.rate,
        "expected": change.expected,
        "count": change.count,
        "window_days": change.window,
        "excess": change.excess,
    }
    return Sign(kind, subject, "warning", summary, values, change.excess)


def tell_category(feature: str, what: str, found: list[tuple[str, float]]) -> Sign:
    """Say which values of a category are new, or gone; the first is named, the others are counted."""
    if not found:
        return Sign("category", f"{feature} {what}", "warning", "", {}, 0.0)
    (value, share), more = found[0], len(found) - 1
    others = f" and {more} more" if more else ""
    said = (
        f"{value!r}{others} never seen in the reference, {share:.2%} of the week's decisions"
        if what == "new"
        else f"{value!r}{others} not seen for a week, {share:.2%} of decisions before"
    )
    values: dict[str, float | int | str | None] = {"value": value, "share": share, "values": len(found)}
    return Sign("category", f"{feature} {what}", "warning", f"{feature}: {said}", values, 1.0)


def tell_concept(matured: Matured) -> Sign:
    """Say that labels are not what the scores let expect."""
    summary = (
        f"Matured labels have left the scores: {matured.labels:,.0f} of the newest matured day, expected "
        f"{matured.expected:,.1f} by its probabilities; mean squared error {matured.brier:.4f}"
    )
    values: dict[str, float | int | str | None] = {
        "labels": matured.labels,
        "expected": matured.expected,
        "brier": matured.brier,
    }
    return Sign("concept", "labels", "critical", summary, values, 1.0 if matured.drifted else 0.0)


def _bin(bins: Bins, code: int) -> str:
    if code == BINS - 1:
        return "missing in"
    if bins.categories is not None:
        own = bins.categories[: BINS - 2]
        return f"{own[code][:40]!r} in" if code < len(own) else "other values in"
    edges = bins.edges
    if not len(edges):
        return "any value in"
    if code == 0:
        return f"up to {edges[0]:.4g} in"
    if code == len(edges):
        return f"above {edges[-1]:.4g} in"
    return f"above {edges[code - 1]:.4g} up to {edges[code]:.4g} in"


def _days(count: int) -> str:
    return "the last day" if count == 1 else f"the last {count} days"


def _plain(one: Finding) -> list[Any]:
    return [one.kind, one.subject, one.severity, one.summary, one.at_ms, dict(one.values), one.firing]
