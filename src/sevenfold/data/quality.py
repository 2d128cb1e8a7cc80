"""Noticing that a field is not what it was: a profile held against those of what came before.

The events of an ingest are cut into slices of whole days, and each slice is held against the (at most 28)
slices before it, whether they came with the same ingest or with earlier ones. A part of a day is held against
the same hours of earlier days. What is broken in a slice does not become what later ones are measured by.

There is no test of significance here: among a million rows every difference is significant. A difference
counts when it is large in itself, and larger than slices differed so far and than chance explains.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sevenfold.data.profile_cells import DAY
from sevenfold.data.quality_fields import Sign, signs
from sevenfold.data.quality_refused import refused_signs
from sevenfold.data.quality_slices import slices
from sevenfold.data.quality_volume import volume_signs
from sevenfold.data.timestamp import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevenfold.data.profile import Profile

__all__ = ["Finding", "compare", "without_broken"]

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was.

    Parameters
    ----------
    where
        The field, or the event where it is about all of it: ``Payment.country``.
    kind
        ``missing``, ``constant``, ``scale``, ``new``, ``gone``, ``mix``, ``shape``, ``length``, ``volume`` or
        ``refused``.
    severity
        ``broken`` where hardly anything but a fault upstream explains it; ``look`` where a person should.
    text
        What is seen, in a sentence without its subject.
    since_ms, until_ms
        The period, from the begin of its first slice to the end of its last, epoch milliseconds.
    """

    where: str
    kind: str
    severity: Literal["broken", "look"]
    text: str
    since_ms: int
    until_ms: int

    def __str__(self) -> str:
        return f"{self.where} {self.text}, {self.period}"

    @property
    def period(self) -> str:
        """The days or hours that it is about."""
        if self.since_ms % _DAY_MS or self.until_ms % _DAY_MS:
            return f"from {rfc3339(self.since_ms)[:16]}Z to {rfc3339(self.until_ms)[:16]}Z"
        first, last = rfc3339(self.since_ms)[:10], rfc3339(self.until_ms - _DAY_MS)[:10]
        return f"on {first}" if first == last else f"from {first} to {last}"


def compare(profile: Profile, usual: Profile | None) -> list[Finding]:
    """Find what of some events is not as it was.

    Parameters
    ----------
    profile
        Of the events in question.
    usual
        Of what came before; ``None`` where nothing did. Then their own earlier days are all that later ones
        are held against.

    Returns
    -------
    list of Finding
        Broken fields first, each in the order of time.
    """
    if usual is not None and usual.event == profile.event:
        kept = [name for name, kind in profile.kinds.items() if usual.kinds.get(name) == kind]
    else:
        usual, kept = None, []
    found: list[Finding] = []
    for name, kind in profile.kinds.items():
        cut = slices(profile, usual if name in kept else None, name, kind)
        found += _joined(f"{profile.event}.{name}", signs(cut))
    found += _joined(profile.event, volume_signs(profile, usual))
    found += [
        replace(one, where=f"{profile.event}.{field}" if field else profile.event)
        for field, sign in refused_signs(profile, usual)
        for one in _joined(profile.event, [sign])
    ]
    return sorted(found, key=lambda one: (one.severity != "broken", one.since_ms, one.where))


def without_broken(profile: Profile, findings: Sequence[Finding]) -> Profile:
    """Leave out of a profile what is broken, so that it does not become what is usual.

    A field's broken days go; of its hours, which do not tell days apart, all go.
    """
    cells = profile.cells
    for one in findings:
        event, _, field = one.where.partition(".")
        if one.severity != "broken" or event != profile.event:
            continue
        if not field:
            hours = cells["part"].eq("hourly") & cells["at"].is_between(
                one.since_ms // 3_600_000, one.until_ms // 3_600_000 - 1
            )
            cells = cells.filter(~hours)
            continue
        days = cells["at"].is_between(one.since_ms // _DAY_MS, (one.until_ms - 1) // _DAY_MS)
        of_field = (cells["field"] == field).fill_null(value=False) & (cells["part"] != "refused")
        cells = cells.filter(~(of_field & ((cells["slice"] != DAY) | days.fill_null(value=False))))
        if one.kind == "refused":
            cells = cells.filter(~((cells["part"] == "refused") & (cells["field"] == field)))
    return replace(profile, cells=cells)


def _joined(where: str, found: Iterable[Sign]) -> list[Finding]:
    """Make findings of signs; those of one kind in slices in a row are one, told by the worst."""
    findings: list[Finding] = []
    open_: dict[str, tuple[Finding, float, int]] = {}
    for sign in found:
        finding = Finding(
            where, sign.kind, "broken" if sign.broken else "look", sign.text, sign.since_ms, sign.until_ms
        )
        before = open_.get(sign.kind)
        if before is not None and before[1:][1] == sign.position - 1:
            joined, weight, _ = before
            worst = finding if sign.weight > weight else joined
            severity: Literal["broken", "look"] = (
                "broken" if "broken" in (joined.severity, finding.severity) else "look"
            )
            finding = replace(worst, since_ms=joined.since_ms, until_ms=finding.until_ms, severity=severity)
            findings[findings.index(joined)] = finding
            open_[sign.kind] = (finding, max(weight, sign.weight), sign.position)
        else:
            findings.append(finding)
            open_[sign.kind] = (finding, sign.weight, sign.position)
    return findings
