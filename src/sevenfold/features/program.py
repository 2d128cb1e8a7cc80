"""Compile row-wise expressions to the instructions of the kernel's register machine."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf, Literal
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.text import text_code
from sevenfold.features.value import MONEY_UNIT, OF_KIND, UNIT, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType

__all__ = ["Compiler", "Program", "Register", "float_bits"]

_INTEGER = {
    "add": "add_integer",
    "subtract": "subtract_integer",
    "negate": "negate_integer",
    "absolute": "absolute_integer",
    "less": "less_integer",
    "less_equal": "less_equal_integer",
    "equal": "equal_integer",
    "unequal": "unequal_integer",
}
_COMPARISONS = ("less", "less_equal", "equal", "unequal")


def float_bits(value: float) -> int:
    """The 64 bits of a double as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


@dataclass(frozen=True, slots=True)
class Register:
    """Where a value stands while a block of rows is computed, and what it is."""

    number: int
    type: ValueType


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled row-wise program; arrays as `kernel.stages` takes them, all int64.

    Attributes
    ----------
    instructions
        (k, 7) and ``constants`` (k,), the members of ``is_in``.
    fields
        (k, 2): a field's position in its event, register.
    loads
        (k, 3): lookup, slot, register; ordered by lookup.
    fixed
        (k, 2): word, register.
    stores
        (k, 3): register, target, 1 for a float.
    registers
        How many there are.
    """

    instructions: NDArray[np.int64]
    constants: NDArray[np.int64]
    fields: NDArray[np.int64]
    loads: NDArray[np.int64]
    fixed: NDArray[np.int64]
    stores: NDArray[np.int64]
    registers: int
    text: tuple[str, ...]


class Compiler:
    """Compiles the expressions over one event; what is written alike is computed once.

    Parameters
    ----------
    event
        The event whose fields are at hand.
    aggregate
        Called for an aggregate; gives its register, usually after `load`. `None` where there can be none.
    """

    def __init__(self, event: EventType, aggregate: Callable[[Aggregate], Register] | None = None) -> None:
        from sevenfold.features.kernel.rowwise import CODES

        self._codes = CODES
        self._event = event
        self._fields = {name: position for position, name in enumerate(event.__fields__)}
        self._aggregate = aggregate
        self._known: dict[object, Register] = {}
        self._count = 0
        self._instructions: list[list[int]] = []
        self._constants: list[int] = []
        self._field_loads: list[tuple[int, int]] = []
        self._loads: list[tuple[int, int, int]] = []
        self._fixed: list[tuple[int, int]] = []
        self._stores: list[tuple[int, int, int]] = []
        self._text: list[str] = []

    def program(self) -> Program:
        """What has been compiled."""

        def table(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
            return np.array(rows, dtype=np.int64).reshape(len(rows), width)

        return Program(
            table(self._instructions, 7),
            np.array(self._constants, dtype=np.int64),
            table(self._field_loads, 2),
            table(sorted(self._loads), 3),
            table(self._fixed, 2),
            table(self._stores, 3),
            max(self._count, 1),
            tuple(self._text),
        )

    def store(self, register: Register, target: int) -> None:
        """Keep a register in a column of the result."""
        self._stores.append((register.number, target, int(register.type is ValueType.FLOAT)))
        self._text.append(f"store r{register.number} → {target}")

    def load(self, lookup: int, slot: int, type_: ValueType, label: str) -> Register:
        """A word of a lookup's record."""
        key = ("load", lookup, slot)
        if key not in self._known:
            register = self._new(type_)
            self._loads.append((lookup, slot, register.number))
            self._text.append(f"r{register.number} = lookup {lookup} slot {slot}: {label}")
            self._known[key] = register
        return self._known[key]

    def mean(self, total: Register, count: Register, unit: int) -> Register:
        """A total divided by a count and a unit, with one rounding."""
        return self._emit("mean", ValueType.FLOAT, total.number, count.number, unit)

    def divide(self, register: Register, unit: int) -> Register:
        """A float divided by a unit."""
        if unit == 1:
            return register
        divisor = self._constant(float_bits(float(unit)), ValueType.FLOAT, float(unit))
        return self._emit("divide", ValueType.FLOAT, register.number, divisor.number)

    def compile(self, expression: Expression) -> Register:
        """The value of an expression in its own type."""
        key = expression.signature()
        if key not in self._known:
            self._known[key] = self._compile(expression)
        return self._known[key]

    def number(self, register: Register) -> Register:
        """A value as a float in its declared unit: major units, seconds."""
        if register.type is ValueType.FLOAT:
            return register
        return self._emit("integer_to_float", ValueType.FLOAT, register.number, UNIT[register.type])

    def present(self, value: Register | None, condition: Register | None) -> Register | None:
        """Whether an event has a value and meets a condition; `None` when that is always so."""
        found: Register | None = None
        if value is not None:
            null = "is_null" if value.type is ValueType.FLOAT else "is_null_integer"
            found = self._emit(
                "not", ValueType.BOOLEAN, self._emit(null, ValueType.BOOLEAN, value.number).number
            )
        if condition is not None:
            truth = self._emit("truth", ValueType.BOOLEAN, condition.number)
            both = found and self._emit("and", ValueType.BOOLEAN, found.number, truth.number)
            found = both or truth
        return found

    def _new(self, type_: ValueType) -> Register:
        self._count += 1
        return Register(self._count - 1, type_)

    def _emit(self, name: str, type_: ValueType, *operands: int) -> Register:
        key = (name, *operands)
        if key not in self._known:
            register = self._new(type_)
            padded = [*operands, 0, 0, 0, 0, 0][:5]
            self._instructions.append([self._codes[name], register.number, *padded])
            self._text.append(f"r{register.number} = {name} {' '.join(map(str, operands))} : {type_.value}")
            self._known[key] = register
        return self._known[key]

    def _constant(self, word: int, type_: ValueType, shown: object) -> Register:
        key = ("constant", word, type_ is ValueType.FLOAT)
        if key not in self._known:
            register = self._new(type_)
            self._fixed.append((word, register.number))
            self._text.append(f"r{register.number} = {shown!r}")
            self._known[key] = register
        found = self._known[key]
        return Register(found.number, type_)

    def _compile(self, expression: Expression) -> Register:
        match expression:
            case FieldOf(_, name):
                register = self._new(OF_KIND[self._event.__fields__[name].kind])
                self._field_loads.append((self._fields[name], register.number))
                self._text.append(f"r{register.number} = {name} : {register.type.value}")
                return register
            case Literal(value):
                return self._literal(value)
            case Aggregate():
                if self._aggregate is None:
                    raise TypeError("an aggregate inside an aggregate passed the checks")
                return self._aggregate(expression)
            case Call(operation, arguments):
                return self._call(operation, [self.compile(part) for part in arguments], arguments)
        raise TypeError(f"{type(expression).__name__} cannot be compiled")

    def _literal(self, value: bool | int | float | str) -> Register:
        if isinstance(value, bool):
            return self._constant(int(value), ValueType.BOOLEAN, value)
        if isinstance(value, int):
            return self._constant(value, ValueType.INTEGER, value)
        if isinstance(value, str):
            return self._constant(text_code(value), ValueType.TEXT, value)
        return self._constant(float_bits(value), ValueType.FLOAT, value)

    def _call(self, operation: str, parts: list[Register], arguments: tuple[Expression, ...]) -> Register:
        types = [part.type for part in parts]
        numbers = [part.number for part in parts]
        boolean, float_ = ValueType.BOOLEAN, ValueType.FLOAT
        if operation == "subtract" and types == [ValueType.TIME, ValueType.TIME]:
            return self._emit("subtract_integer", ValueType.DURATION, *numbers)
        if operation in ("add", "subtract", "negate", "absolute") and self._exact(types):
            return self._emit(_INTEGER[operation], types[0], *numbers)
        if operation in _COMPARISONS:
            if types[0] is types[1] and types[0] is not float_:
                return self._emit(_INTEGER[operation], boolean, *numbers)
            return self._emit(operation, boolean, *(self.number(part).number for part in parts))
        if operation in ("and", "or", "not"):
            return self._emit(operation, boolean, *numbers)
        if operation == "is_null":
            return self._emit("is_null" if types[0] is float_ else "is_null_integer", boolean, *numbers)
        if operation == "is_in":
            return self._membership(parts[0], arguments[1:])
        if operation in ("hour", "day_of_week", "is_weekend"):
            return self._emit(
                operation, boolean if operation == "is_weekend" else ValueType.INTEGER, *numbers
            )
        if operation == "choose":
            first, second = self._alike(parts[1], parts[2])
            return self._emit("choose", first.type, numbers[0], first.number, second.number)
        if operation == "fill_null":
            first, second = self._alike(parts[0], parts[1])
            name = "fill" if first.type is float_ else "fill_integer"
            return self._emit(name, first.type, first.number, second.number)
        return self._emit(operation, float_, *(self.number(part).number for part in parts))

    @staticmethod
    def _exact(types: list[ValueType]) -> bool:
        return len(set(types)) == 1 and types[0] in (ValueType.INTEGER, ValueType.MONEY, ValueType.DURATION)

    def _alike(self, first: Register, second: Register) -> tuple[Register, Register]:
        """Two values in one type: theirs if they share it, else numbers."""
        if first.type is second.type:
            return first, second
        return self.number(first), self.number(second)

    def _membership(self, value: Register, members: tuple[Expression, ...]) -> Register:
        start = len(self._constants)
        shown = []
        for member in members:
            constant = member.value if isinstance(member, Literal) else None
            shown.append(repr(constant))
            self._constants.append(text_code(constant) if isinstance(constant, str) else int(constant or 0))
        register = self._emit("is_in", ValueType.BOOLEAN, value.number, start, len(members))
        self._text.append(f"    members of r{register.number}: {', '.join(shown)}")
        return register


def money_word(minor: int | None, digits: int) -> int:
    """Money in minor units as the kernel's word.

    >>> money_word(1250, 2)
    125000
    """
    return NULL_INT if minor is None else minor * (MONEY_UNIT // 10**digits)
