"""Scores and nulls of features, counted in bulk: a group of decisions costs one append."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.features.kernel.layout import NULL_INT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sevenfold.serving.record import Program

__all__ = ["SCORE_BOUNDS", "ValuesSeen"]

SCORE_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper bounds of the buckets of scores; finer where most payments are."""

_ROWS = 1_024
"""Decisions that wait to be counted: half a megabyte, and counted in half a millisecond."""


class ValuesSeen:
    """Counts what scores and features were like.

    Attributes
    ----------
    nulls
        By feature, how many decisions had no value for it.
    decisions
        How many that is of.
    scores
        A count for each of `SCORE_BOUNDS`.
    score_sum
        The sum of all scores: over their count, the mean.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Program, NDArray[np.int64], Sequence[float | None]]] = []
        self._rows = 0
        self._nulls: dict[str, int] = {}
        self._decisions = 0
        self._scores = [0] * len(SCORE_BOUNDS)
        self._score_sum = 0.0

    def note(self, program: Program, words: NDArray[np.int64], scores: Sequence[float | None]) -> None:
        """Take a group of decisions, to be counted later.

        Parameters
        ----------
        program
            What the words mean.
        words
            Features as the kernel has them, (decisions, features); it must not change any more.
        scores
            Probabilities, `None` or NaN where there are none.
        """
        self._waiting.append((program, words, scores))
        self._rows += len(words)
        if self._rows >= _ROWS:
            self._count()

    @property
    def nulls(self) -> dict[str, int]:
        """By feature, how many decisions had no value for it."""
        self._count()
        return dict(self._nulls)

    @property
    def decisions(self) -> int:
        """How many decisions were counted."""
        self._count()
        return self._decisions

    @property
    def scores(self) -> list[int]:
        """How many scores lie in each of the buckets."""
        self._count()
        return list(self._scores)

    @property
    def score_sum(self) -> float:
        """The sum of all scores."""
        self._count()
        return self._score_sum

    def _count(self) -> None:
        waiting, self._waiting, self._rows = self._waiting, [], 0
        while waiting:
            program = waiting[0][0]
            same = [part for part in waiting if part[0] is program]
            waiting = [part for part in waiting if part[0] is not program]
            self._count_features(program, np.concatenate([words for _, words, _ in same]))
            self._count_scores(np.array([score for *_, scores in same for score in scores], np.float64))

    def _count_features(self, program: Program, words: NDArray[np.int64]) -> None:
        counts = frozenset((*program.counts, *program.texts))
        whole = np.array([name in counts for name in program.names], np.bool_)
        null = np.where(whole, words == NULL_INT, np.isnan(words.view(np.float64)))
        for name, number in zip(program.names, null.sum(axis=0).tolist(), strict=True):
            self._nulls[name] = self._nulls.get(name, 0) + number
        self._decisions += len(words)

    def _count_scores(self, scores: NDArray[np.float64]) -> None:
        known = scores[~np.isnan(scores)]
        places = np.searchsorted(SCORE_BOUNDS, known, side="left")
        counted = np.bincount(places, minlength=len(SCORE_BOUNDS))
        self._scores = [before + more for before, more in zip(self._scores, counted.tolist(), strict=True)]
        self._score_sum += float(known.sum())
