"""Further sources of labels beside the one that a design begins with: reversals, verdicts, weak signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.fields import Kind
from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

__all__ = ["LabelSource"]


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Where else labels come from: another event about the decided one.

    Parameters
    ----------
    event
        The event that brings the label.
    key
        The field of `event` that holds the key of the decided event.
    value
        What each event says: ``True`` or ``False``, such as ``False`` for a chargeback that was won back; or
        the name of a field that holds 1 or 0. Where that field is null, the source takes back what it said
        of the decided event before.
    where
        A field and what it must hold for an event to count, such as ``("tag", "mule")``.
    name
        What precedence and figures call it; the event's name by default.
    weight
        What an example labelled by it weighs in training, above 0 and at most 1.
    weak
        A guess rather than the truth: it is learned from with its weight, never evaluated on, and any other
        source outranks it.
    because
        Why the design chose it.

    Raises
    ------
    DesignError
        The declaration can't work; it lists every reason.
    """

    event: EventType
    key: str
    value: bool | str = True
    where: tuple[str, str] | None = None
    name: str = ""
    weight: float = 1.0
    weak: bool = False
    because: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.event.__name__)
        fields, event = self.event.__fields__, self.event.__name__
        hint = f"Fields of {event}: {', '.join(fields)}"
        asked = [("key", self.key)]
        if isinstance(self.value, str):
            asked.append(("value", self.value))
        if self.where is not None:
            asked.append(("where", self.where[0]))
        faults = [
            Fault(role, f"a field of {event}", repr(field), hint)
            for role, field in asked
            if field not in fields
        ]
        if isinstance(self.value, str) and self.value in fields:
            kind = fields[self.value].kind
            if kind not in (Kind.BOOLEAN, Kind.INTEGER):
                faults.append(Fault("value", "a boolean or integer field", kind.value))
        if not 0.0 < self.weight <= 1.0:
            faults.append(Fault("weight", "above 0 and at most 1", str(self.weight)))
        if faults:
            raise DesignError(f"The label source {self.name} can't be built.", faults)

    def describe(self) -> dict[str, Any]:
        """Give the declaration as plain data."""
        return {
            "name": self.name,
            "event": self.event.__name__,
            "key": self.key,
            "value": self.value,
            "where": None if self.where is None else list(self.where),
            "weight": self.weight,
            "weak": self.weak,
            "because": self.because,
        }
