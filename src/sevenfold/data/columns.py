"""Fast roads from a column of what users send to physical values.

Each road decides only what it is sure of: it gives the physical value, or null where it cannot tell. What
stays undecided goes through `sevenfold.data.convert`, value by value, so that a table and a row never
disagree: a road may be narrow, but where it decides, it decides alike (tests hold the two against each
other).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.card import CARD_PATTERN, passes_luhn
from sevenfold.data.fields import Kind
from sevenfold.data.money import BOUND, DIGITS
from sevenfold.data.timestamp import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decided", "decided_currency", "decided_money"]

_WHOLE_FLOATS = 2**53
_SHORTEST_CARD = 10**12
_SURE_AMOUNT = 10.0**15
"""Up to 15 digits, a double and its shortest decimal form determine each other."""

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
_AMOUNT = r"^([+-]?)([0-9]{1,12})(?:\.([0-9]*?)0*)?$"
_MOST_DIGITS = max(DIGITS.values())
_WHOLE = r"^[+-]?[0-9]{1,18}$"
_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$"
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def decided(kind: Kind, column: pl.Series) -> pl.Series:
    """Return the physical values of a column that are certain, and null for the others.

    Parameters
    ----------
    kind
        Any but MONEY, which `decided_money` reads.
    column
        Of any type.

    Returns
    -------
    polars.Series
        Int64 epoch milliseconds for TIMESTAMP; for an ENTITY the column's own integers or categories,
        else String.
    """
    return _ROADS[kind](column)


def decided_currency(column: pl.Series) -> pl.Series:
    """Return the currency codes of a column that are in ISO 4217, and null for the others."""
    codes = _undecided(column, pl.String) if not _is_text(column) else column.cast(pl.String)
    return _where(codes.is_in(list(DIGITS)), codes)


def decided_money(column: pl.Series, scale: pl.Series) -> pl.Series:
    """Return the minor units (Int64) of the amounts that are certain, and null for the others.

    Parameters
    ----------
    column
        Amounts in major units, of any type.
    scale
        Int64: how many minor units one major unit has, row by row.
    """
    dtype = column.dtype
    if dtype.is_integer():
        whole = column.cast(pl.Int64, strict=False)
        return _where(whole.is_between(-(BOUND // scale), BOUND // scale), whole * scale)
    if dtype == pl.Float64:
        minor = (column * scale).round()
        sure = (minor / scale == column) & (minor.abs() < _SURE_AMOUNT)
        return _where(sure, minor).cast(pl.Int64)
    if isinstance(dtype, pl.Decimal):
        return _money_from_decimal(column, dtype.scale, scale)
    if dtype == pl.Float32 or _is_text(column):  # a Float32 by its own shortest form
        return _money_from_text(column.cast(pl.String), scale)
    return _undecided(column, pl.Int64)


def _money_from_decimal(column: pl.Series, places: int, scale: pl.Series) -> pl.Series:
    frame = column.to_physical().to_frame("unscaled").with_columns(scale=scale)
    # Where the product might not fit 128 bits, the amount is out of bounds anyway.
    fits = pl.col("unscaled").is_between(-(10**32), 10**32)
    shifted = pl.col("unscaled") * pl.col("scale").cast(pl.Int128)
    one = pl.lit(10**places, pl.Int128)
    minor = shifted // one
    sure = fits & (minor * one == shifted) & minor.is_between(-BOUND, BOUND)
    return frame.select(minor=pl.when(sure).then(minor).cast(pl.Int64)).to_series()


def _money_from_text(text: pl.Series, scale: pl.Series) -> pl.Series:
    parts = text.to_frame("text").select(
        sign=pl.when(pl.col("text").str.starts_with("-")).then(-1).otherwise(1),
        whole=pl.col("text").str.extract(_AMOUNT, 2).cast(pl.Int64, strict=False),
        fraction=pl.col("text").str.extract(_AMOUNT, 3).fill_null(""),
        scale=scale,
    )
    shift = 10 ** pl.col("fraction").str.len_bytes().clip(upper_bound=_MOST_DIGITS + 1).cast(pl.Int64)
    fraction = pl.when(pl.col("fraction") == "").then(pl.lit("0")).otherwise(pl.col("fraction"))
    minor = pl.col("sign") * (
        pl.col("whole") * pl.col("scale") + fraction.cast(pl.Int64, strict=False) * (pl.col("scale") // shift)
    )
    sure = (shift <= pl.col("scale")) & minor.is_between(-BOUND, BOUND)
    return parts.select(minor=pl.when(sure).then(minor)).to_series()


def _timestamp(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.Datetime:
        # Microseconds, since a cut towards zero would bring the last instant of 1969 into 1970.
        moments = column.dt.timestamp("us") // 1000
    elif dtype == pl.Date:
        moments = column.dt.timestamp("ms")
    elif dtype.is_integer():
        moments = column.cast(pl.Int64, strict=False)
    elif dtype.is_float():
        moments = _whole_from_float(column)
    elif _is_text(column):
        moments = _timestamp_from_text(column.cast(pl.String))
    else:
        return _undecided(column, pl.Int64)
    return _where(moments.is_between(0, LATEST), moments)


def _timestamp_from_text(text: pl.Series) -> pl.Series:
    frame = text.str.replace(" ", "T", literal=True).to_frame("text")
    value = pl.col("text")
    zoned = pl.when(value.str.contains(_TIME + _OFFSET)).then(value)
    naive = pl.when(value.str.contains(_TIME + "$")).then(value + "Z")
    digits = pl.when(value.str.contains(r"^[0-9]{1,13}$")).then(value)
    return frame.select(
        pl.coalesce(
            pl.coalesce(zoned, naive).str.to_datetime("%+", time_unit="us", strict=False).dt.epoch("us")
            // 1000,
            digits.cast(pl.Int64, strict=False),
        )
    ).to_series()


def _text(column: pl.Series) -> pl.Series:
    if not _is_text(column):
        return _undecided(column, pl.String)
    text = column.cast(pl.String)
    return _where(~text.str.contains("\0", literal=True), text)


def _category(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer():
        return column.cast(pl.String)
    if _is_categorical(column):
        names = column.unique()
        if _text(names).null_count() == names.null_count():
            return column
    return _text(column)


def _entity(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer():
        return column if _all_short(column) else _where(~_card_numbers(column.cast(pl.String)), column)
    if _is_categorical(column):
        names = column.unique()
        if _token(names).null_count() == names.null_count():
            return column
    return _token(column)


def _token(column: pl.Series) -> pl.Series:
    text = _text(column)
    return _where((text != "") & ~_card_numbers(text), text)


def _card_numbers(text: pl.Series) -> pl.Series:
    shaped = text.str.len_bytes().ge(13) & text.str.contains(CARD_PATTERN)
    if not shaped.any():
        return shaped
    digits = text.filter(shaped).str.replace_all(r"\D", "")
    return shaped.scatter(shaped.arg_true(), [passes_luhn(number) for number in digits])


def _all_short(column: pl.Series) -> bool:
    # By the extremes, as Python integers: a narrow column cannot be compared with a bound it cannot hold.
    low, high = column.min(), column.max()
    return low is None or (int(low) > -_SHORTEST_CARD and int(high) < _SHORTEST_CARD)  # type: ignore[arg-type]


def _integer(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer():
        return column.cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        return _whole_from_float(column)
    if _is_text(column):
        text = column.cast(pl.String).str.strip_chars()
        return _where(text.str.contains(_WHOLE), text).cast(pl.Int64, strict=False)
    return _undecided(column, pl.Int64)


def _whole_from_float(column: pl.Series) -> pl.Series:
    whole = (column == column.floor()) & column.abs().le(_WHOLE_FLOATS)
    return _where(whole, column).cast(pl.Int64, strict=False)


def _float(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        number = column.cast(pl.Float64)
    elif column.dtype.is_integer():
        number = _where(column.cast(pl.Int128).abs().le(_WHOLE_FLOATS), column).cast(pl.Float64)
    elif column.dtype.is_decimal() or _is_text(column):
        text = column.cast(pl.String).str.strip_chars()
        number = _where(text.str.contains(_NUMBER), text).cast(pl.Float64, strict=False)
    else:
        return _undecided(column, pl.Float64)
    return _where(number.is_finite(), number)


def _boolean(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column
    if column.dtype.is_integer():
        return _where(column.is_between(0, 1), column).cast(pl.Boolean)
    if _is_text(column):
        text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
        return text.replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    return _undecided(column, pl.Boolean)


def _is_categorical(column: pl.Series) -> bool:
    return column.dtype in (pl.Categorical, pl.Enum)


def _is_text(column: pl.Series) -> bool:
    return column.dtype == pl.String or _is_categorical(column)


def _where(sure: pl.Series, values: pl.Series) -> pl.Series:
    return values.to_frame("values").select(pl.when(sure).then(pl.col("values"))).to_series()


def _undecided(column: pl.Series, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, column.len())


_ROADS: dict[Kind, Callable[[pl.Series], pl.Series]] = {
    Kind.TIMESTAMP: _timestamp,
    Kind.ENTITY: _entity,
    Kind.CATEGORY: _category,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
}
