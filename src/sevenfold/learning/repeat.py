"""The same evaluation with several seeds: how much of a figure is luck."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.evaluate import evaluate_examples
from sevenfold.learning.metrics import Estimate, Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.learning.declaration import Learning, Progress
    from sevenfold.learning.examples import Examples
    from sevenfold.learning.results import CandidateResult

__all__ = ["Repeated", "repeat"]


@dataclass(frozen=True, eq=False)
class Repeated:
    """One candidate on all folds, with one seed or more.

    Parameters
    ----------
    results
        One a seed. A candidate that leaves nothing to chance has the first two alone: they are equal.
    """

    results: tuple[CandidateResult, ...]

    @property
    def name(self) -> str:
        """What the candidate is called."""
        return self.results[0].candidate.name

    @property
    def fit_seconds(self) -> float:
        """To train it once: the median over the seeds, of the last fold."""
        return float(np.median([result.costs.fit_seconds for result in self.results]))

    @property
    def row_us(self) -> float:
        """Microseconds to score one event, likewise."""
        return float(np.median([result.costs.row_us for result in self.results]))

    def estimate(self, metric: str) -> Estimate:
        """Average a metric over folds and seeds.

        The interval is of the bootstrap replicates of all seeds together: it holds what other test rows and
        what other seeds would have changed.
        """
        means = [result.mean[metric] for result in self.results]
        value = float(np.mean([mean.value for mean in means]))
        return Measured(value, np.concatenate([mean.replicates for mean in means])).estimate()

    def over_folds(self, metric: str) -> float:
        """Standard deviation over the folds of a metric's mean over the seeds."""
        values = [[fold.metrics[metric].value for fold in result.folds] for result in self.results]
        return float(np.std(np.mean(values, axis=0)))

    def over_seeds(self, metric: str) -> float:
        """Standard deviation over the seeds of a metric's mean over the folds."""
        return float(np.std([result.mean[metric].value for result in self.results]))

    def to_json(self) -> dict[str, Mapping[str, float | None]]:
        """Give the figures as plain data, by metric."""
        return {
            metric: {
                **self.estimate(metric).to_json(),
                "over_folds": self.over_folds(metric),
                "over_seeds": self.over_seeds(metric),
            }
            for metric in self.results[0].mean
        }


def repeat(
    examples: Examples, learning: Learning, seeds: Sequence[int], progress: Progress
) -> tuple[Repeated, ...]:
    """Evaluate every candidate with every seed.

    Parameters
    ----------
    examples, learning
        As for `sevenfold.learning.evaluate.evaluate_examples`.
    seeds
        At least one. A candidate whose second seed changes nothing is not trained with a third.
    progress
        Told how many seeds are done.
    """
    found: dict[str, list[CandidateResult]] = {c.name: [] for c in learning.candidates}
    candidates = learning.candidates
    for number, seed in enumerate(seeds):

        def step(done: float, total: float, what: str, number: int = number) -> None:
            progress(number + done / max(total, 1), len(seeds), what)

        once = replace(learning, candidates=candidates, seed=seed)
        for result in evaluate_examples(examples, once, progress=step).results:
            found[result.candidate.name].append(result)
        candidates = tuple(c for c in candidates if _varies(found[c.name]))
        if not candidates:
            break
    progress(len(seeds), len(seeds), "evaluated")
    return tuple(Repeated(tuple(results)) for results in found.values())


def _varies(results: Sequence[CandidateResult]) -> bool:
    """Tell whether a candidate's scores depend on the seed; one seed does not tell."""
    return len(results) < 2 or not np.array_equal(results[0].score, results[1].score)
