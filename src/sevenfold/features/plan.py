"""A compiled design: what is folded, what is read, and the arrays that tell the kernel so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sevenfold.features.program import Program

__all__ = ["Asking", "Item", "Key", "Lookup", "Plan", "Stream"]


@dataclass(frozen=True, slots=True)
class Key:
    """One or more entity types that state is kept by, in alphabetical order."""

    number: int
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What one event does under a key: it is folded by some of its fields, read by a lookup, or both.

    Attributes
    ----------
    key
        Number of the key.
    fields
        The event's fields that hold the entities, in the order of `Key.entities`.
    source
        Number of what is folded, or -1.
    lookup
        Number of the lookup within the key, or -1.
    """

    key: int
    fields: tuple[str, ...]
    source: int
    lookup: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """A key read at the asking event.

    Attributes
    ----------
    key, number
        Which key, and which of the key's lookups.
    fields
        The asking event's fields that hold the entities.
    slots
        Words of its record.
    """

    key: int
    number: int
    fields: tuple[str, ...]
    slots: int


@dataclass(frozen=True, slots=True)
class Stream:
    """What an event gives to the series that fold it: rows of the input matrix."""

    program: Program
    words: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """What is computed at an event.

    Attributes
    ----------
    names
        Features that can be computed at this event, in the order of declaration.
    lookups
        All lookups; the program's ``loads`` count in this order.
    items
        The event's items: folds before reads.
    counts, texts
        Which features are integers and which are texts.
    """

    names: tuple[str, ...]
    program: Program
    lookups: tuple[Lookup, ...]
    items: tuple[Item, ...]
    counts: frozenset[str]
    texts: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """Everything the state, the backfill and the engine need to know of a design's features.

    Attributes
    ----------
    specification
        The kernel's flat program, int64; each state works on its own copy, since totals are widened in it.
    keys, streams, asking
        Keys by number; what each event gives, by its name; what each event is asked.
    finite
        For each key, the milliseconds after which an untouched entity of it can't matter any more; `None` if
        it always can.
    work
        Scratch words of the kernel.
    text_fields, literals
        Where the texts come from that features give back: fields, as (event, field), and texts in
        expressions.
    text
        The plan for people, line by line: what golden files hold.
    """

    specification: NDArray[np.int64]
    keys: tuple[Key, ...]
    streams: Mapping[str, Stream]
    asking: Mapping[str, Asking]
    finite: tuple[int | None, ...]
    series: int
    work: int
    text_fields: frozenset[tuple[str, str]]
    literals: frozenset[str]
    text: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        """A hash that is equal for equal plans: of what they say, and of what the kernel is told."""
        digest = hashlib.sha256("\n".join(self.text).encode())
        digest.update(self.specification.tobytes())
        return digest.hexdigest()[:16]
