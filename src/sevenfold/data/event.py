"""Events: classes that declare what happens, field by field.

>>> from sevenfold.data.fields import Category, Money, Timestamp
>>> class Payment(EventRecord, key="payment_id", time="occurred_at"):
...     payment_id: str
...     occurred_at: Timestamp
...     amount: Money
...     currency: Category = "EUR"
>>> Payment.__convert__({"payment_id": "p1", "occurred_at": "2026-01-31T12:00:00Z", "amount": "12.50"})
('p1', 1769860800000, 1250, 'EUR')

An event's class describes; it has no instances. Everything it knows stands under dunder names, so that a
metaclass derived from `EventType` is free to answer ``Payment.amount`` as it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from sevenfold.data.convert import Step, steps
from sevenfold.data.declare import default_faults, own_annotations, own_fields, role_faults, with_currencies
from sevenfold.data.fields import Field, Kind
from sevenfold.data.refusal import RefusedError
from sevenfold.errors import DataError, DesignError, Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EventRecord", "EventType"]

_PHYSICAL = {
    Kind.TIMESTAMP: int,
    Kind.ENTITY: str,
    Kind.MONEY: int,
    Kind.CATEGORY: str,
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.BOOLEAN: bool,
}


class EventType(type):
    """The type of event classes: reads the annotations and compiles the conversion of rows.

    Attributes
    ----------
    __fields__
        The fields by name, in the order of declaration; those of base events first.
    __key__
        The name of the field that identifies an event.
    __time__
        The name of the field that says when it happened.
    __convert__
        Takes a mapping, gives the physical values as a tuple in the order of the fields; raises
        `DataError` with all the faults of the row. Names that the event does not declare are ignored.
    __body__
        A `msgspec.Struct` of the physical values: what the event log keeps, as JSON, nulls left out.
    """

    __fields__: dict[str, Field]
    __key__: str
    __time__: str
    __convert__: Callable[[Mapping[str, object]], tuple[Any, ...]]
    __body__: type[msgspec.Struct]

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        key: str | None = None,
        time: str | None = None,
    ) -> EventType:
        """Build the class, or raise `DesignError` with everything that is wrong with it."""
        cls = super().__new__(mcls, name, bases, namespace)
        annotations = own_annotations(cls)
        defaults = _taken_from(cls, annotations)
        inherited = _inherited(cls)
        if not (annotations or inherited or key or time):
            cls.__fields__ = {}
            return cls  # a base that declares nothing

        fields, faults = own_fields(name, annotations, defaults, reserved=dir(mcls))
        cls.__fields__ = with_currencies(inherited | fields)
        cls.__key__ = key or _nearest(cls, "__key__")
        cls.__time__ = time or _nearest(cls, "__time__")
        faults += default_faults(name, cls.__fields__)
        faults += role_faults(name, cls.__fields__, cls.__key__, cls.__time__, skip=annotations)
        if faults:
            raise DesignError(f"The event {name} cannot be declared like this", faults)
        cls.__convert__ = _row_converter(name, steps(tuple(cls.__fields__.values())), tuple(cls.__fields__))
        cls.__body__ = _body(cls)
        return cls


def _taken_from(cls: type, annotations: Mapping[str, object]) -> dict[str, object]:
    """Take the defaults off the class, so that looking up a field's name there finds nothing."""
    defaults = {name: cls.__dict__[name] for name in annotations if name in cls.__dict__}
    for name in defaults:
        type.__delattr__(cls, name)
    return defaults


def _inherited(cls: type) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= base.__dict__.get("__fields__", {})
    return fields


def _nearest(cls: type, attribute: str) -> str:
    # Not getattr: a metaclass may answer names that no class has.
    return next((str(base.__dict__[attribute]) for base in cls.__mro__ if attribute in base.__dict__), "")


def _row_converter(
    event: str, row_steps: tuple[Step, ...], names: tuple[str, ...]
) -> Callable[[Mapping[str, object]], tuple[Any, ...]]:
    def convert(row: Mapping[str, object]) -> tuple[Any, ...]:
        try:
            return tuple([step(row) for step in row_steps])
        except RefusedError:
            faults = _faults(event, row, row_steps, names)
        raise DataError(f"The {event} is refused", faults)

    return convert


def _faults(
    event: str, row: Mapping[str, object], row_steps: tuple[Step, ...], names: tuple[str, ...]
) -> list[Fault]:
    faults = []
    for name, step in zip(names, row_steps, strict=True):
        try:
            step(row)
        except RefusedError as refused:
            faults.append(refused.at(f"{event}.{name}"))
    return faults


def _body(cls: EventType) -> type[msgspec.Struct]:
    fields = [(name, _PHYSICAL[field.kind] | None, None) for name, field in cls.__fields__.items()]
    return msgspec.defstruct(cls.__name__, fields, omit_defaults=True, gc=False, module=cls.__module__)


class EventRecord(metaclass=EventType):
    """Base of all events; a subclass declares the fields and names its key and its time."""

    def __new__(cls, *_: object, **__: object) -> NoReturn:
        """Refuse: an event's class describes events, which are given as mappings or tables."""
        raise UsageError(
            f"{cls.__name__} describes events and has no instances: give them as mappings or tables"
        )
