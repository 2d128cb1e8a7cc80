"""Rows of events as users send them: mappings, or JSON.

>>> from sevenfold.data.event import EventRecord
>>> from sevenfold.data.fields import Money, Timestamp
>>> class Refund(EventRecord, key="refund_id", time="at"):
...     refund_id: str
...     at: Timestamp
...     amount: Money
>>> validated = validate(Refund, [{"refund_id": "r1", "at": 0, "amount": "-2.50"}, {"refund_id": 2, "at": 0}])
>>> validated.rows
[{'refund_id': 'r1', 'at': 0, 'amount': -250}]
>>> for fault in validated.faults:
...     print(fault)
row 1: refund_id: expected text, got int 2
row 1: amount: expected a value, got nothing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.data.refusal import RefusedError, shown
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.data.event import EventType

__all__ = ["Validated", "convert", "decode", "parse", "validate"]


@dataclass(frozen=True, slots=True)
class Validated:
    """What became of a batch of rows.

    Parameters
    ----------
    rows
        The physical values of the rows that were accepted, by field.
    index
        Where they stood in the batch, counted from zero.
    faults
        Everything that is wrong with the others.
    """

    rows: list[dict[str, Any]]
    index: list[int]
    faults: list[Fault]


def convert(event: EventType, row: object, *, strict: bool = False) -> tuple[Any, ...]:
    """Return the physical values of one row, in the order of the fields.

    Parameters
    ----------
    event
        What the row is.
    row
        A mapping of the fields' names; others are ignored unless `strict`.
    strict
        Whether a name that the event does not declare is a fault.

    Raises
    ------
    DataError
        With all the faults of the row.
    """
    if not isinstance(row, Mapping):
        raise DataError(f"The {event.__name__} is refused", [Fault(event.__name__, "an object", shown(row))])
    unknown = [name for name in row if name not in event.__fields__] if strict else []
    if not unknown:
        return event.__convert__(row)
    faults = [
        Fault(f"{event.__name__}.{name}", f"one of {', '.join(event.__fields__)}", "an undeclared name")
        for name in unknown
    ]
    try:
        event.__convert__(row)
    except DataError as error:
        faults = [*error.faults, *faults]
    raise DataError(f"The {event.__name__} is refused", faults)


def decode(event: EventType, body: bytes, *, strict: bool = False) -> tuple[Any, ...]:
    """Return the physical values of one row that came as a JSON object.

    Raises
    ------
    DataError
        Where it is no JSON, or for all the faults of the row.
    """
    try:
        row = parse(body)
    except RefusedError as refused:
        raise DataError(f"The {event.__name__} is refused", [refused.at(event.__name__)]) from None
    return convert(event, row, strict=strict)


def parse(body: bytes) -> object:
    """Return what JSON text stands for.

    Raises
    ------
    DataError
        Where it is no JSON, or nested too deeply to be an event.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RefusedError("a JSON object", "other text", f"{error}") from None


def validate(event: EventType, rows: Sequence[Mapping[str, object]], *, strict: bool = False) -> Validated:
    """Part a batch into the rows that the event accepts and the faults of the others."""
    validated = Validated([], [], [])
    names = tuple(event.__fields__)
    for position, row in enumerate(rows):
        try:
            values = convert(event, row, strict=strict)
        except DataError as error:
            validated.faults.extend(_numbered(error.faults, position, event.__name__))
        else:
            validated.rows.append(dict(zip(names, values, strict=True)))
            validated.index.append(position)
    return validated


def _numbered(faults: Sequence[Fault], row: int, event: str) -> list[Fault]:
    return [replace(fault, where=f"row {row}: {fault.where.removeprefix(event + '.')}") for fault in faults]
