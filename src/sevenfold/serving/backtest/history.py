"""What was known at the time of past decisions, and what came to be known since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["History", "check_against"]


@dataclass(frozen=True, eq=False)
class History:
    """Decided events, in log order.

    Parameters
    ----------
    decided
        Physical columns of the events.
    features
        Their features as they were at the time, row by row.
    times
        int64 epoch milliseconds, shape (rows,).
    label
        int64, shape (rows,): 1 and 0 where the label is final or known, -1 elsewhere. Only what is added up
        reads it; no rule can.
    scores, risks
        Probabilities as they were at the time, float64 with NaN where there was none, and risk scores,
        null below zero.
    """

    decided: pl.DataFrame
    features: pl.DataFrame
    times: NDArray[np.int64]
    label: NDArray[np.int64]
    scores: NDArray[np.float64]
    risks: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def between(self, start: int | None, end: int | None) -> History:
        """The events of a period, its end excluded."""
        inside = np.ones(len(self), dtype=bool)
        if start is not None:
            inside &= self.times >= start
        if end is not None:
            inside &= self.times < end
        if inside.all():
            return self
        return History(
            self.decided.filter(inside),
            self.features.filter(inside),
            self.times[inside],
            self.label[inside],
            self.scores[inside],
            self.risks[inside],
        )


def check_against(recorded: pl.DataFrame, computed: pl.DataFrame) -> None:
    """Compare features that are said to be of the time with those of a log that ended then.

    Whatever the recorded ones know beyond that, they know from the future.

    Parameters
    ----------
    recorded, computed
        The same rows in the same order; columns of the same names.

    Raises
    ------
    DataError
        With every feature that differs, and where it does first.
    """
    faults = []
    for name in computed.columns:
        if name not in recorded.columns:
            faults.append(Fault(f"features.{name}", "a column", "none"))
            continue
        differs = recorded[name].ne_missing(computed[name])
        if differs.any():
            row = int(np.argmax(differs.to_numpy()))
            expected = f"{computed[name][row]!r}, as the log gave it then"
            got = f"{recorded[name][row]!r}, and {int(differs.sum()):,} rows like it"
            hint = "It was computed with what came later, or by another design"
            faults.append(Fault(f"features.{name}, decision {row}", expected, got, hint))
    if faults:
        raise DataError("These features are not of the time of the decisions.", faults)
