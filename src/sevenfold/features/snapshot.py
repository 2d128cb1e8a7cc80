"""Feature state on disk: written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sevenfold.data.durable import replacing
from sevenfold.errors import Fault, StateError
from sevenfold.features.kernel.segment import TOP
from sevenfold.features.state import FeatureState

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sevenfold.features.plan import Plan

__all__ = ["load_snapshot", "load_snapshot_with_note", "save_snapshot"]

_MAGIC = b"sevenfold state 1\n"
_DIGEST_BYTES = 32


class _Head(msgspec.Struct, frozen=True):
    """What stands before the arrays."""

    plan: str
    newest: int
    folded: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    entities: list[list[str | tuple[str, ...]]]
    slots: list[list[int]]
    next_slot: list[int]
    free_slots: list[list[int]]
    texts: dict[int, str]
    note: dict[str, Any]


def save_snapshot(path: Path, state: FeatureState, note: dict[str, Any] | None = None) -> None:
    """Write a state; the file appears complete or not at all.

    Parameters
    ----------
    note
        Plain data to keep with it, such as the log offset that it stands for.
    """
    used = int(state.memory[TOP])
    arrays = {
        "spec": state.spec,
        "arena": state.arena[:used],
        "memory": state.memory,
        "offsets": state.offsets,
        "clocks": state.clocks,
    }
    head = _Head(
        plan=state.plan.fingerprint,
        newest=state.newest,
        folded=state.folded,
        shapes={name: array.shape for name, array in arrays.items()},
        entities=[list(slots) for slots in state.slots],
        slots=[list(slots.values()) for slots in state.slots],
        next_slot=state.next_slot,
        free_slots=state.free_slots,
        texts=state.texts,
        note=note or {},
    )
    encoded = msgspec.msgpack.encode(head)
    digest = hashlib.sha256()
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        file.write(_MAGIC)
        parts: list[bytes | memoryview] = [len(encoded).to_bytes(8, "little"), encoded]
        parts += [np.ascontiguousarray(array).data.cast("B") for array in arrays.values() if array.size]
        for part in parts:
            digest.update(part)
            file.write(part)
        file.write(digest.digest())


def load_snapshot(path: Path, plan: Plan) -> FeatureState:
    """Read a state.

    Raises
    ------
    StateError
        When the file is missing, cut short, changed, or was made by another design.
    """
    return load_snapshot_with_note(path, plan)[0]


def load_snapshot_with_note(path: Path, plan: Plan) -> tuple[FeatureState, dict[str, Any]]:
    """Read a state, and what was kept with it; see `load_snapshot`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StateError(f"The snapshot {path} cannot be read: {error.strerror}") from error
    body = memoryview(content)[len(_MAGIC) : -_DIGEST_BYTES]  # hundreds of megabytes: not to be copied
    whole = content.startswith(_MAGIC) and len(content) > len(_MAGIC) + _DIGEST_BYTES + 8
    if not whole or hashlib.sha256(body).digest() != content[-_DIGEST_BYTES:]:
        fault = Fault(str(path), "a snapshot as it was written", f"{len(content)} bytes that differ from it")
        raise StateError("The snapshot is damaged", [fault])
    size = int.from_bytes(body[:8], "little")
    head = msgspec.msgpack.decode(body[8 : 8 + size], type=_Head)
    if head.plan != plan.fingerprint:
        hint = "Features of the design have changed since: fold the log anew"
        raise StateError(
            "The snapshot is of another design",
            [Fault(str(path), f"plan {plan.fingerprint}", head.plan, hint)],
        )
    arrays: dict[str, NDArray[np.int64]] = {}
    at = 8 + size
    for name, shape in head.shapes.items():
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(body, np.int64, count, at).reshape(shape)
        at += 8 * count
    return _restored(plan, head, arrays), head.note


def _restored(plan: Plan, head: _Head, arrays: dict[str, NDArray[np.int64]]) -> FeatureState:
    state = FeatureState(plan, words=arrays["arena"].size + arrays["arena"].size // 4 + 1024, slots=1)
    state.arena[: arrays["arena"].size] = arrays["arena"]
    # Copies lie where the processor wants them; what stands in the file does not.
    state.spec, state.memory = arrays["spec"].copy(), arrays["memory"].copy()
    state.offsets, state.clocks = arrays["offsets"].copy(), arrays["clocks"].copy()
    state.slots = [
        dict(zip(names, slots, strict=True)) for names, slots in zip(head.entities, head.slots, strict=True)
    ]
    state.next_slot, state.free_slots = list(head.next_slot), [list(slots) for slots in head.free_slots]
    state.newest, state.folded, state.texts = head.newest, dict(head.folded), dict(head.texts)
    state.work = state.scratch()
    return state
