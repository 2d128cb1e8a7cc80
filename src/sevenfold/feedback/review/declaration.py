"""``sf.Review``: how decisions become cases, and how people work on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.fields import Kind
from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

__all__ = ["POSITIVE_REASONS", "Review"]

POSITIVE_REASONS: tuple[str, ...] = ("stolen", "account-taken-over", "own-customer", "merchant", "other")
"""Why something is positive, where the design doesn't say its own reasons."""

_NEGATIVE_REASONS = ("customer-confirmed", "usual", "other")


@dataclass(frozen=True, kw_only=True)
class Review:
    """How decisions become cases, and how people work on them.

    Parameters
    ----------
    by
        Fields of entities whose sharing puts decisions into one case; by default all entities of the event
        that is decided. An entity that nearly everything shares, such as a large merchant, has no place here.
    within
        How far apart two decisions of one case may be, at most, by an entity that they share.
    most
        How many decisions a case holds, at most.
    due
        How long after its first decision a case should be closed.
    lease
        How long a case stays locked for whoever took it.
    minutes, minutes_each
        A reviewer's minutes for a case, and for each of its decisions.
    learning_worth
        What the label of the most uncertain decision is worth to the model, in major units of money; others
        are worth less by the entropy of their score.
    second
        Share of cases that a second person reviews, without seeing what the first one found, 0 to 1.
    positive_reasons, negative_reasons
        Codes, one of which a verdict must give.
    labels
        Whether verdicts are labels, too: of the rank that the label's ``precedence`` gives ``ReviewVerdict``,
        below the sources that the design declares where it gives none.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    by: tuple[str, ...] = ()
    within: str = "7d"
    most: int = 20
    due: str = "1d"
    lease: str = "30m"
    minutes: float = 4.0
    minutes_each: float = 1.0
    learning_worth: float = 1.0
    second: float = 0.05
    positive_reasons: tuple[str, ...] = POSITIVE_REASONS
    negative_reasons: tuple[str, ...] = _NEGATIVE_REASONS
    labels: bool = True
    because: str = ""

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for name in ("within", "due", "lease"):
            try:
                duration_ms(getattr(self, name), f"review.{name}")
            except DesignError as error:
                faults += error.faults
        if type(self.most) is not int or self.most < 1:
            faults.append(Fault("review.most", "a whole number, one or more", repr(self.most)))
        limits = (
            ("minutes", "above 0", self.minutes > 0),
            ("minutes_each", "zero or more", self.minutes_each >= 0),
            ("learning_worth", "zero or more", self.learning_worth >= 0),
            ("second", "0 to 1", 0 <= self.second <= 1),
        )
        faults += [
            Fault(f"review.{name}", f"a number, {expected}", str(getattr(self, name)))
            for name, expected, right in limits
            if not (right and math.isfinite(getattr(self, name)))
        ]
        faults += [
            Fault(f"review.{name}", "at least one code", "none")
            for name in ("positive_reasons", "negative_reasons")
            if not getattr(self, name)
        ]
        if faults:
            raise DesignError("The review cannot be declared like this", faults)

    def unfit(self, event: EventType) -> list[Fault]:
        """Return everything that does not fit the event that is decided."""
        entities = _entities(event)
        hint = f"Entities of {event.__name__}: {', '.join(entities) or 'none'}"
        return [
            Fault("feedback.review.by", f"an entity of {event.__name__}", repr(name), hint)
            for name in self.by
            if name not in entities
        ]

    def shared(self, event: EventType) -> tuple[str, ...]:
        """The fields whose sharing puts decisions into one case."""
        return self.by or _entities(event)

    @property
    def within_ms(self) -> int:
        """`within` in milliseconds."""
        return duration_ms(self.within)

    @property
    def due_ms(self) -> int:
        """`due` in milliseconds."""
        return duration_ms(self.due)

    @property
    def lease_ms(self) -> int:
        """`lease` in milliseconds."""
        return duration_ms(self.lease)


def _entities(event: EventType) -> tuple[str, ...]:
    return tuple(name for name, field in event.__fields__.items() if field.kind is Kind.ENTITY)
