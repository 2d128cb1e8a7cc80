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

_LARGEST_CODE = 2**62
"""Codes of tuples stay below this."""

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
        parts = [
            _one_behind_the_other([codes[name, fields[position]] for name, fields in places])
            for position in range(len(key.entities))
        ]
        values = _joined(parts, [names[kind][1] for kind in key.entities if places])
        if not places:  # an event that is only folded need not touch every key
            numbered, count = values, 0 if state is None else state.next_slot[key.number]
        elif len(key.entities) == 1 and state is None:
            numbered, count = values, names[key.entities[0]][1]
        else:
            numbered = np.empty_like(values)
            firsts = np.empty_like(values)
            count = dense_codes(values, numbered, firsts)
            if state is not None:
                different = [part[firsts[:count]] for part in parts]
                texts = [names[kind][0] for kind in key.entities]
                numbered, count = _known_slots(state, key.number, numbered, different, texts)
        counts.append(count)
        at = 0
        for name, fields in places:
            rows = codes[name, fields[0]].size
            slots[name, key.number, fields] = numbered[at : at + rows]
            at += rows
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


def _one_behind_the_other(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _joined(parts: Sequence[NDArray[np.int64]], counts: Sequence[int]) -> NDArray[np.int64]:
    """One code for a tuple of entities; -1 where one is missing."""
    if len(parts) == 1 or not counts:
        return parts[0]
    code, size = parts[0], counts[0]
    missing = parts[0] < 0
    for part, count in zip(parts[1:], counts[1:], strict=True):
        if size * count > _LARGEST_CODE:
            # There are never more different tuples than rows.
            code = np.where(missing, -1, code)
            numbered = np.empty_like(code)
            size = dense_codes(code, numbered, np.empty_like(code))
            code = numbered
        code = code * count + part
        size *= count
        missing |= part < 0
    code[missing] = -1
    return code


def _known_slots(
    state: FeatureState,
    key: int,
    numbered: NDArray[np.int64],
    different: Sequence[NDArray[np.int64]],
    texts: Sequence[pl.Series | None],
) -> tuple[NDArray[np.int64], int]:
    """Translate a batch's numbers to the slots of a state, which learns the entities that it did not know.

    Parameters
    ----------
    numbered
        A number for each row, -1 for none.
    different, texts
        For each number, the codes of its entities, type by type; and each type's texts by code.
    """
    parts = [
        [] if own is None else own.gather(codes).to_list()
        for codes, own in zip(different, texts, strict=True)
    ]
    entities = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
    table = np.array(state.slots_of(key, entities) or [0], dtype=np.int64)
    return np.where(numbered >= 0, table[numbered], -1), state.next_slot[key]
