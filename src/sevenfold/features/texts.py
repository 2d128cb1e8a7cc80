"""Texts that features give back, by the hash that the kernel knows them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Call, Expression, FieldOf, Literal
from sevenfold.features.text import text_code
from sevenfold.features.words import text_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["held_texts", "text_sources", "texts_of_tables"]

_CHUNK = 1 << 20


def text_sources(expression: Expression) -> Iterator[tuple[str, str] | str]:
    """Where an expression's texts come from: fields, as (event, field), and texts of its own."""
    match expression:
        case FieldOf(event, name):
            yield event.__name__, name
        case Literal(str() as value):
            yield value
        case Aggregate():
            if expression.operand is not None:
                yield from text_sources(expression.operand)
        case Call("choose", (_, first, second)) | Call("fill_null", (first, second)):
            yield from text_sources(first)
            yield from text_sources(second)


def texts_of_tables(fields: Iterable[tuple[str, str]], frames: Mapping[str, pl.DataFrame]) -> dict[int, str]:
    """Texts by hash, of columns (event, field) of physical tables."""
    found: dict[int, str] = {}
    for event, name in fields:
        if event in frames:
            different = frames[event][name].cast(pl.String).unique().drop_nulls()
            found.update(zip(text_words(different).tolist(), different.to_list(), strict=True))
    return found


def held_texts(texts: Mapping[int, str], own: Iterable[str], arena: NDArray[np.int64]) -> dict[int, str]:
    """Those of ``texts`` whose hash some word of a state holds, and the features' ``own``."""
    codes = np.fromiter(texts, np.int64, len(texts))
    held = np.zeros(codes.size, bool)
    for begin in range(0, arena.size, _CHUNK):
        held |= np.isin(codes, arena[begin : begin + _CHUNK])
    kept = {code: texts[code] for code in codes[held].tolist()}
    return kept | {text_code(text): text for text in own}
