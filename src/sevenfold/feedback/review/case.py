"""A case: decisions that belong together, who works on them, and what was found."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["Case", "Finding", "Member", "Status"]

Status = Literal["open", "second", "closed"]
"""``second``: one person has found something, and another one shall look, too."""


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decided event of a case.

    Attributes
    ----------
    event_id, offset, event_ms, decided_ms
        Which, where its decision stands in the log, when it happened and when it was decided.
    action, score
        What was decided; the calibrated probability, `None` without a model.
    links
        The entities by which it belongs to others: kind and value.
    amount
        What is at stake, in major units of money.
    gain
        The loss that a review is expected to avoid, zero or more, in major units.
    learning
        What its label is worth to the model, in major units.
    strategy, probability
        How it was drawn, and with what chance, where it was sent to review only to learn from it.
    """

    event_id: str
    offset: int
    event_ms: int
    decided_ms: int
    action: str
    score: float | None = None
    links: tuple[tuple[str, str], ...] = ()
    amount: float = 0.0
    gain: float = 0.0
    learning: float = 0.0
    strategy: str | None = None
    probability: float | None = None


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A verdict: by whom, when, what (null for unsure), and the code of its reason."""

    by: str
    at_ms: int
    version: int
    positive: bool | None = None
    reason: str | None = None
    text: str = ""


class Case(msgspec.Struct, omit_defaults=True):
    """Decisions that belong together; a fold over the log.

    Attributes
    ----------
    id
        ``c`` and the offset of its first decision.
    members
        By the key of their event, in the order in which they came.
    version
        How many changes there were.
    status
        ``open``, ``second`` or ``closed``.
    assignee
        Whose it is, until they release it.
    locked_by, lock_until
        Who has it before them, and until when in epoch milliseconds.
    seen
        Keys of the decided events that they have before them: those that came later are another case's.
    first, second
        What the first person found, and the second.
    tags
        Free tags.
    """

    id: str
    members: dict[str, Member] = {}
    version: int = 0
    status: Status = "open"
    assignee: str | None = None
    locked_by: str | None = None
    lock_until: int = 0
    seen: tuple[str, ...] = ()
    first: Finding | None = None
    second: Finding | None = None
    tags: tuple[str, ...] = ()

    @property
    def opened_ms(self) -> int:
        """When its first decision was made."""
        return min(member.decided_ms for member in self.members.values())

    @property
    def gain(self) -> float:
        """The loss that reviewing it is expected to avoid."""
        return sum(member.gain for member in self.members.values())

    @property
    def learning(self) -> float:
        """What its labels are worth to the model."""
        return sum(member.learning for member in self.members.values())

    @property
    def disputed(self) -> bool:
        """Whether two people found different things."""
        return (
            self.first is not None
            and self.second is not None
            and self.first.positive is not self.second.positive
        )

    def minutes(self, fixed: float, each: float) -> float:
        """What a review of it takes."""
        return fixed + each * len(self.members)

    def locked_for(self, who: str, now_ms: int) -> bool:
        """Whether somebody else has it before them."""
        return self.locked_by not in (None, who) and now_ms < self.lock_until

    def describe(self) -> dict[str, Any]:
        """All of it as plain data; the first finding is hidden while a second person shall look."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        plain.update({"opened_ms": self.opened_ms, "gain": self.gain, "learning": self.learning})
        plain["members"] = list(plain["members"].values())
        plain["disputed"] = self.disputed
        if self.status == "second":
            plain.pop("first", None)
        return plain
