"""Tables on disk: written slice by slice, whole or not at all.

Everything is made in a hidden folder beside its place and moved there at the end, so that a full disk or
Ctrl-C leaves what was there before.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Table", "replacing"]

_ROW_GROUP = 262_144


class Table:
    """One Parquet file that grows slice by slice in bounded memory.

    Polars writes a Parquet file only in one go: the slices go to parts of their own, and `close` streams them
    together. A table of one slice is written at once.

    Parameters
    ----------
    path
        The file.
    schema
        Its columns.
    slices
        How many frames will be added.
    """

    def __init__(self, path: Path, schema: dict[str, pl.DataType], slices: int) -> None:
        self._path = path
        self._schema = schema
        self._single = slices <= 1
        self._parts: list[Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Append the rows of a slice."""
        part = self._path
        if not self._single:
            part = self._path.with_suffix(f".{len(self._parts):05d}.part")
        self._parts.append(part)
        with _os_errors(part):
            frame.cast(pl.Schema(self._schema)).write_parquet(
                part,
                compression="zstd",
                compression_level=1,
                row_group_size=_ROW_GROUP,
                statistics=self._single,
            )

    def close(self) -> None:
        """Make the file of its parts."""
        if not self._parts:
            self.add(pl.DataFrame(schema=self._schema))
        if self._single:
            return
        with _os_errors(self._path):
            pl.scan_parquet(self._parts).sink_parquet(
                self._path, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP
            )
        for part in self._parts:
            part.unlink()


@contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    """Raise as `OSError` what Polars reports as an error of the computation: a full disk is the system's."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        code = re.search(r"\(os error (\d+)\)", str(error))
        if code is None:
            raise
        number = int(code.group(1))
        raise OSError(number, os.strerror(number), str(path)) from error


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Give a folder to write in; when all went well, its files take their places in ``out``.

    Raises
    ------
    UsageError
        If ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        hint = "Give a folder: it is made where there is none."
        raise UsageError("The world has no place.", [Fault(str(out), "a folder", "a file", hint)])
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.parent / f".{out.name}.{os.getpid()}.draft"
    draft.mkdir()
    try:
        yield draft
        if out.exists():
            for file in sorted(draft.iterdir()):
                file.replace(out / file.name)
        else:
            draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
