"""When a model is trained anew, and what must be there for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms

__all__ = ["Retraining"]

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """When a model is trained anew, and what must be there for it.

    Parameters
    ----------
    schedule
        How long after a training the next one is due: ``"7d"``; `None` for never by time alone.
    drift
        How bad a drift must be that makes one due: of features, of labels, of what connects them; `None`
        for no drift at all.
    performance
        Whether a declared limit of performance that is broken makes one due.
    matured_labels
        After how many new labels one is due; `None` for any number.
    cool_down
        How long after a training nothing makes another one due.
    positives, rows
        Events with a final label that must be there, at least: positive ones, and all.
    missing
        By how much the share of rows without a value of a feature may have grown since the champion learned.
    volume
        The least share of the usual number of events that each of the newest days must have.
    flipped
        The share of a source's labels that may look flipped; more than that refuses the training.
    margin
        By how much the champion may be better, in the share of losses saved or in average precision, before
        the challenger is given up; the bound of the interval of the difference counts.
    because
        Why.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    schedule: str | None = "7d"
    drift: Severity | None = "critical"
    performance: bool = True
    matured_labels: int | None = None
    cool_down: str = "1d"
    positives: int = 50
    rows: int = 1_000
    missing: float = 0.3
    volume: float = 0.2
    flipped: float = 0.02
    margin: float = 0.0
    because: str = ""

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for name, text in (("schedule", self.schedule), ("cool_down", self.cool_down)):
            try:
                if text is not None:
                    duration_ms(text, f"retraining.{name}")
            except DesignError as error:
                faults += error.faults
        if self.drift is not None and self.drift not in get_args(Severity):
            faults.append(Fault("retraining.drift", "info, warning, critical or None", repr(self.drift)))
        faults += [
            Fault(f"retraining.{name}", "a whole number, one or more", repr(value))
            for name, value in (
                ("matured_labels", self.matured_labels),
                ("positives", self.positives),
                ("rows", self.rows),
            )
            if value is not None and (type(value) is not int or value < 1)
        ]
        faults += [
            Fault(f"retraining.{name}", "from 0 to 1", repr(value))
            for name, value in (
                ("missing", self.missing),
                ("volume", self.volume),
                ("flipped", self.flipped),
                ("margin", self.margin),
            )
            if not (isinstance(value, (int, float)) and 0.0 <= value <= 1.0)
        ]
        if faults:
            raise DesignError("Retraining cannot be declared like this", faults)

    @property
    def schedule_ms(self) -> int | None:
        """Milliseconds from a training to the next."""
        return None if self.schedule is None else duration_ms(self.schedule)

    @property
    def cool_down_ms(self) -> int:
        """Milliseconds in which nothing makes another one due."""
        return duration_ms(self.cool_down)
