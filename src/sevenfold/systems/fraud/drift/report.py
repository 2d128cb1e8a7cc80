"""What many worlds say together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from sevenfold.systems.fraud.drift.worlds import FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.systems.fraud.drift.measure import Outcome

__all__ = ["Kind", "Summary", "drift_markdown", "twin"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one change fared.

    Parameters
    ----------
    name
        The kind of change, and what changed.
    worlds, noticed
        How many there were, and in how many something was said from its first day on.
    days
        Median days until then, among those noticed.
    missed
        Median money of fraud that went through until then; of a world where nothing was said, until its end.
    """

    name: str
    worlds: int
    noticed: int
    days: float | None
    missed: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything in a few figures.

    Parameters
    ----------
    quiet_days
        Days of worlds without a change.
    alarms
        On so many of these days something new fired.
    by_chance
        In this share of the quiet worlds something fired in the days in which the others change.
    kinds
        How each change fared.
    event_us, count_us
        Microseconds of processor time for a decision: with the judging of days of this size, and without.
    """

    quiet_days: int
    alarms: int
    by_chance: float
    kinds: tuple[Kind, ...]
    event_us: float
    count_us: float

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Summary:
        """Sum up."""
        quiet = [one for one in outcomes if one.kind == "quiet"]
        changed = [one for one in outcomes if one.kind != "quiet"]
        late = [any(day >= FIRST_DAY for day in one.alarm_days) for one in quiet]
        groups: dict[str, list[Outcome]] = {}
        for one in sorted(changed, key=lambda one: (one.kind, one.name)):
            groups.setdefault(f"{one.kind} {one.name}", []).append(one)
        return cls(
            sum(one.days for one in quiet),
            sum(len(one.alarm_days) for one in quiet),
            fmean(late) if late else 0.0,
            tuple(_kind(name, group, quiet) for name, group in groups.items()),
            median(one.event_us for one in outcomes),
            median(one.count_us for one in outcomes),
        )

    @property
    def alarms_per_30_days(self) -> float:
        """False alarms in thirty quiet days."""
        return 30.0 * self.alarms / self.quiet_days if self.quiet_days else 0.0

    def rows(self) -> list[tuple[str, int, int, str, str]]:
        """Give a row for each change."""
        return [
            (
                kind.name.replace("_", " "),
                kind.worlds,
                kind.noticed,
                "" if kind.days is None else f"{kind.days:g}",
                f"{kind.missed:,.0f}",
            )
            for kind in self.kinds
        ]

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "quiet_days": self.quiet_days,
            "alarms": self.alarms,
            "alarms_per_30_days": self.alarms_per_30_days,
            "by_chance": self.by_chance,
            "event_us": self.event_us,
            "count_us": self.count_us,
            "kinds": {
                one.name: {
                    "worlds": one.worlds,
                    "noticed": one.noticed,
                    "days": one.days,
                    "missed": one.missed,
                }
                for one in self.kinds
            },
        }


def twin(one: Outcome, outcomes: Sequence[Outcome]) -> Outcome | None:
    """Find the quiet world of the same seed."""
    return next((other for other in outcomes if other.kind == "quiet" and other.seed == one.seed), None)


def _kind(name: str, group: Sequence[Outcome], quiet: Sequence[Outcome]) -> Kind:
    delays = [one.noticed(twin(one, quiet)) for one in group]
    missed = [sum(one.missed_by_day[:delay]) for one, delay in zip(group, delays, strict=True)]
    seen = [delay for delay in delays if delay is not None]
    return Kind(name, len(group), len(seen), median(seen) if seen else None, median(missed))


def drift_markdown(outcomes: Sequence[Outcome]) -> str:
    """Write everything as Markdown: figures, false alarms by what they said, and what was not noticed."""
    summary = Summary.of(outcomes)
    quiet = [one for one in outcomes if one.kind == "quiet"]
    said = Counter(f"{kind} {subject}" for one in quiet for _, kind, subject, _ in one.alarms)
    unnoticed = [
        f"{one.kind} {one.name}, seed {one.seed}"
        for one in outcomes
        if one.kind != "quiet" and one.noticed(twin(one, quiet)) is None
    ]
    lines = [
        (
            f"{summary.alarms} alarms on {summary.quiet_days:,} quiet days in {len(quiet)} worlds: "
            f"**{summary.alarms_per_30_days:.2f} in 30 days**. In {summary.by_chance:.0%} of the quiet "
            "worlds something was said in the days in which the others change."
        ),
        "",
        (
            f"Processor time: {summary.count_us:.1f} µs for each decision; {summary.event_us:.1f} µs with "
            "the judging of days this small and the calibration."
        ),
        "",
        "| change | worlds | noticed | median days | median fraud missed, EUR |",
        "|---|---:|---:|---:|---:|",
        *("| " + " | ".join(map(str, row)) + " |" for row in summary.rows()),
        "",
        "Not noticed: " + ("; ".join(unnoticed) if unnoticed else "none") + ".",
        "",
        "False alarms by what they said: "
        + ("; ".join(f"{name} {count}" for name, count in said.most_common(12)) if said else "none")
        + ".",
    ]
    return "\n".join(lines).replace("_", "\\_") + "\n"
