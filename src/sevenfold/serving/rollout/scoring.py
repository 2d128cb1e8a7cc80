"""Models at work: each with its rows and its reasons, and what is done when one of them fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.serving.model import ModelRows, ServedModel
    from sevenfold.serving.reasons.explainer import Explainer
    from sevenfold.serving.tally import Tally

__all__ = ["Working"]


@dataclass(frozen=True, slots=True)
class Working:
    """A model that decides.

    Parameters
    ----------
    model, rows, explainer
        What scores, how features become its input, and what finds the reasons of its scores.
    """

    model: ServedModel
    rows: ModelRows
    explainer: Explainer | None

    def score(self, words: NDArray[np.int64], tally: Tally) -> NDArray[np.float64] | None:
        """Probabilities, shape (rows,); none where the model fails, NaN where it gives no probability.

        Parameters
        ----------
        words
            Features as the kernel has them, (rows, features).
        tally
            What counts failures.
        """
        try:
            scores = self.model.model.score(self.rows(words))
        except Exception as error:  # noqa: BLE001 - a model is foreign code; its failure is counted and shown
            tally.model_failed(self.model.id, f"{type(error).__name__}: {error}")
            return None
        if scores.min() >= 0.0 and scores.max() <= 1.0:
            return scores
        tally.model_failed(self.model.id, "a score that is no probability")
        return np.where((scores >= 0.0) & (scores <= 1.0), scores, np.nan)
