"""Turn a compiled program so that instructions of one kind stand together, whatever rule they are of.

What rules join by ``and`` at the top is taken apart, and left to the end: most rules fail at their first or
second condition, and the rest of the chain need not be looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.rowwise import CODES
from sevenfold.serving.rules.kernel import GROUP_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.features.program import Program, Register

__all__ = ["FlatRules", "flatten"]

_OPERANDS = {
    "integer_to_float": 1, "negate_integer": 1, "absolute_integer": 1, "negate": 1, "absolute": 1, "log1p": 1,
    "not": 1, "is_null_integer": 1, "is_null": 1, "hour": 1, "day_of_week": 1, "is_weekend": 1, "truth": 1,
    "is_in": 1, "choose": 3, "distance": 4,
}  # fmt: skip
"""How many registers an instruction reads; two where nothing is said. What follows them are constants."""

_ARITY = {code: _OPERANDS.get(name, 2) for name, code in CODES.items()}


@dataclass(frozen=True, eq=False)
class FlatRules:
    """Rules ready to run; arrays as `serving.rules.kernel` takes them, all int64.

    Attributes
    ----------
    program
        (k, 7): the same instructions in the order of the groups, on the same registers.
    groups, operands, constants, loads, terms, ends
        See `judge_few`.
    values
        (registers,): constants in place.
    """

    program: NDArray[np.int64]
    groups: NDArray[np.int64]
    operands: NDArray[np.int64]
    constants: NDArray[np.int64]
    loads: NDArray[np.int64]
    terms: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.int64]


def flatten(program: Program, rules: Sequence[Register], whole: frozenset[int]) -> FlatRules:
    """Group a program's instructions by how deep they stand, their kind and their constants.

    Parameters
    ----------
    rules
        The register that each rule's answer stands in.
    whole
        Columns that arrive as floats and are integers.
    """
    made_by = {row[1]: row for row in program.instructions.tolist()}
    terms = [_conjuncts(rule.number, made_by) for rule in rules]
    instructions = _needed(list(made_by.values()), {term for rule in terms for term in rule})
    grouped = _by_kind(instructions)
    order = [number for members in grouped.values() for number in members]
    moved = _renumbered(program, [instructions[number][1] for number in order])
    table: list[list[int]] = []
    operands: list[int] = []
    flat: list[list[int]] = []
    for (_, code, *constants), members in grouped.items():
        arity = _ARITY[code]
        rows = [instructions[number] for number in members]
        table.append([code, moved[rows[0][1]], len(rows), len(operands), arity, *constants])
        for operand in range(arity):
            operands += [moved[row[2 + operand]] for row in rows]
        for row in rows:
            registers = [moved[row[2 + operand]] for operand in range(arity)]
            flat.append([code, moved[row[1]], *registers, *row[2 + arity :]])
    values = np.zeros(len(moved), np.int64)
    for word, register in program.fixed.tolist():
        values[moved[register]] = word
    loads = [[column, moved[register], int(column in whole)] for column, register in program.fields.tolist()]
    return FlatRules(
        np.array(flat, np.int64).reshape(-1, 7),
        np.array(table, np.int64).reshape(-1, GROUP_WORDS),
        np.array(operands, np.int64),
        program.constants if program.constants.size else np.zeros(1, np.int64),
        np.array(loads, np.int64).reshape(-1, 3),
        np.array([moved[term] for rule in terms for term in rule], np.int64),
        np.cumsum([0, *(len(rule) for rule in terms)], dtype=np.int64),
        values,
    )


def _conjuncts(register: int, made_by: Mapping[int, Sequence[int]]) -> list[int]:
    """The registers that are joined by ``and`` to make one, each once, in their order."""
    found: dict[int, None] = {}
    waiting = [register]
    while waiting:
        part = waiting.pop()
        instruction = made_by.get(part)
        if instruction is not None and instruction[0] == CODES["and"]:
            waiting += [instruction[3], instruction[2]]
        else:
            found[part] = None
    return list(found)


def _needed(instructions: Sequence[list[int]], wanted: set[int]) -> list[list[int]]:
    """The instructions that some registers depend on, in order."""
    found = []
    for instruction in reversed(instructions):
        if instruction[1] in wanted:
            found.append(instruction)
            wanted.update(instruction[2 : 2 + _ARITY[instruction[0]]])
    return found[::-1]


def _by_kind(instructions: Sequence[Sequence[int]]) -> dict[tuple[int, ...], list[int]]:
    """Numbers of instructions by (level, code, constant, constant), in an order in which they can run."""
    level: dict[int, int] = {}
    grouped: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, (code, target, *rest) in enumerate(instructions):
        arity = _ARITY[code]
        level[target] = 1 + max(level.get(register, 0) for register in rest[:arity])
        constants = [*rest[arity:], 0, 0][:2]
        grouped[level[target], code, *constants].append(number)
    return dict(sorted(grouped.items()))


def _renumbered(program: Program, targets: Sequence[int]) -> dict[int, int]:
    """New numbers for registers: columns and constants first, then results in the order of the groups."""
    given = [int(register) for register in program.fields[:, 1]] + [int(r) for r in program.fixed[:, 1]]
    return {register: number for number, register in enumerate([*given, *targets])}
