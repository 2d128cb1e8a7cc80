"""Compile the kernel of rules once: ``python -m sevenfold.serving.rules.warm``."""

from __future__ import annotations

from functools import cache

import numpy as np

from sevenfold.features.kernel.layout import LANE
from sevenfold.serving.rules.kernel import GROUP_WORDS, judge_few, judge_many

__all__ = ["load_kernel", "warm_up"]


@cache
def load_kernel() -> None:
    """Have what decides ready in this process, so that the first rule delays no decision."""
    words = np.zeros(1, np.int64)
    judge_few(
        np.zeros((0, GROUP_WORDS), np.int64), words, words, np.zeros((0, 3), np.int64), words,
        np.array([0, 1], np.int64), np.zeros((1, 1), np.int64), words.copy(), np.zeros((6, LANE), np.int64),
        np.zeros((1, 2), np.int64), words.copy(),
    )  # fmt: skip


def warm_up() -> None:
    """Compile everything, for decisions and for backtests."""
    from sevenfold.serving.backtest.tally import COLUMNS, tally

    load_kernel()
    words, table = np.zeros(1, np.int64), np.zeros((1, 1), np.int64)
    judge_many(
        np.zeros((0, 7), np.int64), words, np.zeros((0, 3), np.int64), words, np.array([0, 1], np.int64),
        table, table.copy(), table.copy(),
    )  # fmt: skip
    sums = np.zeros((1, 1, len(COLUMNS)))
    own = np.full(1, -1, np.int64)
    tally(table, own, words, np.zeros((3, 1)), words, sums, np.zeros((1, 0), np.int64), words.copy())


if __name__ == "__main__":
    warm_up()
