"""Files that are either whole or not there, and folders that one process changes at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["UNFINISHED", "alone", "flush", "replacing"]

UNFINISHED = ".unfinished"
"""How the name of a file ends that is still being written."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a file to write, and put it in the place of another once it is whole and on disk.

    If anything is raised, also an interrupt, the unfinished file is removed and the other stays as it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(pathlib.Path(folder) / "report.txt") as unfinished:
    ...         _ = unfinished.write_text("done")
    ...     [file.name for file in pathlib.Path(folder).iterdir()]
    ['report.txt']
    """
    _make_folder(path.parent)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        yield unfinished
        flush(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    flush(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that do the same, and wait while another holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)  # which also lets go of the lock


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, and have a crash of the machine remember them."""
    made = [missing for missing in (folder, *folder.parents) if not missing.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for new in made:
        flush(new.parent)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, outlive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
