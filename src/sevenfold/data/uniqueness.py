"""Counting values that come more than once, exactly and in bounded memory.

Values are hashed to 64 bits and parted by their hash into files; what repeats lies in the same file, and
each file is small. Two values of the same hash would count as one: among 100 million values the chance that
there is such a pair is 1 in 3,700 (n² / 2⁶⁵).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__ = ["Uniqueness"]

_PARTS = 64
_IN_MEMORY = 2_000_000


class Uniqueness:
    """Values of one field, and how many of them are repetitions.

    Parameters
    ----------
    folder
        For the files, which are made when there are too many values for memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []
        self._rows = 0
        self._spilled = False

    def add(self, values: pl.Series) -> None:
        """Take values in; nulls are left out."""
        hashes = values.drop_nulls().hash().to_numpy()
        self._held.append(hashes)
        self._rows += hashes.size
        if self._rows >= _IN_MEMORY:
            self._spill()

    def repeated(self) -> int:
        """Count the values that had come before."""
        if not self._spilled:
            return _repeated(self._all())
        self._spill()
        files = sorted(self._folder.glob("*.u64"))
        return sum(_repeated(np.fromfile(file, dtype=np.uint64)) for file in files)

    def _all(self) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        return np.concatenate(self._held) if self._held else np.empty(0, dtype=np.uint64)

    def _spill(self) -> None:
        hashes = np.sort(self._all())
        self._held, self._rows, self._spilled = [], 0, True
        self._folder.mkdir(parents=True, exist_ok=True)
        edges = np.searchsorted(hashes >> np.uint64(58), np.arange(_PARTS + 1, dtype=np.uint64))
        for number in range(_PARTS):
            part = hashes[edges[number] : edges[number + 1]]
            with (self._folder / f"{number:02d}.u64").open("ab") as file:
                part.tofile(file)


def _repeated(hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> int:
    return int(hashes.size - np.unique(hashes).size)
