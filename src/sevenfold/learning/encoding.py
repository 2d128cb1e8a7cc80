"""From a frame of features to the matrix of numbers that every model takes.

A model sees one row of float64 for each event: numbers as they are, categories as the code of the bundle's
vocabulary, and NaN for whatever is missing. The encoding is learned with the model and travels in its bundle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatMatrix, FloatVector

__all__ = ["Column", "Encoding"]


OTHER = 0
"""The code of every category that the training set did not hold, or held too rarely."""

_LARGEST = np.finfo(np.float32).max
"""Tree libraries keep float32, where what is larger is infinite."""

_TEXT = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class Column:
    """One input of a model.

    Parameters
    ----------
    name
        The feature's name.
    categories
        ``None`` for a number; for a category its known values: the first has code 1, the second code 2, and
        so on. Code 0 stands for every other value.
    """

    name: str
    categories: tuple[str, ...] | None = None

    @property
    def levels(self) -> int:
        """How many codes a category has, the one for other values included; 0 for a number."""
        return 0 if self.categories is None else len(self.categories) + 1


@dataclass(frozen=True)
class Encoding:
    """How features become the float64 row that a model takes.

    Parameters
    ----------
    columns
        The model's inputs, in order.

    Examples
    --------
    >>> frame = pl.DataFrame({"amount": [5.0, None], "country": ["NL", "XX"]})
    >>> encoding = Encoding((Column("amount"), Column("country", ("DE", "NL"))))
    >>> encoding.encode(frame)
    array([[ 5.,  2.],
           [nan,  0.]])
    """

    columns: tuple[Column, ...]
    _codes: tuple[dict[str, float] | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = tuple(
            None
            if column.categories is None
            else {value: float(code) for code, value in enumerate(column.categories, 1)}
            for column in self.columns
        )
        object.__setattr__(self, "_codes", codes)

    @classmethod
    def learn(cls, frame: pl.DataFrame, *, max_categories: int = 50, min_category_rows: int = 20) -> Encoding:
        """Read the columns, and the categories worth a code of their own, from a training set.

        Parameters
        ----------
        frame
            One column a feature: numbers, booleans, strings, Categorical or Enum.
        max_categories
            At most this many categories of a feature, the most frequent first, get a code.
        min_category_rows
            A category seen in fewer rows than this gets none. Both cut the noise of rare values.

        Raises
        ------
        DataError
            A column is neither a number nor a category, or there is none at all.
        """
        if not frame.width:
            raise DataError("A model needs at least one feature, and this frame has no column.")
        faults = [
            Fault(name, "a number, a boolean or a category", f"{dtype}", "Leave it out or convert it.")
            for name, dtype in frame.schema.items()
            if not _is_number(dtype) and not isinstance(dtype, _TEXT)
        ]
        if faults:
            raise DataError("These features can't enter a model.", faults)
        return cls(
            tuple(
                Column(s.name, _frequent(s, max_categories, min_category_rows))
                if isinstance(s.dtype, _TEXT)
                else Column(s.name)
                for s in frame.iter_columns()
            )
        )

    @property
    def names(self) -> list[str]:
        """The features' names, in the order of the model's input."""
        return [column.name for column in self.columns]

    def __len__(self) -> int:
        return len(self.columns)

    def encode(self, frame: pl.DataFrame) -> FloatMatrix:
        """Encode a frame, found by name; other columns are ignored.

        Returns
        -------
        FloatMatrix
            C-contiguous float64, shape (rows, features).

        Raises
        ------
        DataError
            Columns are missing, of the wrong kind, or hold infinities; all of them are named.
        """
        self._check(frame)
        matrix = np.empty((frame.height, len(self)), dtype=np.float64)
        faults = []
        for i, (column, codes) in enumerate(zip(self.columns, self._codes, strict=True)):
            series = frame[column.name]
            matrix[:, i] = _numbers(series) if codes is None else _category_codes(series, codes)
            infinite = int((np.abs(matrix[:, i]) > _LARGEST).sum())
            if infinite:
                got = f"infinities in {infinite:,} of {frame.height:,} rows"
                faults.append(Fault(column.name, "finite numbers or null", got))
        if faults:
            raise DataError("Features must be finite; a missing value is null.", faults)
        return matrix

    def encode_row(self, values: Mapping[str, Any] | Sequence[Any]) -> FloatVector:
        """Encode one event's features: by name, or in the order of `names`.

        This is the path of a single decision, so it checks nothing: a name that is not there is a `KeyError`,
        and an infinity goes on to the scorer, which refuses it.

        Returns
        -------
        FloatVector
            float64, shape (features,).
        """
        ordered = [values[c.name] for c in self.columns] if isinstance(values, Mapping) else values
        row = np.empty(len(self), dtype=np.float64)
        for i, (value, codes) in enumerate(zip(ordered, self._codes, strict=True)):
            if value is None:
                row[i] = math.nan
            else:
                row[i] = value if codes is None else codes.get(value, OTHER)
        return row

    def _check(self, frame: pl.DataFrame) -> None:
        faults = []
        for column in self.columns:
            dtype = frame.schema.get(column.name)
            wanted = "a number" if column.categories is None else "a category"
            if dtype is None:
                hint = f"Columns that are there: {', '.join(frame.columns[:20])}"
                faults.append(Fault(column.name, wanted, "no such column", hint))
            elif dtype != pl.Null and _is_number(dtype) != (column.categories is None):
                faults.append(Fault(column.name, wanted, f"{dtype}"))
        if faults:
            raise DataError("The features are not those that the model was trained on.", faults)

    def to_json(self) -> list[dict[str, Any]]:
        """Give the encoding as plain data for `json`."""
        return [
            {"name": c.name} if c.categories is None else {"name": c.name, "categories": list(c.categories)}
            for c in self.columns
        ]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Encoding:
        """Build the encoding that `to_json` described."""
        return cls(
            tuple(
                Column(c["name"], tuple(c["categories"]) if c.get("categories") is not None else None)
                for c in data
            )
        )


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)


def _frequent(series: pl.Series, most: int, min_rows: int) -> tuple[str, ...]:
    counts = (
        series.drop_nulls()
        .cast(pl.String)
        .rename("value")
        .value_counts()
        .filter(pl.col("count") >= min_rows)
        .sort(["count", "value"], descending=[True, False])
    )
    return tuple(counts["value"].head(most).sort().to_list())


def _numbers(series: pl.Series) -> FloatVector:
    return series.cast(pl.Float64).fill_null(math.nan).to_numpy()


def _category_codes(series: pl.Series, codes: Mapping[str, float]) -> FloatVector:
    if series.dtype == pl.Null:
        return np.full(len(series), math.nan)
    coded = series.cast(pl.String).replace_strict(
        list(codes), list(codes.values()), default=float(OTHER), return_dtype=pl.Float64
    )
    # `replace_strict` gives the default to nulls too, and they are not "another value" but missing.
    return np.where(series.is_null().to_numpy(), math.nan, coded.to_numpy())
