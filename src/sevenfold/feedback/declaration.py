"""Section 5b of a design: what people say about decisions, and how the system learns from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault
from sevenfold.feedback.active.declaration import Active
from sevenfold.feedback.retraining.declaration import Retraining
from sevenfold.feedback.review.declaration import Review
from sevenfold.feedback.review.events import ReviewTag, ReviewVerdict, RuleHit
from sevenfold.feedback.weak import WeakLabel
from sevenfold.learning.label_source import LabelSource

if TYPE_CHECKING:
    from sevenfold.data.event import EventType
    from sevenfold.learning.label import Label

__all__ = ["LABEL_EVENTS", "Feedback"]

LABEL_EVENTS = (ReviewVerdict, ReviewTag, RuleHit)
"""Events that may bring labels in every design."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What people say about decisions, and how the system learns from it.

    Parameters
    ----------
    review
        How decisions become cases, and how people work on them.
    active
        Which decisions that nobody asked about are sent to review to learn from them.
    weak
        Rules and tags that count as guesses: ``sf.WeakLabel(...)``.
    retraining
        When a model is trained anew, and what must be there for it.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    review: Review = field(default_factory=Review)
    active: Active = field(default_factory=Active)
    weak: tuple[WeakLabel, ...] = ()
    retraining: Retraining = field(default_factory=Retraining)
    because: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weak", tuple(self.weak))
        expected: tuple[tuple[str, object, type, str], ...] = (
            ("review", self.review, Review, "sf.Review(...)"),
            ("active", self.active, Active, "sf.Active(...)"),
            ("retraining", self.retraining, Retraining, "sf.Retraining(...)"),
            *((f"weak[{i}]", one, WeakLabel, "sf.WeakLabel(...)") for i, one in enumerate(self.weak)),
        )
        faults = [
            Fault(f"feedback.{where}", call, type(value).__name__)
            for where, value, kind, call in expected
            if not isinstance(value, kind)
        ]
        if faults:
            raise DesignError("Feedback cannot be declared like this", faults)

    def unfit(self, event: EventType, label: Label | None) -> list[Fault]:
        """Return everything that does not fit the event that is decided and its label."""
        faults = self.review.unfit(event)
        if label is None:
            if self.weak:
                faults.append(Fault("feedback.weak", "a label that it guesses", "no label"))
            return faults
        known = ", ".join(source.name for source in self.completed(label).sources)
        return faults + [
            Fault("label.precedence", "the name of a source", repr(name), f"Sources are: {known}")
            for name in self.completed(label).unknown_names()
        ]

    def completed(self, label: Label) -> Label:
        """Return a design's label with the sources that feedback brings: verdicts and weak labels."""
        verdicts = LabelSource(
            event=ReviewVerdict, key="event_id", value="positive", because="A person looked at it."
        )
        return label.with_sources(
            [*([verdicts] if self.review.labels else []), *(weak.source() for weak in self.weak)]
        )
