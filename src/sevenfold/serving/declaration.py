"""Section 4 of a design: how decisions are served."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from sevenfold.errors import DesignError, Fault
from sevenfold.serving.policy import Policy
from sevenfold.serving.rollout.declaration import Rollout

__all__ = ["Serving"]

_DURABILITY = Literal["full", "normal"]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How decisions are served.

    Parameters
    ----------
    durability
        ``"full"``: an answer outlives a loss of power. ``"normal"``: it outlives a crash of the program, and
        a loss of power may take the answers of the last moments; about half a millisecond faster.
    snapshot_every
        Log entries between two snapshots of feature state: what a start has to fold again at most.
    snapshots_kept
        How many snapshots stay; the older ones are used where the newest is damaged.
    policy
        What is done with a score, and what people can review.
    rollout
        How a challenger is tried beside the champion, and when it takes its place.
    reasons
        How many reasons a review or a block has, at most.
    most_waiting
        Events that may wait for their decision; whoever comes then is told to come back later.
    tokenise
        Whether card numbers in entities become tokens at the door, by HMAC under a secret of the
        installation; where not, events that hold one are refused.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    durability: _DURABILITY = "full"
    snapshot_every: int = 100_000
    snapshots_kept: int = 3
    policy: Policy = field(default_factory=Policy)
    rollout: Rollout = field(default_factory=Rollout)
    reasons: int = 4
    most_waiting: int = 1_000
    tokenise: bool = False
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        if self.durability not in get_args(_DURABILITY):
            faults.append(Fault("serving.durability", '"full" or "normal"', repr(self.durability)))
        faults += [
            Fault(f"serving.{name}", "a whole number, one or more", repr(value))
            for name in ("snapshot_every", "snapshots_kept", "reasons", "most_waiting")
            if type(value := getattr(self, name)) is not int or value < 1
        ]
        faults += [
            Fault(f"serving.{name}", "True or False", repr(value))
            for name in ("tokenise",)
            if type(value := getattr(self, name)) is not bool
        ]
        if type(rollout := getattr(self, "rollout")) is not Rollout:  # noqa: B009 - as below
            faults.append(Fault("serving.rollout", "sf.Rollout(...)", repr(rollout)))
        if type(policy := getattr(self, "policy")) is not Policy:  # noqa: B009 - the type checker knows better
            faults.append(Fault("serving.policy", "sf.Policy(...)", repr(policy)))
        if faults:
            raise DesignError("Serving cannot be declared like this", faults)
