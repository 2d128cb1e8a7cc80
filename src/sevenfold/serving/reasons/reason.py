"""One reason, with the sentences that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sevenfold.serving.reasons.usual import Usual, Value

__all__ = ["Reason"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision came out as it did, in one respect.

    Parameters
    ----------
    source
        What it is about: a feature of the model, a rule, or a list.
    name
        Of that.
    sentence
        For an analyst.
    customer
        For a customer: without numbers, thresholds and names of rules.
    contribution
        Of a feature: how far it moved the log odds before calibration; positive raises the score.
    value
        Of a feature: what it was, in the unit of its declaration.
    below, above
        Of a number: the share of everyone's values that are smaller, and larger.
    share
        Of a text: the share of everyone's values that are the same.
    usual
        What it was in the entity's earlier decisions.
    """

    source: Literal["feature", "rule", "list"]
    name: str
    sentence: str
    customer: str
    contribution: float | None = None
    value: Value = None
    below: float | None = None
    above: float | None = None
    share: float | None = None
    usual: Usual | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data, for a decision record: what is not known is left out."""
        said: dict[str, Any] = {self.source: self.name}
        if self.source == "feature":
            said |= {"contribution": self.contribution, "value": self.value}
        figures = {"below": self.below, "above": self.above, "share": self.share}
        said |= {name: round(figure, 4) for name, figure in figures.items() if figure is not None}
        if self.usual is not None:
            said["usual"] = self.usual.to_json()
        return said | {"sentence": self.sentence, "customer": self.customer}
