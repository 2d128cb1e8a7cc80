"""When a retraining is due: a function of what the log says and monitoring noticed, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.feedback.retraining.declaration import Retraining

__all__ = ["Due", "Noticed", "Situation", "due"]

_DRIFTS = ("drift", "category", "share", "label_rate", "concept")
_SEVERITIES = ("info", "warning", "critical")
_HOUR_MS = 3_600_000


class Noticed(Protocol):
    """What monitoring found; `sevenfold.monitoring.finding.Finding` is one."""

    @property
    def kind(self) -> str: ...  # noqa: D102 - as there

    @property
    def severity(self) -> str: ...  # noqa: D102 - as there

    @property
    def summary(self) -> str: ...  # noqa: D102 - as there

    @property
    def firing(self) -> bool: ...  # noqa: D102 - as there


@dataclass(frozen=True, slots=True)
class Situation:
    """What the triggers look at.

    Parameters
    ----------
    now_ms
        The moment, epoch milliseconds.
    trained_ms
        When the newest retraining began, or else the champion was trained; `None` where there is no model.
    labels
        Label events that the log took in since then.
    findings
        What monitoring noticed.
    """

    now_ms: int
    trained_ms: int | None = None
    labels: int = 0
    findings: Sequence[Noticed] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a retraining is due.

    Parameters
    ----------
    reasons
        What speaks for it, in sentences; none where nothing does.
    held
        Why it waits all the same; empty where it does not.
    """

    reasons: tuple[str, ...] = ()
    held: str = ""

    @property
    def now(self) -> bool:
        """Whether to begin."""
        return bool(self.reasons) and not self.held


def due(retraining: Retraining, situation: Situation) -> Due:
    """Tell whether a retraining is due.

    Examples
    --------
    >>> from sevenfold.feedback.retraining.declaration import Retraining
    >>> day = 86_400_000
    >>> due(Retraining(schedule="7d"), Situation(now_ms=8 * day, trained_ms=0)).reasons
    ('The last training is 8.0 days old, and one is due every 7d.',)
    >>> due(Retraining(schedule="7d"), Situation(now_ms=6 * day, trained_ms=0)).now
    False
    """
    if situation.trained_ms is None:
        return Due(("There is no model yet.",))
    age = situation.now_ms - situation.trained_ms
    reasons = []
    if retraining.schedule_ms is not None and age >= retraining.schedule_ms:
        days = age / (24 * _HOUR_MS)
        reasons.append(
            f"The last training is {days:.1f} days old, and one is due every {retraining.schedule}."
        )
    if retraining.matured_labels is not None and situation.labels >= retraining.matured_labels:
        reasons.append(
            f"{situation.labels:,} labels are new, and one is due every {retraining.matured_labels:,}."
        )
    reasons += [f"{one.kind}: {one.summary}" for one in situation.findings if _counts(retraining, one)]
    held = ""
    if reasons and age < retraining.cool_down_ms:
        held = (
            f"The last training is {age / _HOUR_MS:.1f} hours old; it cools down for {retraining.cool_down}."
        )
    return Due(tuple(reasons), held)


def _counts(retraining: Retraining, finding: Noticed) -> bool:
    if not finding.firing:
        return False
    if finding.kind == "performance":
        return retraining.performance and finding.severity != "info"
    if finding.kind in _DRIFTS and retraining.drift is not None:
        return _SEVERITIES.index(finding.severity) >= _SEVERITIES.index(retraining.drift)
    return False
