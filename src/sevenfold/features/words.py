"""Physical columns of events as the 64-bit words that the kernel reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.fields import Field, Kind
from sevenfold.data.money import digits
from sevenfold.errors import DataError, Fault
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.program import float_bits, money_word
from sevenfold.features.text import text_code
from sevenfold.features.value import MONEY_UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType

__all__ = ["LARGEST_WORD", "amount_fault", "column_words", "event_words", "text_words", "word_maker"]

LARGEST_WORD = 2**63 - 1
"""The largest magnitude of an integer word."""

_DEFAULT_DIGITS = 2
_NAN_BITS = float_bits(float("nan"))


def event_words(event: EventType, frame: pl.DataFrame, fields: Iterable[str]) -> NDArray[np.int64]:
    """Words of shape (fields of the event, rows); only the rows of ``fields`` are filled."""
    words = np.empty((len(event.__fields__), frame.height), np.int64)
    wanted = set(fields)
    for position, (name, field) in enumerate(event.__fields__.items()):
        if name in wanted:
            words[position] = column_words(event, field, frame)
    return words


def column_words(event: EventType, field: Field, frame: pl.DataFrame) -> NDArray[np.int64]:
    """The words of one field of a physical table, int64 of shape (rows,).

    Raises
    ------
    DataError
        When an amount is larger than a word holds.
    """
    column = frame[field.name]
    if field.kind is Kind.FLOAT:
        return column.fill_null(float("nan")).to_numpy().view(np.int64)
    if field.kind is Kind.MONEY:
        return _money_words(event, field, frame)
    if field.kind in (Kind.ENTITY, Kind.CATEGORY, Kind.TEXT):
        return text_words(column)
    if field.kind is Kind.TIMESTAMP:
        column = column.to_physical()
    return column.cast(pl.Int64).fill_null(NULL_INT).to_numpy()


def _money_words(event: EventType, field: Field, frame: pl.DataFrame) -> NDArray[np.int64]:
    minor = frame[field.name]
    factor: int | pl.Series = MONEY_UNIT // 10 ** (
        digits(field.currency) if field.currency else _DEFAULT_DIGITS
    )
    if field.currency_field is not None:
        codes = frame[field.currency_field].cast(pl.String)
        known = [code for code in codes.unique() if code is not None]
        if any(digits(code) != _DEFAULT_DIGITS for code in known):
            factors = {code: MONEY_UNIT // 10 ** digits(code) for code in known}
            factor = codes.replace_strict(factors, default=factor, return_dtype=pl.Int64)
    too_large = minor.abs() > LARGEST_WORD // factor
    if too_large.any():
        first = frame.filter(too_large).row(0, named=True)
        where = f"{event.__name__} {first[event.__key__]}: {field.name}"
        summary = f"{int(too_large.sum())} amounts are too large to compute with, the first of them here"
        raise DataError(summary, [amount_fault(where, str(first[field.name]))])
    return (minor * factor).cast(pl.Int64).fill_null(NULL_INT).to_numpy()


def amount_fault(where: str, got: str) -> Fault:
    """What is wrong with an amount that no word holds; only currencies without minor units have such."""
    return Fault(
        where, f"an amount up to {LARGEST_WORD // MONEY_UNIT:,} in a currency without minor units", got
    )


def text_words(column: pl.Series) -> NDArray[np.int64]:
    """The hashes of texts; each different text is hashed once."""
    if column.dtype.is_integer() or column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    different = column.unique().drop_nulls()
    codes = pl.Series([text_code(text) for text in different], dtype=pl.Int64)
    return (
        column.replace_strict(different, codes, default=None, return_dtype=pl.Int64)
        .fill_null(NULL_INT)
        .to_numpy()
    )


def word_maker(
    field: Field, fields: Sequence[str], code: Callable[[str], int]
) -> Callable[[Any, Sequence[Any]], int]:
    """What turns one physical value of a field to the kernel's word, given the value and its whole row.

    Parameters
    ----------
    fields
        The names of the row's fields, in order.
    code
        The hash of a text, as `text_code` gives it.
    """
    null = NULL_INT
    if field.kind is Kind.FLOAT:
        return lambda value, _: _NAN_BITS if value is None else float_bits(value)
    if field.kind is Kind.MONEY:
        if field.currency_field is None:
            places = digits(field.currency) if field.currency else _DEFAULT_DIGITS
            return lambda value, _: money_word(value, places)
        currency = fields.index(field.currency_field)
        return lambda value, row: money_word(
            value, _DEFAULT_DIGITS if row[currency] is None else digits(row[currency])
        )
    if field.kind in (Kind.ENTITY, Kind.CATEGORY, Kind.TEXT):
        return lambda value, _: null if value is None else code(value)
    return lambda value, _: null if value is None else int(value)
