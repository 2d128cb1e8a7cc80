"""A step of a retraining, as the log has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sevenfold.data.log import NewEntry
from sevenfold.serving.names import RETRAINING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevenfold.data.log import LogEntry

__all__ = ["ENDS", "RetrainingStep", "Runs", "Stage"]

Stage = Literal["begun", "checked", "trained", "compared", "refused", "ended"]

ENDS = ("refused", "ended")
"""Stages behind which nothing follows."""


class RetrainingStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step.

    Attributes
    ----------
    run
        Which retraining: the offset up to which it reads the log, and a hash of what is trained.
    stage
        How far it is.
    at_ms, offset
        When, in epoch milliseconds; the log's end for this run.
    why
        What made it due.
    bundle
        What came of it, from ``trained`` on.
    faults
        Why it was refused: where, expected, got.
    values
        Figures, by name.
    """

    run: str
    stage: Stage
    at_ms: int
    offset: int
    why: tuple[str, ...] = ()
    bundle: str | None = None
    faults: tuple[tuple[str, str, str], ...] = ()
    values: dict[str, float | int | str | None] = {}

    def entry(self) -> NewEntry:
        """Its entry; each run has each stage once."""
        body = _ENCODER.encode(self)
        return NewEntry(RETRAINING, f"{self.run}/{self.stage}", self.at_ms, body, self.at_ms)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @staticmethod
    def of(entry: LogEntry) -> RetrainingStep:
        """The step that an entry holds."""
        return _DECODER.decode(entry.body)


class Runs:
    """All retrainings of a log: a fold over their steps.

    Parameters
    ----------
    entries
        Of `RETRAINING`, in order.
    """

    def __init__(self, entries: Iterable[LogEntry]) -> None:
        self.steps: dict[str, dict[str, RetrainingStep]] = {}
        for entry in entries:
            step = RetrainingStep.of(entry)
            self.steps.setdefault(step.run, {})[step.stage] = step

    @property
    def last(self) -> RetrainingStep | None:
        """The beginning of the newest run."""
        begun: Sequence[RetrainingStep] = [
            stages["begun"] for stages in self.steps.values() if "begun" in stages
        ]
        return begun[-1] if begun else None

    def unfinished(self, design: str) -> RetrainingStep | None:
        """The newest run, where it was left before its end and trains the same as a hash says.

        Parameters
        ----------
        design
            The second part of the run's name.
        """
        last = self.last
        if last is None or not last.run.endswith(f"-{design}"):
            return None
        return None if any(stage in ENDS for stage in self.steps[last.run]) else last


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(RetrainingStep)
