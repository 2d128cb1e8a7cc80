"""From the values that users send to the physical values inside, one row at a time.

This is where the meaning of each kind is defined; tables take faster roads (`sevenfold.data.columns`) to
the same results and come here with whatever those roads do not cover.

======== =============================================== ==========================
kind      accepted                                        inside
======== =============================================== ==========================
TIMESTAMP RFC 3339, epoch milliseconds, datetime          int, epoch ms in UTC
MONEY     decimal, decimal text, int, float; major units  int, minor units
ENTITY    text without card numbers, int                  str
CATEGORY  text, int                                       str
TEXT      text                                            str
INTEGER   int, whole float; 64 bits                       int
FLOAT     finite number                                   float
BOOLEAN   bool, 0 and 1                                   bool
======== =============================================== ==========================

A null counts as not given, except where the field is nullable: there it is the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Integral, Real

from sevenfold.data.card import HOW_TO_TOKENISE, is_card_number
from sevenfold.data.fields import MISSING, Field, Kind
from sevenfold.data.money import DEFAULT_DIGITS, DIGITS, to_minor
from sevenfold.data.refusal import RefusedError, shown
from sevenfold.data.timestamp import epoch_ms

__all__ = [
    "Step",
    "currency_fields",
    "from_text",
    "money_digits",
    "physical_default",
    "steps",
    "value_converter",
]

Step = Callable[[Mapping[str, object]], object]
"""Takes a row, gives one field's physical value; raises `RefusedError`."""

_INT64 = 2**63
_SHORTEST_CARD = 13
_MOST_DIGITS = max(DIGITS.values())
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def steps(fields: Sequence[Field]) -> tuple[Step, ...]:
    """Return what converts a row: one step a field, in the order of the fields."""
    by_name = {field.name: field for field in fields}
    currencies = currency_fields(fields)
    return tuple(
        _money_step(field, by_name)
        if field.kind is Kind.MONEY
        else _step(field, value_converter(field, is_currency=field.name in currencies))
        for field in fields
    )


def currency_fields(fields: Iterable[Field]) -> frozenset[str]:
    """Return the names of the fields that hold the currency of an amount."""
    return frozenset(field.currency_field for field in fields if field.currency_field)


def money_digits(field: Field, currency: object) -> int:
    """Return the digits of an amount, given what the row holds for its currency."""
    if field.currency is not None:
        return DIGITS[field.currency]
    if currency is None:
        return DEFAULT_DIGITS
    # An unknown code is refused at its own field; the most digits keep the amount from being blamed as well.
    return DIGITS.get(currency, _MOST_DIGITS) if isinstance(currency, str) else _MOST_DIGITS


def value_converter(field: Field, *, is_currency: bool = False) -> Callable[[object], object]:
    """Return what converts one value of a field (of any kind but MONEY) that is not null."""
    return _currency if is_currency else _CONVERTERS[field.kind]


def physical_default(field: Field, fields: Mapping[str, Field]) -> object:
    """Return the physical value of a field's default, `MISSING` where it has none.

    An amount's default counts in the currency that is itself the default.
    """
    default = field.default
    if default is MISSING or default is None:
        return default
    if field.kind is not Kind.MONEY:
        return value_converter(field, is_currency=field.name in currency_fields(fields.values()))(default)
    currency = fields[field.currency_field].default if field.currency_field else None
    return to_minor(default, money_digits(field, None if currency is MISSING else currency))


def from_text(kind: Kind, text: str) -> object:
    """Read the text of a cell as the value it stands for, where the kind is not text by nature.

    Text that stands for nothing of the kind is returned as it is, and refused by the conversion that follows.
    """
    text = text.strip()
    if kind is Kind.BOOLEAN:
        return _TRUTH.get(text.lower(), text)
    if kind is Kind.INTEGER or kind is Kind.FLOAT:
        number = int if kind is Kind.INTEGER else float
        try:
            return number(text) if "_" not in text else text
        except ValueError:
            return text
    return text


