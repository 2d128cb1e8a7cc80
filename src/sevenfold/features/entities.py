"""Number the entities of a batch, so that the kernel can keep them in arrays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.features.kernel.arrange import dense_codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.plan import Item, Plan
    from sevenfold.features.state import FeatureState

__all__ = ["ItemSlots", "number_entities"]

_SPARSE = 4
"""Integers are used as they are when their range is at most this many times the number of rows."""

ItemSlots = dict[tuple[str, int, tuple[str, ...]], "NDArray[np.int64]"]
"""For an event, a key and the event's fields that hold the entities: the slot of each row, -1 for none."""


def number_entities(
    plan: Plan,
    events: Mapping[str, EventType],
    frames: Mapping[str, pl.DataFrame],
    items: Mapping[str, Sequence[Item]],
    state: FeatureState | None,
) -> tuple[ItemSlots, list[int]]:
    """The slots of all items of a batch, and for each key how many slots there are.

    With a state, slots are those that the state knows entities by; without one they are numbered for this
    batch alone, and entities are never written as text.
    """
    codes, names = _codes_by_type(events, frames, items, named=state is not None)
    slots: ItemSlots = {}
    counts = []
    for key in plan.keys:
        places = _places(key.number, items)
        joined = [
            _joined([codes[name, field] for field in fields], key.entities, names) for name, fields in places
        ]
        values = np.concatenate(joined) if joined else np.empty(0, np.int64)
        if not places:  # an event that is only folded need not touch every key
            numbered, count = values, 0 if state is None else state.next_slot[key.number]
        elif len(key.entities) == 1 and state is None:
            numbered, count = values, names[key.entities[0]][1]
        else:
            numbered = np.empty_like(values)
            firsts = np.empty_like(values)
            count = dense_codes(values, numbered, firsts)
            if state is not None:
                numbered, count = _known_slots(
                    state, key.number, key.entities, numbered, values[firsts[:count]], names
                )
        counts.append(count)
        at = 0
        for (name, fields), part in zip(places, joined, strict=True):
            slots[name, key.number, fields] = numbered[at : at + part.size]
            at += part.size
    return slots, counts


def _places(key: int, items: Mapping[str, Sequence[Item]]) -> list[tuple[str, tuple[str, ...]]]:
    """Where entities of a key stand: event and fields, each once."""
    found = {(name, item.fields): None for name, own in items.items() for item in own if item.key == key}
    return list(found)


def _codes_by_type(
    events: Mapping[str, EventType],
    frames: Mapping[str, pl.DataFrame],
    items: Mapping[str, Sequence[Item]],
    *,
    named: bool,
) -> tuple[dict[tuple[str, str], NDArray[np.int64]], dict[str, tuple[pl.Series | None, int]]]:
    """A code for each value of each entity column, one numbering a type; its texts and how many there are."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for name, own in items.items():
        for field in dict.fromkeys(field for item in own for field in item.fields):
            kind = events[name].__fields__[field].entity or field
            columns.setdefault(kind, []).append((name, field))
    codes: dict[tuple[str, str], NDArray[np.int64]] = {}
    names: dict[str, tuple[pl.Series | None, int]] = {}
    prepared = {}
    for kind, places in columns.items():
        parts = [frames[name][field] for name, field in places]
        if len({part.dtype for part in parts}) > 1 or (named and parts[0].dtype != pl.String):
            parts = [part.cast(pl.String) for part in parts]
        values = parts[0] if len(parts) == 1 else pl.concat([part.alias("entity") for part in parts])
        prepared[kind] = (places, parts, values)
    with ThreadPoolExecutor() as pool:
        numberings = list(pool.map(_codes, [values for _, _, values in prepared.values()]))
    for (kind, (places, parts, _)), (numbered, texts, count) in zip(
        prepared.items(), numberings, strict=True
    ):
        names[kind] = (texts, count)
        at = 0
        for place, part in zip(places, parts, strict=True):
            codes[place] = numbered[at : at + part.len()]
            at += part.len()
    return codes, names


def _codes(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series | None, int]:
    """Codes from 0 (-1: null), the values by code where they are texts, and the number of codes."""
    if values.dtype.is_integer():
        low, high = values.min(), values.max()
        if not isinstance(low, int) or not isinstance(high, int):
            return np.full(values.len(), -1, np.int64), None, 0
        if high - low < max(_SPARSE * values.len(), 1024):
            return (values.cast(pl.Int64) - low).fill_null(-1).to_numpy(), None, high - low + 1
        values = values.cast(pl.String)
    if values.dtype in (pl.Categorical, pl.Enum):
        used = (
            values.cast(pl.String).unique().drop_nulls()
            if values.null_count()
            else values.unique().cast(pl.String)
        )
        values = values.cast(pl.Enum(used))
    else:
        used = values.unique().drop_nulls()
        values = values.cast(pl.Enum(used))
    return values.to_physical().cast(pl.Int64).fill_null(-1).to_numpy(), used, used.len()


def _joined(
    parts: Sequence[NDArray[np.int64]],
    kinds: Sequence[str],
    names: Mapping[str, tuple[pl.Series | None, int]],
) -> NDArray[np.int64]:
    """One code for a tuple of entities; -1 where one is missing."""
    if len(parts) == 1:
        return parts[0]
    code = parts[0].copy()
    missing = parts[0] < 0
    for part, kind in zip(parts[1:], kinds[1:], strict=True):
        code = code * names[kind][1] + part
        missing |= part < 0
    code[missing] = -1
    return code


def _known_slots(
    state: FeatureState,
    key: int,
    kinds: Sequence[str],
    numbered: NDArray[np.int64],
    different: NDArray[np.int64],
    names: Mapping[str, tuple[pl.Series | None, int]],
) -> tuple[NDArray[np.int64], int]:
    """Translate a batch's numbers to the slots of a state, which learns the entities that it did not know."""
    parts: list[list[str]] = []
    rest = different
    for position in reversed(range(len(kinds))):
        texts, count = names[kinds[position]]
        here, rest = (rest % count, rest // count) if position else (rest, rest)
        parts.insert(0, [] if texts is None else texts.gather(here).to_list())
    entities = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
    table = np.array([state.slot(key, entity) for entity in entities] or [0], dtype=np.int64)
    return np.where(numbered >= 0, table[numbered], -1), state.next_slot[key]
