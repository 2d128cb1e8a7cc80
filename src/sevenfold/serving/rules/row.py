"""What is known at a decision as the wide row of words that rules read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.fields import Kind
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.text import text_code
from sevenfold.features.words import column_words, text_words, word_maker
from sevenfold.serving.rules.sheet import FEATURES, RISK, SCORE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from sevenfold.serving.rules.sheet import Sheet
    from sevenfold.serving.verdict import Asked

__all__ = ["WideRows", "wide_table"]

_REMEMBERED_TEXTS = 1 << 16
_NAN_BITS = struct.unpack("<q", struct.pack("<d", float("nan")))[0]


class WideRows:
    """Fills the wide rows of small batches; only the columns that something reads.

    Parameters
    ----------
    sheet
        The columns.
    used
        Their positions.

    Attributes
    ----------
    overflows
        Values that no word of 64 bits holds; they count as null.
    """

    def __init__(self, sheet: Sheet, used: Collection[int]) -> None:
        fields = list(sheet.event.__fields__)
        self._width = len(sheet.row.__fields__)
        self._codes: dict[str, int] = {}
        self.overflows = 0
        self._fields = [
            (position, word_maker(sheet.event.__fields__[name], fields, self._code))
            for position, name in enumerate(fields)
            if position in used
        ]
        self._first = len(fields)
        self._features = [
            (name, self._first + number, kind)
            for number, name in enumerate(sheet.names)
            if self._first + number in used
            for kind in [_kind(sheet, name)]
        ]
        self._score = sheet.position(SCORE)
        self._risk = sheet.position(RISK)
        self._reads_score, self._reads_risk = self._score in used, self._risk in used
        self._rows = np.zeros((1, self._width), np.int64)

    def fill(self, asked: Asked, risks: Sequence[int | None]) -> NDArray[np.int64]:
        """Words of shape (rows, columns), good until the next call."""
        n = len(asked.rows)
        if n > len(self._rows):
            self._rows = np.zeros((n, self._width), np.int64)
        rows = self._rows[:n]
        for position, make in self._fields:
            if position in asked.fields:
                rows[:, position] = asked.fields[position]
                continue
            for i, row in enumerate(asked.rows):
                try:
                    rows[i, position] = make(row[position], row)
                except OverflowError:
                    rows[i, position] = NULL_INT
                    self.overflows += 1
        if self._features:
            if isinstance(asked.features, np.ndarray):
                rows[:, self._first : self._score] = asked.features
            else:
                for words, features in zip(rows, asked.features, strict=True):
                    self._fill_features(words, features)
        if self._reads_score:
            rows[:, self._score] = _NAN_BITS if asked.scores is None else asked.scores.view(np.int64)
        if self._reads_risk:
            rows[:, self._risk] = [NULL_INT if risk is None else risk for risk in risks]
        return rows

    def _fill_features(
        self, words: NDArray[np.int64], features: Mapping[str, float | int | str | None]
    ) -> None:
        floats = words.view(np.float64)
        for name, position, kind in self._features:
            value = features[name]
            if isinstance(value, str):
                words[position] = self._code(value)
            elif kind == "float":
                floats[position] = np.nan if value is None else value
            else:
                words[position] = NULL_INT if value is None else int(value)

    def _code(self, text: str) -> int:
        """The hash of a text, remembered as it may come again."""
        code = self._codes.get(text)
        if code is None:
            if len(self._codes) >= _REMEMBERED_TEXTS:
                self._codes.clear()
            code = self._codes[text] = text_code(text)
        return code


def _kind(sheet: Sheet, name: str) -> str:
    """How the plan gives a feature: ``float``, also where it is whole; ``whole`` for a count; ``text``."""
    kind = sheet.row.__fields__[f"{FEATURES}.{name}"].kind
    if kind is Kind.FLOAT or name in sheet.whole:
        return "float"
    return "text" if kind is Kind.TEXT else "whole"


def wide_table(
    sheet: Sheet,
    used: Collection[int],
    decided: pl.DataFrame,
    features: pl.DataFrame,
    scores: NDArray[np.float64] | None,
    risks: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """The wide rows of a table: words of shape (rows, columns), a column after the other in memory.

    Parameters
    ----------
    decided
        Physical columns of the events.
    features
        As a backfill gives them, row by row of the same events.
    scores, risks
        Shape (rows,); null for all where there are none.
    """
    import polars as pl

    columns = np.zeros((len(sheet.row.__fields__), decided.height), np.int64)
    for position, field in enumerate(sheet.event.__fields__.values()):
        if position in used:
            columns[position] = column_words(sheet.event, field, decided)
    first = len(sheet.event.__fields__)
    for position, name in enumerate(sheet.names, first):
        if position not in used:
            continue
        column = features[name]
        kind = _kind(sheet, name)
        if kind == "text":
            columns[position] = text_words(column)
        elif kind == "float":
            columns[position] = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().view(np.int64)
        else:
            columns[position] = column.cast(pl.Int64).fill_null(NULL_INT).to_numpy()
    columns[sheet.position(SCORE)] = _NAN_BITS if scores is None else scores.view(np.int64)
    columns[sheet.position(RISK)] = NULL_INT if risks is None else risks
    return columns.T
