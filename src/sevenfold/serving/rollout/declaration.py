"""How a challenger is tried beside the champion, and when it takes its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ABTest", "Guardrails", "Metric", "Rollout", "Stage"]

Stage = Literal["shadow", "canary", "ab"]
Metric = Literal["cost", "missed", "blocked"]


@dataclass(frozen=True, kw_only=True)
class ABTest:
    """How a challenger is judged by what became of its decisions.

    Parameters
    ----------
    metric
        What is compared, for each decision whose label is final: ``cost``, what mistakes and reviews cost in
        money; ``missed``, the money of positives that were approved; ``blocked``, whether it was blocked.
    share
        The share of entities that the challenger decides.
    minimum_effect
        The smallest saving for each decision that matters, in the metric's unit; what the power is about.
    confidence
        That a difference which is called one is one, however often it was looked at.
    power
        The chance to find the minimum effect, from which the number of decisions is computed beforehand.
    longest
        After this long without a result the challenger is stopped.
    because
        Why.
    """

    metric: Metric = "cost"
    share: float = 0.5
    minimum_effect: float = 0.05
    confidence: float = 0.95
    power: float = 0.8
    longest: str = "90d"
    because: str = ""

    def __post_init__(self) -> None:
        faults = [*_shares("ab", share=self.share, most=0.5)]
        faults += [
            Fault(f"ab.{name}", "above 0 and below 1", repr(value))
            for name, value in (("confidence", self.confidence), ("power", self.power))
            if not (isinstance(value, float) and 0.0 < value < 1.0)
        ]
        if self.metric not in get_args(Metric):
            faults.append(Fault("ab.metric", f"one of {', '.join(get_args(Metric))}", repr(self.metric)))
        if not (isinstance(self.minimum_effect, (int, float)) and self.minimum_effect > 0):
            faults.append(Fault("ab.minimum_effect", "a number above 0", repr(self.minimum_effect)))
        faults += _durations("ab", longest=self.longest)
        if faults:
            raise DesignError("An A/B test cannot be declared like this", faults)


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """What stops a challenger at once.

    Parameters
    ----------
    latency
        Its time to score over the champion's, at most; of means over the same features.
    block_rate
        The share that it blocks over the champion's share, at most; and that share over its own, too.
    errors
        Scores that failed or were no probability, at most, as a share of its decisions.
    fairness
        By how much the block rates of the groups of `group` may lie apart, in the challenger's decisions
        more than in the champion's; `None` leaves that out.
    group
        The field of the decided event that tells the groups apart.
    least
        Decisions that a rate is computed of, at least.
    because
        Why.
    """

    latency: float = 2.0
    block_rate: float = 2.0
    errors: float = 0.001
    fairness: float | None = None
    group: str | None = None
    least: int = 500
    because: str = ""

    def __post_init__(self) -> None:
        faults = [
            Fault(f"guardrails.{name}", "a number above 1", repr(value))
            for name, value in (("latency", self.latency), ("block_rate", self.block_rate))
            if not (isinstance(value, (int, float)) and value > 1.0)
        ]
        if not (isinstance(self.errors, (int, float)) and 0.0 <= self.errors < 1.0):
            faults.append(Fault("guardrails.errors", "0 or more and below 1", repr(self.errors)))
        if type(self.least) is not int or self.least < 1:
            faults.append(Fault("guardrails.least", "a whole number, one or more", repr(self.least)))
        if (self.fairness is None) != (self.group is None):
            faults.append(Fault("guardrails.fairness", "both fairness and group, or neither", "one of them"))
        if faults:
            raise DesignError("Guardrails cannot be declared like this", faults)


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """How a challenger is tried beside the champion, and when it takes its place.

    Parameters
    ----------
    stages
        What it goes through, in this order: any of ``shadow``, ``canary``, ``ab``. Without one it is promoted
        on the comparison of its training alone.
    automatic
        Whether it goes from stage to stage, and takes the champion's place, by itself; else a person
        promotes it. Guardrails stop it in any case.
    entity
        Whose decisions stay together when a share is drawn; by default the entity of the learning.
    segment
        A field of the decided event whose values may have champions of their own.
    shadow_for, shadow_decisions
        How long it is scored without effect, and of how many decisions, at least.
    canary_for, canary_share
        How long it decides a small share, and which.
    ab, guardrails
        How it is judged, and what stops it at once.
    because
        Why.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    stages: tuple[Stage, ...] = ("shadow", "canary", "ab")
    automatic: bool = False
    entity: str | None = None
    segment: str | None = None
    shadow_for: str = "1d"
    shadow_decisions: int = 1_000
    canary_for: str = "1d"
    canary_share: float = 0.05
    ab: ABTest = field(default_factory=ABTest)
    guardrails: Guardrails = field(default_factory=Guardrails)
    because: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", tuple(self.stages))
        known: tuple[str, ...] = get_args(Stage)
        in_order = [stage for stage in known if stage in self.stages]
        faults = []
        if list(self.stages) != in_order:
            got = ", ".join(map(str, self.stages))
            faults.append(Fault("rollout.stages", f"any of {', '.join(known)}, in this order", got))
        if type(automatic := getattr(self, "automatic")) is not bool:  # noqa: B009 - as below
            faults.append(Fault("rollout.automatic", "True or False", repr(automatic)))
        if type(self.shadow_decisions) is not int or self.shadow_decisions < 1:
            got = repr(self.shadow_decisions)
            faults.append(Fault("rollout.shadow_decisions", "a whole number, one or more", got))
        faults += _shares("rollout", canary_share=self.canary_share, most=0.5)
        faults += _durations("rollout", shadow_for=self.shadow_for, canary_for=self.canary_for)
        if type(ab := getattr(self, "ab")) is not ABTest:  # noqa: B009 - the type checker knows better
            faults.append(Fault("rollout.ab", "sf.ABTest(...)", repr(ab)))
        if type(rails := getattr(self, "guardrails")) is not Guardrails:  # noqa: B009 - as above
            faults.append(Fault("rollout.guardrails", "sf.Guardrails(...)", repr(rails)))
        if faults:
            raise DesignError("A rollout cannot be declared like this", faults)

    def unfit(self, fields: Sequence[str]) -> list[Fault]:
        """Return the names that are no fields of the event that is decided."""
        hint = f"Its fields are: {', '.join(fields)}"
        return [
            Fault(f"serving.rollout.{role}", "a field of the event that is decided", repr(name), hint)
            for role, name in (
                ("entity", self.entity),
                ("segment", self.segment),
                ("guardrails.group", self.guardrails.group),
            )
            if name is not None and name not in fields
        ]


def _shares(where: str, *, most: float, **shares: float) -> list[Fault]:
    return [
        Fault(f"{where}.{name}", f"above 0 and at most {most:g}", repr(value))
        for name, value in shares.items()
        if not (isinstance(value, (int, float)) and 0.0 < value <= most)
    ]


def _durations(where: str, **durations: str) -> list[Fault]:
    faults: list[Fault] = []
    for name, text in durations.items():
        try:
            duration_ms(text, f"{where}.{name}")
        except DesignError as error:
            faults += error.faults
    return faults