def _step(field: Field, convert: Callable[[object], object]) -> Step:
    name = field.name
    if_absent, if_null = _fallbacks(field, convert)

    def step(row: Mapping[str, object]) -> object:
        value = row.get(name)
        if value is not None:
            return convert(value)
        fallback = if_null if name in row else if_absent
        if fallback is MISSING:
            raise _not_given(row, name)
        return fallback

    return step


def _money_step(field: Field, by_name: Mapping[str, Field]) -> Step:
    name = field.name
    if_absent, if_null = _fallbacks(field, lambda value: value)
    currency_field = field.currency_field
    default_currency = by_name[currency_field].default if currency_field else MISSING
    if default_currency is MISSING:
        default_currency = None
    fixed = money_digits(field, None)

    def step(row: Mapping[str, object]) -> object:
        value = row.get(name)
        if value is None:
            value = if_null if name in row else if_absent
            if value is MISSING:
                raise _not_given(row, name)
            if value is None:
                return None
        if currency_field is None:
            return to_minor(value, fixed)
        currency = row.get(currency_field)
        if currency is None:
            currency = default_currency
        places = DIGITS.get(currency) if type(currency) is str else None
        return to_minor(value, money_digits(field, currency) if places is None else places)

    return step


def _fallbacks(field: Field, convert: Callable[[object], object]) -> tuple[object, object]:
    """Return what stands in where a row does not give the field, and where it gives null."""
    default = field.default
    if default is not MISSING and default is not None:
        default = convert(default)
    if field.nullable:
        return (None if default is MISSING else default), None
    return default, default


def _not_given(row: Mapping[str, object], name: str) -> RefusedError:
    return RefusedError("a value", "null" if name in row else "nothing")


def _text(value: object) -> str:
    if type(value) is str and value.isascii() and "\0" not in value:
        return value
    if not isinstance(value, str):
        raise RefusedError("text", shown(value))
    if "\0" in value:
        raise RefusedError("text without NUL characters", shown(value))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RefusedError("text in UTF-8", shown(value)) from None
    return str(value)


def _category(value: object) -> str:
    if type(value) is str:
        return _text(value)
    if not isinstance(value, bool) and isinstance(value, Integral):
        number = int(value)
        if not -_INT64 <= number < 2 * _INT64:
            raise RefusedError("text or a whole number of 64 bits", shown(value))
        return str(number)
    if isinstance(value, float) and value.is_integer():
        hint = "Keep the column as integers or as text; a null beside them made them floats"
        raise RefusedError("text or a whole number", shown(value), hint)
    return _text(value)


def _currency(value: object) -> str:
    if isinstance(value, str) and value in DIGITS:
        return str(value)
    hint = f"Write it as {value.upper()!r}" if isinstance(value, str) and value.upper() in DIGITS else ""
    raise RefusedError("an ISO 4217 currency code such as 'EUR'", shown(value), hint)


def _entity(value: object) -> str:
    # The condition is `_text`'s, repeated to spare the calls.
    text = value if type(value) is str and value.isascii() and "\0" not in value else _category(value)
    if not text:
        raise RefusedError("a token", shown(value), "Leave it out, or send null, where there is none")
    if len(text) >= _SHORTEST_CARD and is_card_number(text):
        raise RefusedError("an opaque token", "a raw card number", HOW_TO_TOKENISE)
    return text


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (Integral, float, Decimal)):
        raise RefusedError("a whole number", shown(value))
    if not isinstance(value, Integral) and not _is_whole(value):
        raise RefusedError("a whole number", shown(value))
    number = int(value)
    if not -_INT64 <= number < _INT64:
        raise RefusedError("a whole number of 64 bits", shown(value))
    return number


def _is_whole(value: float | Decimal) -> bool:
    return math.isfinite(value) and value == value // 1


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        raise RefusedError("a number", shown(value))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RefusedError("a finite number", shown(value), "Null stands for a value that is missing")
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, (bool, Integral)) and value in (0, 1):
        return bool(value)
    raise RefusedError("true or false", shown(value))


_CONVERTERS: dict[Kind, Callable[[object], object]] = {
    Kind.TIMESTAMP: epoch_ms,
    Kind.ENTITY: _entity,
    Kind.CATEGORY: _category,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
}
