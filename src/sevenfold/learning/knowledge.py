"""What was known of each event's label, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.features.window import duration_ms
from sevenfold.learning.arrays import FloatVector, Mask, Times, Values

__all__ = ["NEVER", "UNKNOWN", "LabelInput", "Labels", "TimeInput"]

NEVER: Final = np.iinfo(np.int64).max
"""Later than any moment."""

UNKNOWN: Final = -1
"""The label of an event about which nothing is known yet."""


TimeInput = Sequence[int] | Times | pl.Series
LabelInput = Sequence[int | None] | npt.NDArray[Any] | pl.Series


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of some events as they became known.

    Parameters
    ----------
    times
        int64 epoch milliseconds, shape (events,): when each event happened.
    matured_at
        int64, shape (events,): from when on an event without a label counts as negative, or `NEVER`.
    row, value, known_at
        One element a label event, in the order in which they count where they are known at the same time:
        int64 position of the event it is about, int8 of 0 or 1, or `UNKNOWN` where what was said before was
        taken back; int64 since when it is known.
    weight
        float64 like `value`: what an example labelled so weighs in training; ``None`` where all weigh 1.
    truth
        What is known without sources that only guess, for evaluation; ``None`` where there are none.

    Examples
    --------
    >>> labels = Labels.of([0, 1, 2], [1, 0, 1], delay="1d")
    >>> labels.at(86_400_001)
    array([ 1,  0, -1], dtype=int8)
    """

    times: Times
    matured_at: Times
    row: Times
    value: Values
    known_at: Times
    weight: FloatVector | None = None
    truth: Labels | None = None

    def __post_init__(self) -> None:
        order = np.argsort(self.known_at, kind="stable")
        for name in ("row", "value", "known_at", *(("weight",) if self.weight is not None else ())):
            object.__setattr__(self, name, getattr(self, name)[order])

    @classmethod
    def of(
        cls,
        times: TimeInput,
        values: LabelInput,
        delay: str | None = None,
    ) -> Labels:
        """Take labels that are known as a table, each of them a fixed delay after its event.

        Parameters
        ----------
        times
            Epoch milliseconds, shape (events,).
        values
            0, 1 or null, shape (events,); -1 counts as null, NaN too.
        delay
            How long after its event a label, 0 or 1, becomes known, such as ``"7d"``; ``None`` for at once.

        Raises
        ------
        UsageError
            The lengths differ.
        DesignError
            The delay is no duration.
        DataError
            A value is something else.
        """
        at = np.asarray(times, dtype=np.int64)
        series = pl.Series("label", values, strict=False).cast(pl.Float64).fill_nan(None).fill_null(UNKNOWN)
        numbers = series.to_numpy()
        milliseconds = 0 if delay is None else duration_ms(delay, "delay")
        if len(at) != len(numbers):
            raise UsageError(f"There are {len(at)} times and {len(numbers)} labels; each event needs both.")
        wrong = np.flatnonzero(~np.isin(numbers, (UNKNOWN, 0, 1)))
        if len(wrong):
            raise DataError(
                "Labels are 0, 1 or null.",
                [Fault(f"row {i}", "0, 1 or null", f"{numbers[i]:g}") for i in wrong],
            )
        known = np.flatnonzero(numbers != UNKNOWN)
        return cls(
            times=at,
            matured_at=np.where(numbers == UNKNOWN, NEVER, at + milliseconds),
            row=known,
            value=numbers[known].astype(np.int8),
            known_at=at[known] + milliseconds,
        )

    def __len__(self) -> int:
        return len(self.times)

    @property
    def newest(self) -> int:
        """The newest moment of which anything is known, epoch milliseconds; 0 without events."""
        return int(max(self.times.max(initial=0), self.known_at.max(initial=0)))

    @property
    def delay_ms(self) -> int:
        """How long an event takes to mature, at most."""
        waits = (self.matured_at - self.times)[self.matured_at != NEVER]
        return int(waits.max(initial=0))

    def at(self, moment: int = NEVER - 1) -> Values:
        """Give what was known at a moment (by default in the end).

        Returns
        -------
        NDArray[int8]
            0, 1 or `UNKNOWN`, shape (events,). The newest label known by then counts; an event without one is
            negative once it has matured.
        """
        silent = np.where(self.matured_at <= moment, 0, UNKNOWN).astype(np.int8)
        label = silent.copy()
        last = np.searchsorted(self.known_at, moment, side="right")
        label[self.row[:last]] = self.value[:last]
        return np.where(label == UNKNOWN, silent, label)

    def known_since(self, moment: int = NEVER - 1) -> Times:
        """Since when what was known at a moment had been known; `NEVER` where nothing was."""
        silent = np.where(self.matured_at <= moment, self.matured_at, NEVER)
        last = np.searchsorted(self.known_at, moment, side="right")
        since = silent.copy()
        since[self.row[:last]] = self.known_at[:last]
        newest = np.zeros(len(self), dtype=np.int8)
        newest[self.row[:last]] = self.value[:last]
        return np.where(newest == UNKNOWN, silent, since)

    def weights(self, moment: int = NEVER - 1) -> FloatVector | None:
        """What each event weighs in training by what was known at a moment; ``None`` where all weigh 1.

        Returns
        -------
        NDArray[float64]
            Above 0 and at most 1, shape (events,).
        """
        if self.weight is None:
            return None
        weights = np.ones(len(self))
        last = np.searchsorted(self.known_at, moment, side="right")
        weights[self.row[:last]] = np.where(self.value[:last] == UNKNOWN, 1.0, self.weight[:last])
        return weights

    @property
    def certain(self) -> Labels:
        """The labels without those of sources that only guess."""
        return self if self.truth is None else self.truth

    def matured(self, moment: int) -> Mask:
        """Which events were old enough at a moment for their label to be final, shape (events,).

        A younger event has a label only if it is positive; a training set that held it would hold too many
        positives.
        """
        return self.matured_at <= moment
