"""Run many rules over a few rows, or few rules over many, with the features' own row-wise instructions.

A block of rows is what the row-wise kernel was made for: a register is a column of rows. For one decision
that leaves it with one value an instruction, and finding out which instruction it is costs more than doing
it. Here the lanes are turned: instructions of one kind that don't depend on each other, from whatever rules,
become the lanes of a single instruction. No instruction looks at more than one lane, so that the same code
gives the same bits either way.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.layout import LANE, NULL_INT
from sevenfold.features.kernel.rowwise import compute
from sevenfold.serving.rules.compiled import compiled

if TYPE_CHECKING:
    from sevenfold.features.kernel.arrays import Floats, Words

__all__ = ["GROUP_WORDS", "judge_few", "judge_many"]

GROUP_WORDS = 7
"""Of a group: code, first target, instructions, where their operands begin, operands each, two constants."""


@compiled
def load(loads: Words, columns: Words, begin: int, n: int, registers: Words) -> None:
    """Bring rows into registers; ``loads`` (k, 3): column, register, 1 for a whole number as a float."""
    for i in range(loads.shape[0]):
        column, register = columns[loads[i, 0], begin : begin + n], registers[loads[i, 1], :n]
        if loads[i, 2] == 1:
            floats = column.view(np.float64)
            for k in range(n):
                register[k] = NULL_INT if math.isnan(floats[k]) else np.int64(floats[k])
        else:
            register[:] = column


@compiled
def run_groups(
    groups: Words, operands: Words, constants: Words, values: Words, lanes: Words, flanes: Floats
) -> None:
    """Run every group once; ``values`` (r,) holds the registers of a row, ``lanes`` (6, LANE) is scratch."""
    instruction = np.zeros((1, 7), np.int64)
    for g in range(groups.shape[0]):
        begin, arity = groups[g, 3], groups[g, 4]
        instruction[0, 0] = groups[g, 0]
        for operand in range(4):
            instruction[0, 2 + operand] = operand + 1
        instruction[0, 2 + arity] = groups[g, 5]
        instruction[0, 3 + arity] = groups[g, 6]
        count = groups[g, 2]
        for start in range(0, count, LANE):
            n = min(LANE, count - start)
            for operand in range(arity):
                first = begin + operand * count + start
                lane, sources = lanes[operand + 1], operands[first : first + n]
                for k in range(n):
                    lane[k] = values[np.uint64(sources[k])]  # unsigned: no index from the end to look out for
            compute(instruction, lanes, flanes, constants, n)
            target = groups[g, 1] + start
            values[target : target + n] = lanes[0, :n]


@compiled
def judge_few(
    groups: Words, operands: Words, constants: Words, loads: Words, terms: Words, ends: Words, raw: Words,
    values: Words, lanes: Words, hits: Words, unknown: Words,
) -> None:  # fmt: skip
    """Run the rules over rows one by one.

    Parameters
    ----------
    groups, operands
        (g, GROUP_WORDS) and the registers that they point at: for each group all first operands, then all
        second ones …
    constants
        Members of ``is_in``.
    loads
        (k, 3), as `load` takes them.
    terms, ends
        The registers that rule ``i`` joins by ``and`` are ``terms[ends[i] : ends[i + 1]]``; a single one is
        its answer, whatever it is.
    raw
        (rows, columns): words, a row a decision.
    values
        (registers,): constants stand in it already.
    lanes
        (6, LANE), scratch.
    hits
        (rows, 1 + rules): how many rules hit, then their numbers, rising.
    unknown
        (rules,): raised by one for each row that a rule gives no answer for.
    """
    flanes = lanes.view(np.float64)
    column = values.reshape((values.size, 1))
    for row in range(raw.shape[0]):
        load(loads, raw[row].reshape((raw.shape[1], 1)), 0, 1, column)
        run_groups(groups, operands, constants, values, lanes, flanes)
        found = 0
        for i in range(ends.size - 1):
            answer = values[np.uint64(terms[ends[i]])]
            for k in range(ends[i] + 1, ends[i + 1]):
                if answer == 0:
                    break
                term = values[np.uint64(terms[k])]
                if term != 1:
                    answer = term
            if answer == 1:
                found += 1
                hits[row, found] = i
            elif answer == NULL_INT:
                unknown[i] += 1
        hits[row, 0] = found


@compiled
def judge_many(
    program: Words, constants: Words, loads: Words, terms: Words, ends: Words, columns: Words,
    registers: Words, answers: Words,
) -> None:  # fmt: skip
    """Run the rules over blocks of rows: ``answers[:, i]`` of shape (rules, rows) become 1, 0 or null.

    Parameters
    ----------
    program
        (k, 7), as `rowwise.compute` takes it.
    columns
        (columns, rows): words.
    registers
        (registers, width): a block is as wide; constants stand in every lane already.
    """
    fregisters = registers.view(np.float64)
    width = registers.shape[1]
    for begin in range(0, columns.shape[1], width):
        n = min(width, columns.shape[1] - begin)
        load(loads, columns, begin, n, registers)
        compute(program, registers, fregisters, constants, n)
        for i in range(ends.size - 1):
            answer = answers[i, begin : begin + n]
            answer[:] = registers[terms[ends[i]], :n]
            for m in range(ends[i] + 1, ends[i + 1]):
                term = registers[terms[m]]
                for k in range(n):
                    if answer[k] != 0 and term[k] != 1:
                        answer[k] = term[k]
