"""Guardrails: what stops a challenger at once, by counts of its live decisions and of the champion's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.serving.rollout.declaration import Guardrails

__all__ = ["Counts", "breaches"]

_Z = 3.0
"""Standard deviations by which a rate must be beyond its limit, so that chance hardly ever stops one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an arm did.

    Parameters
    ----------
    decisions, blocked, failed
        Decisions; those blocked before a control group was drawn; those that its model gave no score for.
    scoring_us
        Typical microseconds of scoring; 0 where unknown.
    groups
        By group: decisions and how many of them were blocked.
    """

    decisions: int = 0
    blocked: int = 0
    failed: int = 0
    scoring_us: float = 0.0
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def block_rate(self) -> float:
        """The share that is blocked."""
        return self.blocked / self.decisions if self.decisions else 0.0


def breaches(rails: Guardrails, challenger: Counts, champion: Counts) -> list[str]:
    """Tell which guardrails a challenger has broken, in sentences; none where all hold."""
    found = []
    if challenger.decisions >= rails.least and champion.decisions >= rails.least:
        found += _block_rate(rails, challenger, champion)
        found += _fairness(rails, challenger, champion)
    slow = rails.latency * champion.scoring_us
    if champion.scoring_us and challenger.scoring_us > slow and challenger.decisions >= rails.least:
        found.append(f"It scores in {challenger.scoring_us:.0f} us; at most {slow:.0f} us are allowed.")
    most = rails.errors * challenger.decisions
    if challenger.failed > most + _Z * math.sqrt(most) and challenger.failed > 1:
        found.append(
            f"{challenger.failed:,} of its {challenger.decisions:,} decisions had no score;"
            f" at most {rails.errors:.2%} are allowed."
        )
    return found


def _block_rate(rails: Guardrails, challenger: Counts, champion: Counts) -> list[str]:
    mine, theirs = challenger.block_rate, champion.block_rate
    pooled = max((challenger.blocked + champion.blocked) / (challenger.decisions + champion.decisions), 1e-6)
    if mine > rails.block_rate * theirs + _Z * math.sqrt(pooled / challenger.decisions):
        return [f"It blocks {mine:.2%}; at most {rails.block_rate:g} times the champion's {theirs:.2%}."]
    if theirs > rails.block_rate * mine + _Z * math.sqrt(pooled / challenger.decisions):
        return [f"It blocks {mine:.2%}, less than the champion's {theirs:.2%} by {rails.block_rate:g} times."]
    return []


def _fairness(rails: Guardrails, challenger: Counts, champion: Counts) -> list[str]:
    if rails.fairness is None:
        return []
    mine, noise = _gap(challenger, rails.least // 10)
    theirs, _ = _gap(champion, rails.least // 10)
    if mine - theirs <= rails.fairness + _Z * noise:
        return []
    return [
        (
            f"Block rates of groups of {rails.group} lie {mine:.2%} apart, the champion's {theirs:.2%};"
            f" {rails.fairness:.2%} more are allowed."
        )
    ]


def _gap(counts: Counts, least: int) -> tuple[float, float]:
    """The largest difference of block rates between groups, and its standard deviation."""
    rates = {name: (blocked / n, n) for name, (n, blocked) in counts.groups.items() if n >= max(least, 1)}
    if len(rates) < 2:
        return 0.0, 0.0
    (low, few), (high, many) = min(rates.values()), max(rates.values())
    return high - low, math.sqrt(low * (1 - low) / few + high * (1 - high) / many)
