"""Beginning a design: a sample, answers, and what is written in the end."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.durable import replacing
from sevenfold.design.interview.questions import QUESTIONS, checked_answers
from sevenfold.design.interview.sample import KINDS, Sample, proposed, read_sample
from sevenfold.design.interview.writing import design_text, write_events
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Started", "begin", "read_answers"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_EVENT = re.compile(r"[A-Z][A-Za-z0-9]{0,40}")
_ONCE = ("key", "time", "label")


@dataclass
class Started:
    """A design in the making: its name, what is decided, the sample, the answers so far."""

    name: str
    event: str
    sample: Sample
    answers: dict[str, Any]

    def open_points(self) -> list[str]:
        """What nobody has answered yet."""
        return [q.asks for q in QUESTIONS if q.id not in self.answers] + self.sample.notes

    def settle(self, columns: dict[str, str]) -> None:
        """Say what columns are.

        Raises
        ------
        UsageError
            With every column that is not there, and everything that a column can't be.
        """
        faults = []
        for column, kind in columns.items():
            if column not in self.sample.kinds:
                hint = f"Columns: {', '.join(self.sample.kinds)}"
                faults.append(Fault(f"columns.{column}", "a column of the sample", repr(column), hint))
            elif kind not in KINDS:
                faults.append(Fault(f"columns.{column}", f"one of {', '.join(KINDS)}", repr(kind)))
        if faults:
            raise UsageError("These columns cannot be settled.", faults)
        for column, kind in columns.items():
            for other in self.sample.of(kind) if kind in _ONCE else []:
                self.sample.kinds[other] = "drop"
            self.sample.kinds[column] = kind

    def write(self, out: Path) -> Path:
        """Write the design's file, and its events into a folder beside it, which is returned."""
        text = design_text(self.name, self.event, self.sample, self.answers)
        folder = out.with_suffix("").with_name(f"{out.stem}-events")
        write_events(self.event, self.sample, self.answers, folder)
        with replacing(out) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
        return folder


def read_answers(path: Path) -> dict[str, Any]:
    """Read answers from TOML or JSON.

    Raises
    ------
    UsageError
        The file is not there, or no table of answers.
    """
    if not path.is_file():
        raise UsageError(
            "There are no answers.", [Fault("--answers", "a file", f"{path}, which does not exist")]
        )
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read", [Fault(path.name, "TOML or JSON", str(error)[:200])]
        ) from None
    if not isinstance(found, dict):
        raise UsageError(
            f"{path} cannot be read", [Fault(path.name, "a table of answers", type(found).__name__)]
        )
    return found


def begin(sample: Path, out: Path, given: dict[str, Any], *, name: str | None, event: str) -> Started:
    """Look at a sample, and put it together with answers.

    Raises
    ------
    UsageError
        With everything that is wrong with names, answers and columns; or where the file is there already.
    DataError
        The sample is no table of events.
    """
    called = name if name is not None else re.sub(r"[^a-z0-9_-]+", "-", out.stem.lower()).strip("-_")
    checks = (
        ("--out", "a .py file", str(out), out.suffix == ".py"),
        ("--out", "a file that is not there yet", str(out), not out.exists()),
        ("--name", "small letters, digits, - and _", repr(called), bool(_NAME.fullmatch(called))),
        (
            "--event",
            "a name such as Order",
            repr(event),
            bool(_EVENT.fullmatch(event)) and event != "Outcome",
        ),
    )
    faults = [Fault(where, expected, got) for where, expected, got, right in checks if not right]
    if faults:
        raise UsageError("The design cannot be begun.", faults)
    columns = given.get("columns", {})
    answers = checked_answers({n: a for n, a in given.items() if n != "columns"})
    if not isinstance(columns, dict):
        raise UsageError(
            "These answers cannot be used.", [Fault("columns", "a table", type(columns).__name__)]
        )
    started = Started(called, event, proposed(read_sample(sample)), answers)
    started.settle({str(column): str(kind) for column, kind in columns.items()})
    return started
