"""A plan written down: as the words that the kernel reads, and as lines for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel import layout as w

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.features.operation import Operation
    from sevenfold.features.plan import Asking, Key, Stream
    from sevenfold.features.series import Series

__all__ = ["Reading", "plan_lines", "specification"]


@dataclass
class Reading:
    """One lookup in the making.

    Attributes
    ----------
    key, number, fields
        As in `plan.Lookup`.
    slots
        A slot of the record for each operation of each series.
    """

    key: int
    number: int
    fields: tuple[str, ...]
    slots: dict[tuple[int, Operation], int] = field(default_factory=dict)

    def slot(self, series: int, operation: Operation) -> int:
        """The slot of an operation, the same one for the same operation."""
        return self.slots.setdefault((series, operation), len(self.slots))


def specification(
    series: Sequence[Series], keys: Sequence[Key], readings: Iterable[Reading]
) -> NDArray[np.int64]:
    """The flat program, laid out as `kernel.layout` says.

    Parameters
    ----------
    series, keys
        In the order of their numbers.
    """
    lookups = sorted(readings, key=lambda one: one.number)
    words = [0] * w.HEAD_WORDS
    blocks = []
    for one in series:
        blocks.append(len(words))
        words.extend(one.block())
    words[w.N_SERIES], words[w.SERIES] = len(series), len(words)
    words.extend(blocks)
    records: list[int] = []
    for key in keys:
        own = [one.number for one in series if one.key == key.number]
        at = len(words)
        words.extend(own)
        tables = [_lookup(words, one) for one in lookups if one.key == key.number]
        records += [len(own), at, len(tables), len(words)]
        for table in tables:
            words.extend(table)
    words[w.N_KEYS], words[w.KEYS] = len(keys), len(words)
    words.extend(records)
    return np.array(words, dtype=np.int64)


def _lookup(words: list[int], reading: Reading) -> list[int]:
    """Append a lookup's readers and operations; its record."""
    by_series: dict[int, list[int]] = {}
    # Extremes of one stack stand together: the kernel takes their windows at once.
    for (series, op), slot in sorted(reading.slots.items(), key=lambda one: _stack_of(one[0][1])):
        record = [op.code, op.window, op.delay, op.column, slot, op.auxiliary]
        by_series.setdefault(series, []).extend(record)
    readers: list[int] = []
    for series, operations in by_series.items():
        readers += [series, len(operations) // w.OP_WORDS, len(words)]
        words.extend(operations)
    at = len(words)
    words.extend(readers)
    return [len(by_series), at, len(reading.slots)]


def _stack_of(operation: Operation) -> int:
    return operation.auxiliary if operation.code == w.EXTREME else -1


def plan_lines(
    series: Sequence[Series],
    keys: Sequence[Key],
    sources: Mapping[tuple[str, int, tuple[str, ...]], int],
    streams: Mapping[str, Stream],
    asking: Mapping[str, Asking],
) -> list[str]:
    """The plan for people, line by line.

    Parameters
    ----------
    sources
        The numbers of what is folded, by event, key and fields.
    """
    lines = [f"key {key.number}: {' × '.join(key.entities)}" for key in keys]
    for (name, number, fields), source in sources.items():
        lines.append(f"source {source}: {name} by {', '.join(fields)} (key {number})")
    for name, stream in streams.items():
        if stream.items:
            lines.append(f"fold {name}")
            lines += [f"  {line}" for line in stream.program.text]
    for one in series:
        lines += one.text()
    for name, asked in asking.items():
        if not asked.names:
            continue
        lines.append(f"ask {name}")
        for number, lookup in enumerate(asked.lookups):
            lines.append(f"  lookup {number}: key {lookup.key} by {', '.join(lookup.fields)}")
        lines += [f"  {line}" for line in asked.program.text]
        lines += [f"  column {position} = {feature}" for position, feature in enumerate(asked.names)]
    return lines
