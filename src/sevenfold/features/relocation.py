"""The state of one entity: as bytes to move it elsewhere; erased; freed when no window can see it again."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sevenfold.errors import Fault, StateError, UsageError
from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.packing import PACKED_HEAD, pack_segment, packed_words, unpack_segment
from sevenfold.features.kernel.segment import SMALLEST, allocate, class_of, release
from sevenfold.features.widths import merge_widths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.features.state import FeatureState

__all__ = ["erase", "evict", "pack", "unpack"]

_VERSION = 1
_DIGEST_BYTES = 16


class _Packed(msgspec.Struct, frozen=True):
    """One entity: its series by number, each with the widths of its totals and its words."""

    version: int
    plan: str
    key: int
    entity: str | tuple[str, ...]
    clock: int
    widths: dict[int, list[tuple[int, int]]]
    series: dict[int, bytes]
    texts: dict[int, str]


def _key_number(state: FeatureState, kinds: tuple[str, ...]) -> int:
    wanted = tuple(sorted(kinds))
    for key in state.plan.keys:
        if tuple(sorted(key.entities)) == wanted:
            return key.number
    known = ", ".join(" × ".join(key.entities) for key in state.plan.keys)
    raise UsageError(
        "No feature is kept by this", [Fault("entity type", f"one of {known}", " × ".join(kinds))]
    )


def _widths(state: FeatureState, series: int) -> list[tuple[int, int]]:
    return [
        (int(state.spec[record + w.C_LOW]), int(state.spec[record + w.C_LIMBS]))
        for record in state.columns(state.blocks()[series])
    ]


def pack(state: FeatureState, kinds: tuple[str, ...], entity: Any) -> bytes | None:
    """The state of one entity, or `None` when nothing is kept of it.

    Parameters
    ----------
    kinds
        The entity types that the state is kept by, such as ``("card",)``.
    entity
        The entity, or a tuple of them in the alphabetical order of their types.
    """
    key = _key_number(state, kinds)
    slot = state.slots[key].get(entity)
    if slot is None:
        return None
    clock = int(state.clocks[key, slot])
    series: dict[int, bytes] = {}
    widths = {}
    held: set[int] = set()
    for number, block in enumerate(state.blocks()):
        seg = int(state.offsets[number, slot])
        if int(state.spec[block + w.KEY]) != key or seg == 0:
            continue
        words = np.empty(int(packed_words(state.spec, block, state.arena, seg, clock)), np.int64)
        pack_segment(state.spec, block, state.arena, seg, clock, words)
        _cut_links(state, block, words)
        series[number] = words.tobytes()
        widths[number] = _widths(state, number)
        held.update(words.tolist() if state.texts else ())
    packed = _Packed(
        _VERSION,
        state.plan.fingerprint,
        key,
        entity,
        clock,
        widths,
        series,
        {code: text for code, text in sorted(state.texts.items()) if code in held},
    )
    content = msgspec.msgpack.encode(packed)
    return _digest(content) + content


def _cut_links(state: FeatureState, block: int, words: NDArray[np.int64]) -> None:
    """Clear the numbers of rows that lay elsewhere; they are found anew where the entity is put in."""
    begin, width = PACKED_HEAD + int(words[3]), int(state.spec[block + w.ROW])
    rows = words[begin:].reshape(int(words[2]), width)
    for record in state.columns(block):
        if state.spec[record + w.C_KIND] == w.LINKS:
            at = int(state.spec[record + w.C_AT])
            rows[:, at : at + 2] = 0


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()


def unpack(state: FeatureState, content: bytes) -> None:
    """Put a packed entity in, in place of what was kept of it.

    Raises
    ------
    StateError
        When the bytes are damaged or of another design.
    """
    digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if digest != _digest(content):
        got = f"{len(content)} bytes that differ from it"
        raise StateError(
            "A packed entity is damaged", [Fault("entity", "its bytes as they were packed", got)]
        )
    packed = msgspec.msgpack.decode(content, type=_Packed)
    if packed.version != _VERSION or packed.plan != state.plan.fingerprint:
        expected = f"version {_VERSION} of plan {state.plan.fingerprint}"
        got = f"version {packed.version} of plan {packed.plan}"
        raise StateError("A packed entity is of another design", [Fault("entity", expected, got)])
    erase(state, state.plan.keys[packed.key].entities, packed.entity)
    slot = state.slot(packed.key, packed.entity)
    state.clocks[packed.key, slot] = packed.clock
    for number, content_words in packed.series.items():
        words = np.frombuffer(content_words, np.int64)
        words = merge_widths(state, number, packed.widths[number], words, PACKED_HEAD)
        block = state.blocks()[number]
        size = class_of(int(words[2]) + 1)
        capacity = SMALLEST << size
        row = int(state.spec[block + w.ROW] + state.spec[block + w.EXTRA])
        state.ensure(int(state.spec[block + w.HEADER]) + capacity * row)
        seg = allocate(state.spec, block, number, state.arena, state.memory, size)
        unpack_segment(state.spec, block, state.arena, state.farena, seg, capacity, words)
        state.offsets[number, slot] = seg
    state.texts.update(packed.texts)


def erase(state: FeatureState, kinds: tuple[str, ...], entity: Any) -> bool:
    """Forget one entity under one key; whether anything was kept of it."""
    key = _key_number(state, kinds)
    slot = state.slots[key].pop(entity, None)
    if slot is None:
        return False
    _free(state, key, slot)
    return True


def _free(state: FeatureState, key: int, slot: int) -> None:
    for number, block in enumerate(state.blocks()):
        seg = int(state.offsets[number, slot])
        if int(state.spec[block + w.KEY]) == key and seg != 0:
            header = int(state.spec[block + w.HEADER])
            words = header + int(state.arena[seg + w.H_CAPACITY]) * int(
                state.spec[block + w.ROW] + state.spec[block + w.EXTRA]
            )
            capacity = int(state.arena[seg + w.H_CAPACITY])
            # Nothing of a person stays behind in memory that is only marked as free.
            state.arena[seg : seg + words] = 0
            state.arena[seg + w.H_CAPACITY] = capacity
            release(number, state.arena, state.memory, seg)
            state.offsets[number, slot] = 0
    state.clocks[key, slot] = w.NEVER
    state.free_slots[key].append(slot)


def evict(state: FeatureState, lateness: int | None) -> int:
    """Free every entity that no window can see again; how many were freed.

    No entity's clock lags more than ``lateness`` behind the newest event, so an entity whose rows all lie
    further back than that and its longest window gives the same features as one that never was.
    """
    if lateness is None or state.newest == w.NEVER:
        return 0
    freed = 0
    for key, finite in zip(state.plan.keys, state.plan.finite, strict=True):
        if finite is None:
            continue
        horizon = state.newest - lateness - finite
        slots = state.slots[key.number]
        gone = [entity for entity, slot in slots.items() if state.clocks[key.number, slot] <= horizon]
        for entity in gone:
            _free(state, key.number, slots.pop(entity))
        freed += len(gone)
    return freed
