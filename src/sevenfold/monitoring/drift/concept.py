"""Whether a score still means what it meant: matured labels against the probabilities that were given.

Decisions wait until their labels are final, in cohorts of a day; a cohort that has matured gives one number,
how far its frauds (or whatever the label counts) are from the sum of its probabilities. The Page-Hinkley test
of `river` watches these numbers. Only matured cohorts count, so "not reported yet" is never taken for "no".

References
----------
Page (1954), Continuous Inspection Schemes. Gama et al. (2014), A Survey on Concept Drift Adaptation, §3.2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Concept", "Matured", "key_hashes"]

_WAITING: Final = 10_000
"""Decisions of a day that wait for their labels, those with the smallest hashes: a sample of all."""

_KEPT: Final = 365
_LEARNED: Final = 21
"""Matured days that tell what is usual."""

_SLACK: Final = 0.5
_LIMIT: Final = 12.0


@dataclass(frozen=True, slots=True)
class Matured:
    """What a day's matured labels say.

    Parameters
    ----------
    day
        When the decisions were made, counted from 1970.
    labels, expected
        How many were labelled 1, and the sum of their probabilities; weighted where few stand for many.
    brier
        Mean squared error of the probabilities.
    drifted
        Whether the test says that a change has happened.
    """

    day: int
    labels: float
    expected: float
    brier: float
    drifted: bool


@dataclass(eq=False)
class _Cohort:
    hashes: NDArray[np.uint64]
    chances: NDArray[np.float64]
    weights: NDArray[np.float64]
    labels: NDArray[np.bool_]


def _none() -> _Cohort:
    return _Cohort(np.empty(0, np.uint64), np.empty(0), np.empty(0), np.empty(0, np.bool_))


@dataclass(eq=False)
class Concept:
    """Cohorts that wait for their labels, and what those before them told.

    Parameters
    ----------
    matures_days
        Days after which a label is final.
    """

    matures_days: int
    cohorts: dict[int, _Cohort] = field(default_factory=dict)
    surprises: list[float] = field(default_factory=list)

    def add(
        self,
        day: int,
        hashes: NDArray[np.uint64],
        chances: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> None:
        """Let decisions wait.

        Parameters
        ----------
        day
            Of the decisions.
        hashes
            uint64, shape (n,), from `key_hashes`.
        chances
            float64, shape (n,): the scores as probabilities; what is not finite is left out.
        weights
            float64, shape (n,): how many decisions each stands for; of weight 0 there will be no label.
        """
        told = np.isfinite(chances) & (weights > 0)
        own = self.cohorts.get(day, _none())
        joined = np.r_[own.hashes, hashes[told]]
        order = np.argsort(joined, kind="stable")[:_WAITING]
        self.cohorts[day] = _Cohort(
            joined[order],
            np.r_[own.chances, chances[told]][order],
            np.r_[own.weights, weights[told]][order],
            np.r_[own.labels, np.zeros(int(told.sum()), np.bool_)][order],
        )

    def label(self, hashes: NDArray[np.uint64], values: NDArray[np.int8]) -> None:
        """Note what labels say, the newest last; of decisions that do not wait nothing is kept."""
        for cohort in self.cohorts.values():
            if not len(cohort.hashes):
                continue
            place = np.minimum(np.searchsorted(cohort.hashes, hashes), len(cohort.hashes) - 1)
            there = cohort.hashes[place] == hashes
            for at, value in zip(place[there].tolist(), values[there].tolist(), strict=True):
                cohort.labels[at] = value == 1

    def close(self, day: int) -> list[Matured]:
        """End a day: give what the cohorts that have matured by then say, the oldest first."""
        ripe = sorted(own for own in self.cohorts if own <= day - self.matures_days)
        return [self._matured(own, self.cohorts.pop(own)) for own in ripe]

    def _matured(self, day: int, cohort: _Cohort) -> Matured:
        weight, chance, label = cohort.weights, cohort.chances, cohort.labels
        labels, expected = float(weight[label].sum()), float(weight @ chance)
        variance = float(weight**2 @ (chance * (1 - chance)))
        surprise = (labels - expected) / np.sqrt(max(variance, 0.25))
        self.surprises = [*self.surprises, float(surprise)][-_KEPT:]
        rows = float(weight.sum())
        brier = float(weight @ (label - chance) ** 2) / rows if rows else 0.0
        return Matured(day, labels, expected, brier, self._drifted())

    def _drifted(self) -> bool:
        """Run the test over the kept days; true from the day of a change until it is the new normal."""
        if len(self.surprises) < _LEARNED + 3:
            return False
        usual = np.array(self.surprises[:_LEARNED])
        mean, deviation = float(usual.mean()), max(float(usual.std(ddof=1)), 0.5)
        drift = require("river.drift", "watching concepts", "monitor")
        test = drift.PageHinkley(min_instances=_LEARNED, delta=_SLACK, threshold=_LIMIT, mode="both")
        since = None
        for number, surprise in enumerate(self.surprises):
            test.update((surprise - mean) / deviation)
            if test.drift_detected:
                since = number
        return since is not None and len(self.surprises) - since <= _LEARNED

    def forget(self) -> None:
        """Begin anew, as with another model: probabilities of two models are not one concept."""
        self.cohorts, self.surprises = {}, []

    def state(self) -> dict[str, Any]:
        """Give all that it knows."""
        cohorts = {
            str(day): [one.hashes, one.chances, one.weights, one.labels] for day, one in self.cohorts.items()
        }
        return {"cohorts": cohorts, "surprises": self.surprises}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.cohorts = {
            int(day): _Cohort(one[0], one[1], one[2], one[3].copy()) for day, one in state["cohorts"].items()
        }
        self.surprises = list(state["surprises"])


def key_hashes(keys: Sequence[str]) -> NDArray[np.uint64]:
    """Hash keys to 64 bits, the same on every machine; uint64, shape (n,)."""
    digest = hashlib.blake2b
    return np.frombuffer(b"".join([digest(key.encode(), digest_size=8).digest() for key in keys]), "<u8")
