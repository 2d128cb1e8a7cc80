"""What happens to a row before it is folded and after it was read.

The input stage computes, from an event's fields, the words that series fold. The output stage computes
features from the fields of the asking event and from the records of its lookups.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.compiled import compiled
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.kernel.rowwise import BLOCK, compute

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Rows, Words

__all__ = ["input_stage", "output_stage"]


@compiled
def input_stage(
    program: Words, constants: Words, fields: Words, fixed: Words, stores: Words, registers: Words,
    raw: Words, words: Words, first: int, begin: int, end: int,
) -> None:  # fmt: skip
    """Fill ``words[:, first + begin : first + end]`` from ``raw[:, begin:end]``.

    Parameters
    ----------
    program, constants
        Instructions (k, 7) and the constants that they point into.
    fields
        (k, 2): row of ``raw``, register.
    fixed
        (k, 2): a constant's word, register.
    stores
        (k, 3): register, row of ``words``, 1 where the word is a float.
    registers
        Scratch of shape (r, LANE).
    """
    fregisters = registers.view(np.float64)
    filled = min(BLOCK, end - begin)
    for i in range(fixed.shape[0]):
        for k in range(filled):
            registers[fixed[i, 1], k] = fixed[i, 0]
    for row in range(begin, end, BLOCK):
        n = min(BLOCK, end - row)
        for i in range(fields.shape[0]):
            registers[fields[i, 1], :n] = raw[fields[i, 0], row : row + n]
        compute(program, registers, fregisters, constants, n)
        for i in range(stores.shape[0]):
            source = stores[i, 0]
            target = stores[i, 1]
            if stores[i, 2] == 1:
                for k in range(n):
                    # Adding zero turns -0.0, whose bits are those of the null integer, into 0.0.
                    fregisters[source, k] += 0.0
            words[target, first + row : first + row + n] = registers[source, :n]


@compiled
def output_stage(
    program: Words, constants: Words, fields: Words, loads: Words, fixed: Words, stores: Words,
    registers: Words, raw: Words, rec: Words, bases: Words, widths: Words, inverse: Rows, out: Words,
    nulls: Words, begin: int, end: int,
) -> None:  # fmt: skip
    """Fill ``out[:, begin:end]`` with features and count the nulls of each.

    Parameters
    ----------
    program, constants, fields, fixed, registers
        As in `input_stage`.
    loads
        (k, 3): lookup, slot of its record, register; ordered by lookup.
    stores
        (k, 3): register, row of ``out``, 1 where the word is a float.
    rec, bases, widths, inverse
        Records: that of row ``r`` in lookup ``g`` begins at ``bases[g] + inverse[g, r] * widths[g]``.
    nulls
        (features,), added to.
    """
    fregisters = registers.view(np.float64)
    filled = min(BLOCK, end - begin)
    places = np.empty(filled, np.int64)
    for i in range(fixed.shape[0]):
        for k in range(filled):
            registers[fixed[i, 1], k] = fixed[i, 0]
    for row in range(begin, end, BLOCK):
        n = min(BLOCK, end - row)
        for i in range(fields.shape[0]):
            registers[fields[i, 1], :n] = raw[fields[i, 0], row : row + n]
        i = 0
        while i < loads.shape[0]:
            lookup = loads[i, 0]
            j = i
            while j < loads.shape[0] and loads[j, 0] == lookup:
                j += 1
            base, width = bases[lookup], widths[lookup]
            for k in range(n):
                places[k] = base + inverse[lookup, row + k] * width
            # Slot by slot: the first one brings a record's lines from memory, many at a time.
            for m in range(i, j):
                slot, register = loads[m, 1], registers[loads[m, 2]]
                for k in range(n):
                    register[k] = rec[np.uint64(places[k] + slot)]
            i = j
        compute(program, registers, fregisters, constants, n)
        for i in range(stores.shape[0]):
            target = stores[i, 1]
            words, floats = registers[stores[i, 0]], fregisters[stores[i, 0]]
            column = out[target, row : row + n]
            missing = 0
            if stores[i, 2] == 1:
                for k in range(n):
                    missing += math.isnan(floats[k])
                    column[k] = words[k]
            else:
                for k in range(n):
                    missing += words[k] == NULL_INT
                    column[k] = words[k]
            nulls[target] += missing
