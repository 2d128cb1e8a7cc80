"""Writing a folder of files so that it is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.data.durable import flush

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["write_folder"]


def write_folder(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a new folder, durably and atomically.

    The files are written and synced in a folder beside `path`, which is then renamed. A folder that is
    already there is replaced.

    Parameters
    ----------
    path
        The folder; its parents are made where they are missing.
    contents
        The files by name.

    Raises
    ------
    OSError
        The disk is full, or the place can't be written to; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        for name, content in contents.items():
            (draft / name).write_bytes(content)
            flush(draft / name)
        draft.chmod(0o755)  # mkdtemp makes a folder that only its owner may read
        flush(draft)
        if path.exists():
            shutil.rmtree(path)
        draft.rename(path)
        flush(path.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
