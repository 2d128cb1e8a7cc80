"""What a field of an event can hold, and the annotations that declare it.

A field's kind says what its values mean (`Kind`); `Field` adds whether it may be missing, its default,
and what kind of entity or currency it holds. The annotations `Timestamp`, `Entity`, `Money` and
`Category` stand beside Python's `str`, `int`, `float` and `bool`. To a type checker the four are `Any`,
because on an event's class a field is an expression (``Payment.amount.mean()``), whatever its values are.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

__all__ = ["MISSING", "Category", "Entity", "Field", "Kind", "Missing", "Money", "Timestamp", "declared"]


class Kind(Enum):
    """What the values of a field mean."""

    TIMESTAMP = "timestamp"
    ENTITY = "entity"
    MONEY = "money"
    CATEGORY = "category"
    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""Stands for a default that was not declared, since `None` is one that can be."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event.

    Parameters
    ----------
    name
        Its name.
    kind
        What its values mean.
    nullable
        Whether null is a value of it.
    default
        What an event that does not give it holds, as a user would write it; `MISSING` where it must be given.
    entity
        For an entity, the type of it: fields of the same type in other events name the same things.
    currency
        For money, the fixed ISO 4217 code.
    currency_field
        For money, the event's field that holds the currency of each amount.
    """

    name: str
    kind: Kind
    nullable: bool = False
    default: object | Literal[Missing.MISSING] = MISSING
    entity: str | None = None
    currency: str | None = None
    currency_field: str | None = None

    @property
    def required(self) -> bool:
        """Whether every event must give it."""
        return self.default is MISSING and not self.nullable


if TYPE_CHECKING:
    Timestamp: Any
    Entity: Any
    Money: Any
    Category: Any
else:

    class _Parametrised:
        def __class_getitem__(cls, parameter: str) -> object:
            return Annotated[cls, parameter]

    class Timestamp:
        """A moment: RFC 3339 text or epoch milliseconds; UTC."""

    class Entity(_Parametrised):
        """An opaque token that names a card, a merchant, a device …; ``Entity["account"]`` gives its type.

        Raw card numbers are refused.
        """

    class Money(_Parametrised):
        """An exact amount in the currency that the event's field ``currency`` gives, or ``Money["JPY"]``."""

    class Category:
        """One of a moderate number of texts, such as a country."""


_KINDS: dict[object, Kind] = {
    Timestamp: Kind.TIMESTAMP,
    Entity: Kind.ENTITY,
    Money: Kind.MONEY,
    Category: Kind.CATEGORY,
    str: Kind.TEXT,
    int: Kind.INTEGER,
    float: Kind.FLOAT,
    bool: Kind.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What an annotation says: the kind, whether null is allowed, and the text in brackets."""

    kind: Kind
    nullable: bool
    parameter: str | None


def declared(annotation: object) -> Declared | None:
    """Read an annotation; `None` where it declares nothing that a field can hold."""
    arguments = [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        arguments = list(typing.get_args(annotation))
    values = [argument for argument in arguments if argument is not types.NoneType]
    if len(values) != 1:
        return None
    (value,) = values
    parameter = None
    if typing.get_origin(value) is Annotated:
        value, parameter = typing.get_args(value)[:2]
    try:
        kind = _KINDS.get(value)
    except TypeError:  # an unhashable annotation is none of ours
        return None
    if kind is None or not (parameter is None or isinstance(parameter, str)):
        return None
    return Declared(kind, len(values) < len(arguments), parameter)
