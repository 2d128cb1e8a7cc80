"""The types of values in expressions, and how each is held by the kernel."""

from __future__ import annotations

from enum import Enum

from sevenfold.data.fields import Kind

__all__ = ["MONEY_UNIT", "OF_KIND", "UNIT", "ValueType"]


class ValueType(Enum):
    """What a value of an expression is.

    All but `FLOAT` are integer words: a boolean is 0 or 1, money counts ten-thousandths of the major unit, a
    duration and a time count milliseconds, a text is its 64-bit hash.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    MONEY = "money"
    DURATION = "duration"
    TIME = "time"
    TEXT = "text"

    @property
    def is_number(self) -> bool:
        """Whether arithmetic makes sense."""
        return self not in (ValueType.TIME, ValueType.TEXT)


MONEY_UNIT = 10_000
"""Money inside the kernel: no currency of ISO 4217 has more than four digits, so one scale holds them all."""

UNIT = {
    ValueType.BOOLEAN: 1,
    ValueType.INTEGER: 1,
    ValueType.FLOAT: 1,
    ValueType.MONEY: MONEY_UNIT,
    ValueType.DURATION: 1_000,
}
"""What an integer word is divided by to become a number in its declared unit: major units, seconds."""

OF_KIND = {
    Kind.TIMESTAMP: ValueType.TIME,
    Kind.ENTITY: ValueType.TEXT,
    Kind.MONEY: ValueType.MONEY,
    Kind.CATEGORY: ValueType.TEXT,
    Kind.TEXT: ValueType.TEXT,
    Kind.INTEGER: ValueType.INTEGER,
    Kind.FLOAT: ValueType.FLOAT,
    Kind.BOOLEAN: ValueType.BOOLEAN,
}
