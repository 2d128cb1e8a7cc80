"""Where the rollout stands: a fold over the changes in the log, and what is possible from there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError
from sevenfold.serving.rollout.change import TRIALS, ModelChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sevenfold.data.log import LogEntry
    from sevenfold.serving.rollout.change import Action, Value

__all__ = ["Standing", "Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger on trial.

    Parameters
    ----------
    bundle
        Its id.
    stage
        ``shadow``, ``canary`` or ``ab``.
    share
        The share of entities that it decides; 0 in the shadow.
    since_ms
        Since when it is in this stage.
    number
        Of the change that put it there.
    segment
        The segment it is tried on; empty for all.
    evidence
        What was settled beforehand: metric, minimum effect, power.
    """

    bundle: str
    stage: str
    share: float
    since_ms: int
    number: int
    segment: str = ""
    evidence: Mapping[str, Value] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


@dataclass
class Standing:
    """Champions by segment, each with those before it, and the challenger.

    Parameters
    ----------
    initial
        The champion where the log has no change: what was trained first.

    Attributes
    ----------
    champions
        Bundle ids by segment, the newest last; the segment of all is the empty text.
    trial
        The challenger; `None` where there is none.
    changes
        All of them, in order.

    Examples
    --------
    >>> standing = Standing("old")
    >>> standing.take(standing.next("promote", "new", who="ana", why="better", at_ms=0))
    >>> standing.champion(), standing.take(standing.next("rollback", None, who="ana", why="worse", at_ms=1))
    ('new', None)
    >>> standing.champion()
    'old'
    """

    initial: str | None = None
    champions: dict[str, list[str]] = field(default_factory=dict)
    trial: Trial | None = None
    changes: list[ModelChange] = field(default_factory=list)

    @classmethod
    def of(cls, initial: str | None, entries: Iterable[LogEntry]) -> Standing:
        """What the entries of a log amount to."""
        standing = cls(initial)
        for entry in entries:
            standing.take(ModelChange.of(entry))
        return standing

    def take(self, change: ModelChange) -> None:
        """Have the next change count."""
        if change.action == "promote" and change.bundle is not None:
            history = self.champions.setdefault(change.segment, [])
            if not history and change.before is not None:
                history.append(change.before)
            history.append(change.bundle)
            if self.trial is not None and self.trial.bundle == change.bundle:
                self.trial = None
        elif change.action == "rollback":
            history = self.champions.setdefault(change.segment, [])
            if history:
                history.pop()
            if not history and change.bundle is not None:
                history.append(change.bundle)
        elif change.action == "stop":
            self.trial = None
        elif change.bundle is not None:
            self.trial = Trial(
                change.bundle, change.action, change.share, change.at_ms, change.number, change.segment,
                change.evidence,
            )  # fmt: skip
        self.changes.append(change)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data: champion, segments, challenger, changes."""
        return {
            "champion": self.champion(),
            "segments": self.segments,
            "challenger": None if self.trial is None else self.trial.to_json(),
            "changes": [change.to_json() for change in self.changes],
        }

    def champion(self, segment: str = "") -> str | None:
        """The bundle that decides a segment; that of all where it has none of its own."""
        history = self.champions.get(segment) or self.champions.get("")
        return history[-1] if history else self.initial

    @property
    def segments(self) -> dict[str, str]:
        """The champions of single segments."""
        return {segment: history[-1] for segment, history in self.champions.items() if segment and history}

    def next(
        self,
        action: Action,
        bundle: str | None,
        *,
        who: str,
        why: str,
        at_ms: int,
        segment: str = "",
        share: float = 0.0,
        evidence: Mapping[str, Value] | None = None,
    ) -> ModelChange:
        """The next change.

        Raises
        ------
        UsageError
            It is not possible from here, with everything that stands against it.
        """
        before = self._own(segment)
        faults = [Fault("why", "a few words", "nothing")] if not why.strip() else []
        if action == "rollback":
            bundle = self._earlier(segment, faults)
        elif action == "stop":
            bundle = None if self.trial is None else self.trial.bundle
            if bundle is None:
                faults.append(Fault("challenger", "a bundle on trial", "none"))
        else:
            faults += self._unfit(action, bundle, before, segment, share)
        if faults:
            raise UsageError("The models stay as they are.", faults)
        number = self.changes[-1].number + 1 if self.changes else 1
        return ModelChange(
            number, action, bundle, who, why.strip(), at_ms, before, segment, share, dict(evidence or {})
        )

    def _own(self, segment: str) -> str | None:
        """The champion that was chosen for a segment itself."""
        history = self.champions.get(segment)
        return history[-1] if history else (None if segment else self.initial)

    def _earlier(self, segment: str, faults: list[Fault]) -> str | None:
        history = self.champions.get(segment, [])
        if len(history) > 1:
            return history[-2]
        if not (segment and history):
            hint = "Promote another bundle instead"
            faults.append(Fault("rollback", "a champion before this one", "none in the log", hint))
        return None

    def _unfit(
        self, action: Action, bundle: str | None, before: str | None, segment: str, share: float
    ) -> list[Fault]:
        if bundle is None:
            return [Fault("bundle", "the id of a bundle", "none")]
        if action == "promote":
            return [Fault("bundle", "another one than the champion", bundle)] if bundle == before else []
        faults = []
        if bundle == self.champion(segment):
            faults.append(Fault("challenger", "another bundle than the champion", bundle))
        if self.trial is not None and self.trial.bundle != bundle:
            hint = "Stop its trial first"
            faults.append(Fault("challenger", "one at a time", f"{self.trial.bundle} is on trial", hint))
        if action in TRIALS[1:] and not 0.0 < share <= 0.5:
            faults.append(Fault("share", "above 0 and at most 0.5", f"{share:g}"))
        return faults
