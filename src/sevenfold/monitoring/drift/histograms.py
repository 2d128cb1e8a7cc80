"""The days of a set of features, and what stands out on each of them when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.learning.days import BINS, Bins, Days
from sevenfold.monitoring.drift.calibration import BEFORE, LEAST_DAYS, WINDOWS, Calibration, compare
from sevenfold.monitoring.drift.distance import DISTANCES, distances

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sevenfold.monitoring.drift.calibration import Compared

__all__ = ["NEAR", "Change", "Histograms"]

_RECENT: Final = BEFORE + max(WINDOWS)
_LEARNED: Final = LEAST_DAYS
"""Days of its own that a set without a reference learns from."""

NEAR: Final = 0.8
"""An excess from which on a feature is worth a word; what fires is over when it is below."""

_LEAST_SHARE: Final = 0.2
"""A day with fewer of the usual rows than this is no day to compare: the service stood still."""


@dataclass(frozen=True, slots=True)
class Change:
    """How far one feature is from what is expected, at its most striking window and distance.

    Parameters
    ----------
    feature
        Its name.
    excess
        1 at the limit.
    window
        Days that were looked at.
    distance
        The most striking one.
    values
        All three distances, with ``psi_training`` for the week against all days of the reference.
    bin
        The bin that moved most.
    share, expected
        Of the rows in that bin.
    """

    feature: str
    excess: float
    window: int
    distance: str
    values: Mapping[str, float]
    bin: int
    share: float
    expected: float


@dataclass(eq=False)
class Histograms:
    """Counts of every feature's values on the days of late, against a reference.

    Parameters
    ----------
    bins
        How each feature is counted.
    reference
        Ordinary days; ``None``: the first `_LEARNED` days seen are taken for them.
    """

    bins: Mapping[str, Bins]
    reference: Days | None = None
    numbers: NDArray[np.int64] = field(init=False)
    counts: NDArray[np.int64] = field(init=False)
    open: NDArray[np.int64] = field(init=False)
    calibration: Calibration | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        width = len(self.bins)
        self.numbers, self.counts = np.empty(0, np.int64), np.zeros((0, width, BINS), np.int64)
        self.open = np.zeros((width, BINS), np.int64)
        if self.reference is not None:
            self._learn(self.reference)
            self.numbers, self.counts = self.reference.numbers[-_RECENT:], self.reference.counts[-_RECENT:]

    def _learn(self, days: Days) -> None:
        rows = days.counts[:, :1].sum((1, 2))
        whole = rows >= _LEAST_SHARE * np.median(rows) if len(rows) else rows > 0
        self.reference = Days(days.bins, days.numbers[whole], days.counts[whole])
        self.calibration = Calibration.of(self.reference.counts, self.reference.numbers)

    def add(self, counts: NDArray[np.int64]) -> None:
        """Add counts of some rows, int64 of shape (features, `BINS`), to the day that is not over."""
        self.open += counts

    def close(self, day: int) -> list[Change]:
        """End a day and give the features that are near their limit, or beyond it.

        Returns
        -------
        list
            Those with an excess of `NEAR` or more; nothing before there is a reference.
        """
        rows = int(self.open[:1].sum())
        usual = 0.0 if self.calibration is None else self.calibration.usual_rows
        counted, self.open = self.open, np.zeros_like(self.open)
        if rows == 0 or rows < _LEAST_SHARE * usual:
            return []
        keep = _LEARNED if self.calibration is None else _RECENT
        self.numbers = np.append(self.numbers, day)[-keep:]
        self.counts = np.concatenate([self.counts, counted[None]])[-keep:]
        if self.calibration is None:
            if len(self.numbers) >= _LEARNED:
                self._learn(Days(self.bins, self.numbers, self.counts))
            return []
        return self._changes(self.calibration)

    def _changes(self, calibration: Calibration) -> list[Change]:
        found, week = [], calibration.week
        for window in WINDOWS:
            if len(self.numbers) < BEFORE // 2 + window:
                return []
            found.append(compare(self.counts, self.numbers, window, week))
        excess = np.stack([calibration.excess(place, one) for place, one in enumerate(found)])
        training = self.distance_to_training()
        return [
            self._change(place, name, excess[:, place], found, training[place])
            for place, name in enumerate(self.bins)
            if excess[:, place].max() >= NEAR
        ]

    def _change(
        self,
        place: int,
        name: str,
        excess: NDArray[np.float64],
        found: list[Compared],
        training: NDArray[np.float64],
    ) -> Change:
        window, distance = np.unravel_index(int(excess.argmax()), excess.shape)
        one = found[int(window)]
        moved = one.share[place] - one.expected[place]
        most = int(np.abs(moved).argmax())
        values = {key: float(one.found[place, at]) for at, key in enumerate(DISTANCES)}
        values["psi_training"] = float(training[0])
        return Change(
            name,
            float(excess.max()),
            WINDOWS[int(window)],
            DISTANCES[int(distance)],
            values,
            most,
            float(one.share[place, most]),
            float(one.expected[place, most]),
        )

    def distance_to_training(self) -> NDArray[np.float64]:
        """Give the distances of the last week to all days of the reference; float64, shape (features, 3)."""
        if self.reference is None or not len(self.numbers):
            return np.full((len(self.bins), 3), np.nan)
        own, all_days = self.counts[-max(WINDOWS) :].sum(0), self.reference.counts.sum(0)
        rows, of_all = int(own[:1].sum()), int(all_days[:1].sum())
        return distances(own / max(rows, 1), all_days / max(of_all, 1), rows, of_all)

    def state(self) -> dict[str, Any]:
        """Give what it knows beside its reference."""
        learned = None
        if self.reference is not None:
            learned = {"numbers": self.reference.numbers, "counts": self.reference.counts}
        return {"numbers": self.numbers, "counts": self.counts, "open": self.open, "reference": learned}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.numbers, self.counts, self.open = state["numbers"], state["counts"], state["open"].copy()
        learned = state["reference"]
        self.reference, self.calibration = None, None
        if learned is not None:
            self._learn(Days(self.bins, learned["numbers"], learned["counts"]))
