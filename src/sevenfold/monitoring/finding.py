"""What a watcher notices: one sentence about one subject, firing or cleared."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - read when findings are kept
from dataclasses import dataclass, field
from typing import Literal, get_args

from sevenfold.errors import Fault, UsageError

__all__ = ["SEVERITIES", "Finding", "Severity", "worst"]

Severity = Literal["info", "warning", "critical"]
"""How much it matters: to be known, to be looked at today, to be looked at now."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Every severity, the mildest first."""

_KIND = re.compile(r"[a-z][a-z_]{0,31}")
_LONGEST_SUBJECT, _LONGEST_SUMMARY, _MOST_VALUES = 200, 500, 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a watcher noticed, or that it notices no more.

    Findings with the same `key` are about the same thing: the newest replaces the ones before, and becomes
    one alert.

    Parameters
    ----------
    kind
        What was noticed, in small letters: ``drift``, ``category``, ``share``, ``label_rate``, ``concept``,
        ``performance``, ``fairness``, ``skew``, ``poisoned``, ``rollout``, ``retraining``, ``service``.
    subject
        What it is about: a feature, a group, a model, a segment. One of few, and never personal.
    severity
        How much it matters.
    summary
        One sentence: what was expected, what was there, and where.
    at_ms
        When it was noticed, in epoch milliseconds of the log's time.
    values
        The numbers behind the sentence, by name; never personal.
    firing
        Whether it is so now; ``False`` says that it has cleared.

    Raises
    ------
    UsageError
        With everything that can't be.

    Examples
    --------
    >>> finding = Finding("drift", "card_count_1h", "warning", "PSI 0.31, expected below 0.2", 0)
    >>> finding.key, finding.firing, finding.cleared(60_000, "PSI 0.05").firing
    ('drift:card_count_1h', True, False)
    """

    kind: str
    subject: str
    severity: Severity
    summary: str
    at_ms: int
    values: Mapping[str, float | int | str | None] = field(default_factory=dict)
    firing: bool = True

    def __post_init__(self) -> None:
        faults = []
        if not (isinstance(self.kind, str) and _KIND.fullmatch(self.kind)):
            faults.append(Fault("finding.kind", "small letters and _, 32 at most", repr(self.kind)))
        for name, longest in (("subject", _LONGEST_SUBJECT), ("summary", _LONGEST_SUMMARY)):
            text = getattr(self, name)
            if not (isinstance(text, str) and 0 < len(text) <= longest):
                got = f"{len(text)} characters" if isinstance(text, str) else repr(text)
                faults.append(Fault(f"finding.{name}", f"a text of 1 to {longest} characters", got))
        if self.severity not in SEVERITIES:
            faults.append(Fault("finding.severity", f"one of {', '.join(SEVERITIES)}", repr(self.severity)))
        if len(self.values) > _MOST_VALUES:
            faults.append(Fault("finding.values", f"{_MOST_VALUES} at most", str(len(self.values))))
        if faults:
            raise UsageError("This is no finding", faults)

    @property
    def key(self) -> str:
        """What it is about, in one word: findings with the same key replace each other."""
        return f"{self.kind}:{self.subject}"

    def cleared(self, at_ms: int, summary: str) -> Finding:
        """Return the finding that says that this one is over."""
        return Finding(self.kind, self.subject, self.severity, summary, at_ms, self.values, firing=False)


def worst(severities: list[Severity]) -> Severity:
    """Return the severest; ``info`` of none.

    Examples
    --------
    >>> worst(["warning", "critical", "info"])
    'critical'
    """
    return max(severities, key=SEVERITIES.index, default="info")
