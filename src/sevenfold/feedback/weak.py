"""``sf.WeakLabel``: a rule that was true, or a reviewer's free tag, as a guess to learn from."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.errors import DesignError, Fault
from sevenfold.feedback.review.events import ReviewTag, RuleHit
from sevenfold.learning.label_source import LabelSource

__all__ = ["WeakLabel"]


@dataclass(frozen=True, kw_only=True)
class WeakLabel:
    """A guess about decided events: never evaluated on, outranked by every other source, marked as weak.

    Parameters
    ----------
    rule, tag
        One of them: the name of a rule (live or in shadow) that was true of the event, or a tag that a
        reviewer put on it.
    value
        What it guesses: positive or negative.
    weight
        What an example labelled so weighs in training, above 0 and at most 1.
    because
        Why it is worth a guess.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    rule: str = ""
    tag: str = ""
    value: bool = True
    weight: float = 0.3
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        if bool(self.rule) == bool(self.tag):
            faults.append(Fault("weak", "a rule or a tag", "both" if self.rule else "neither"))
        if not 0.0 < self.weight <= 1.0:
            faults.append(Fault("weak.weight", "above 0 and at most 1", str(self.weight)))
        if faults:
            raise DesignError("A weak label cannot be declared like this", faults)

    def source(self) -> LabelSource:
        """The same as a source of labels."""
        kind, name = ("rule", self.rule) if self.rule else ("tag", self.tag)
        return LabelSource(
            event=RuleHit if self.rule else ReviewTag,
            key="event_id",
            value=self.value,
            where=(kind, name),
            name=f"{kind}:{name}",
            weight=self.weight,
            weak=True,
            because=self.because,
        )
