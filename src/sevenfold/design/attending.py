"""What a system does by itself beside deciding: watches, asks people, retrains, and changes its models.

Each part stands by itself and has its command; here they are one round, for whoever lets a system run
unattended. Everything that a round does is an entry of the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.design.retraining import Retrained, due_now, retrain
from sevenfold.design.selecting import select_decisions
from sevenfold.design.trial import advance
from sevenfold.design.watching import Watching
from sevenfold.design.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.monitoring.alerts.book import Alert
    from sevenfold.serving.http.journal import Journal
    from sevenfold.serving.rollout.change import ModelChange

__all__ = ["Attendant", "Round"]


@dataclass(frozen=True)
class Round:
    """What one round did.

    Parameters
    ----------
    firing
        Alerts that fire at its end.
    selected
        Keys of the events whose decisions were sent to review to learn from them.
    reasons
        Why a retraining was due; empty where none was.
    retrained
        What became of it.
    changed
        What the rollout did: a trial that began or ended, a promotion.
    """

    firing: tuple[Alert, ...] = ()
    selected: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    retrained: Retrained | None = None
    changed: ModelChange | None = None


@dataclass(frozen=True, slots=True)
class _Noticed:
    """An alert as retraining looks at it."""

    kind: str
    severity: str
    summary: str
    firing: bool = True


class Attendant:
    """Does what has to be done between decisions; a context manager, for one thread.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    journal
        Where alerts are written, and what goes wrong.
    clock_ms
        What tells the time.
    seed
        For draws that can be repeated; by default nobody can foresee them.
    """

    def __init__(
        self,
        design: Design,
        root: Path,
        journal: Journal,
        clock_ms: Callable[[], int],
        seed: int | None = None,
    ) -> None:
        self._design, self._root, self._clock_ms, self._seed = design, root, clock_ms, seed
        self._workspace = Workspace(design, root)
        self._watching = Watching(design, root, journal, clock_ms)

    def __enter__(self) -> Attendant:
        return self

    def __exit__(self, *_: object) -> None:
        self._watching.__exit__()

    def attend(self) -> Round:
        """Do one round.

        Raises
        ------
        LogError
            The log is damaged or cannot be written to.
        DataError, UsageError
            What is declared cannot be done with what is there, such as a retraining without labels.
        """
        now = self._clock_ms()
        self._watching.monitor.step()
        firing = self._watching.monitor.book.firing()
        selected = self._selected(now)
        due = due_now(self._workspace, now, [_noticed(alert) for alert in firing])
        retrained = retrain(self._workspace, now, why=due.reasons) if due.now else None
        changed = advance(self._design, self._root, now)
        return Round(tuple(firing), selected, due.reasons if due.now else (), retrained, changed)

    def _selected(self, now: int) -> tuple[str, ...]:
        if not self._design.feedback.active.per_day:
            return ()
        seed = None if self._seed is None else self._seed + now // 1000
        found = select_decisions(self._design, self._root, clock_ms=self._clock_ms, seed=seed)
        return tuple(one.event_id for one in found)


def _noticed(alert: Alert) -> _Noticed:
    return _Noticed(alert.alert.partition(":")[0], alert.severity, alert.summary)
