"""Steps that are done once: a long job that was interrupted goes on where it stopped.

Each step leaves a record of what went in and what came out, written when all its files are in place. The next
time, a step whose inputs are the same and whose files are still there is not done again. A step's inputs
contain those of the steps before it, so that a change at the start redoes everything after it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.durable import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Done", "Steps"]

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """A step that is done.

    Parameters
    ----------
    result
        What the step reported: plain JSON values.
    again
        Whether it was recognised as done before, and skipped.
    """

    result: Result
    again: bool


class Steps:
    """The steps of one job, in order, with their records in a folder.

    Parameters
    ----------
    folder
        Where the records go; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._chain = ""

    def do(
        self,
        name: str,
        inputs: Mapping[str, object],
        work: Callable[[], Result],
        files: Sequence[Path] = (),
    ) -> Done:
        """Do a step, or recognise it as done.

        Parameters
        ----------
        name
            Names the record: ``train``.
        inputs
            All that the result depends on and that no step before has as an input: plain JSON values.
        work
            Does it and reports plain JSON values. Where it raises, or the process dies, nothing is recorded.
        files
            What must still be there for the step to count as done.
        """
        self._chain = _digest({"before": self._chain, "name": name, "inputs": dict(inputs)})
        record = self.folder / f"{name}.json"
        known = _read(record)
        if known.get("inputs") == self._chain and all(path.exists() for path in files):
            return Done(_as_result(known.get("result")), again=True)
        record.unlink(missing_ok=True)
        result = work()
        with replacing(record) as unfinished:
            unfinished.write_text(json.dumps({"inputs": self._chain, "result": result}, indent=1))
        return Done(_as_result(json.loads(json.dumps(result))), again=False)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _read(record: Path) -> Result:
    """Read a record; one that is absent or unreadable counts as a step that was not done."""
    try:
        return _as_result(json.loads(record.read_bytes()))
    except (FileNotFoundError, ValueError):
        return {}


def _as_result(value: object) -> Result:
    return value if isinstance(value, dict) else {}
