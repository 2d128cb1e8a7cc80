"""An event's class as a stream of rows: what ``Payment.amount`` and ``Payment.count()`` mean in a feature."""

from __future__ import annotations

from sevenfold.data.event import EventRecord, EventType
from sevenfold.errors import DesignError, Fault
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import FieldOf, as_expression
from sevenfold.features.window import duration_ms

__all__ = ["Event", "StreamType"]


class StreamType(EventType):
    """The type of event classes whose fields are expressions."""

    def __getattr__(cls, name: str) -> FieldOf:  # noqa: N805  # a metaclass, by its base
        if name.startswith("_"):
            raise AttributeError(name)
        fields = cls.__fields__
        if name in fields:
            return FieldOf(cls, name)
        known = ", ".join(fields) or "none"
        raise UnknownFieldError(
            f"{cls.__name__} has no field {name}",
            [
                Fault(
                    f"{cls.__name__}.{name}",
                    "a declared field",
                    "an unknown name",
                    f"Its fields are: {known}",
                )
            ],
        )

    def count(cls, where: object = None) -> Aggregate:  # noqa: N805
        """How many events, or how many that meet a condition."""
        return Aggregate("count", cls, None, None if where is None else as_expression(where))

    def decayed_count(cls, half_life: str, where: object = None) -> Aggregate:  # noqa: N805
        """Count in which an event weighs half after each ``half_life``."""
        condition = None if where is None else as_expression(where)
        return Aggregate("decayed_count", cls, None, condition, half_life=duration_ms(half_life, "half_life"))


class UnknownFieldError(DesignError, AttributeError):
    """A name that an event does not declare: for Python, a missing attribute."""


class Event(EventRecord, metaclass=StreamType):
    """Base of a design's events.

    >>> from sevenfold.data.fields import Entity, Money, Timestamp
    >>> class Payment(Event, key="payment_id", time="occurred_at"):
    ...     payment_id: str
    ...     occurred_at: Timestamp
    ...     card: Entity
    ...     amount: Money
    >>> Payment.amount.mean().by(Payment.card).over("1d").function
    'mean'
    """
