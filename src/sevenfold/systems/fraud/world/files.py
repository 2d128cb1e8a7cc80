"""Tables on disk: written step by step, whole or not at all.

Everything is made in a hidden folder beside its place and moved there at the end, so that a full disk or
Ctrl-C leaves what was there before.
"""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Scribe", "Table", "replacing"]

_ROW_GROUP = 262_144
_BEHIND = 2
_FORM: Final[dict[str, Any]] = {"compression": "zstd", "compression_level": 1, "row_group_size": _ROW_GROUP}


class Table:
    """One Parquet file that grows in bounded memory.

    Polars writes a Parquet file only in one go: full row groups go to parts of their own, and `close` streams
    them together. A table of one part is written at once.

    Parameters
    ----------
    path
        The file.
    schema
        Its columns.
    """

    def __init__(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        self._path = path
        self._schema = pl.Schema(schema)
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._parts: list[Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Append some rows."""
        self._frames.append(frame.cast(self._schema))
        self._rows += frame.height
        if self._rows >= _ROW_GROUP:
            part = self._path.with_suffix(f".{len(self._parts):05d}.part")
            self._parts.append(part)
            with _os_errors(part):
                self._taken().write_parquet(
                    part, compression="lz4", row_group_size=_ROW_GROUP, statistics=False
                )

    def close(self) -> None:
        """Make the file of its parts and of what is left."""
        rest = self._taken()
        with _os_errors(self._path):
            whole = pl.concat([*(pl.scan_parquet(part) for part in self._parts), rest.lazy()])
            if not self._parts:
                rest.write_parquet(self._path, **_FORM)
            else:
                whole.sink_parquet(self._path, **_FORM)
        for part in self._parts:
            part.unlink()

    def _taken(self) -> pl.DataFrame:
        """Take what waits in memory."""
        frame = pl.concat(self._frames) if self._frames else pl.DataFrame(schema=self._schema)
        self._frames, self._rows = [], 0
        return frame


class Scribe:
    """Writes down what happened while the world goes on: in a thread of its own, in order, soon.

    What goes wrong there is raised at the next step, or at the end.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe")
        self._open: list[Future[None]] = []

    def later(self, write: Callable[..., None], *what: object) -> None:
        """Call ``write`` soon."""
        while len(self._open) >= _BEHIND:
            self._open.pop(0).result()
        self._open.append(self._thread.submit(write, *what))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        for written in self._open if kind is None else []:
            written.result()


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
