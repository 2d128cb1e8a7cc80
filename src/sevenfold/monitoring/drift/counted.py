"""The decisions of a page, counted by day, feature and bin: the work that is done for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.learning.days import BINS, Bins, tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sevenfold.monitoring.columns import Decisions

__all__ = ["Counted"]


@dataclass(frozen=True, eq=False)
class Counted:
    """A page in counts.

    Parameters
    ----------
    model
        Whose bins they are.
    features
        By day: int64, shape (features, `BINS`).
    scores
        By day: int64, shape (1, `BINS`).
    texts
        The values of features that are texts, row by row.
    passed
        float64, shape (rows,): the chance with which each was let through.
    """

    model: str | None
    features: Mapping[int, NDArray[np.int64]]
    scores: Mapping[int, NDArray[np.int64]]
    texts: Mapping[str, pl.Series]
    passed: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        model: str | None,
        decisions: Decisions,
        days: NDArray[np.int64],
        bins: Mapping[str, Bins],
        score_bins: Mapping[str, Bins],
    ) -> Counted:
        """Count decisions.

        Parameters
        ----------
        model
            Whose bins they are.
        decisions
            Of a page.
        days
            int64, shape (rows,): the day of each.
        bins
            Of the features; one that the program does not give any more is missing in every row.
        score_bins
            Of the score.
        """
        numbers, place = np.unique(days, return_inverse=True)
        names = {name: at for at, name in enumerate(decisions.names)}
        own_texts = set() if decisions.program is None else set(decisions.program.texts)
        values = decisions.features
        features = np.zeros((len(numbers), len(bins), BINS), np.int64)
        texts = {}
        for at, (name, one) in enumerate(bins.items()):
            if one.categories is not None and name in own_texts:
                texts[name] = pl.Series(decisions.texts(name), dtype=pl.String)
                codes = one.text_codes(texts[name])
            elif one.categories is None and name in names and name not in own_texts:
                codes = one.codes(np.ascontiguousarray(values[:, names[name]]))
            else:
                codes = np.full(len(days), BINS - 1)
            features[:, at] = tally(place, codes, len(numbers))
        scores = tally(place, score_bins["score"].codes(decisions.scores), len(numbers))
        by_day = numbers.tolist()
        return cls(
            model,
            dict(zip(by_day, features, strict=True)),
            dict(zip(by_day, scores[:, None], strict=True)),
            texts,
            decisions.passed,
        )
