"""Training: let the candidates compete, then fit the winner to the newest matured events."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.timestamp import rfc3339
from sevenfold.features.window import duration_ms
from sevenfold.learning.costs import Costs, check_export, measure_costs
from sevenfold.learning.days import Days
from sevenfold.learning.declaration import Progress, describe, silent
from sevenfold.learning.evaluate import evaluate_examples
from sevenfold.learning.examples import Examples
from sevenfold.learning.fitting import fit_candidate
from sevenfold.learning.flat.publish import Published, publish
from sevenfold.learning.graph import export
from sevenfold.learning.reference import Reference
from sevenfold.learning.silent import Silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from sevenfold.learning.arrays import FloatVector
    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.candidate import Candidate, Model, Table
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.knowledge import LabelInput, Labels, TimeInput
    from sevenfold.learning.results import CandidateResult, Evaluation
    from sevenfold.learning.stakes import Stakes

__all__ = ["TrainingResult", "train"]

_CHECKED_ROWS = 20_000

_LIBRARIES = (
    "sevenfold",
    "numpy",
    "polars",
    "onnx",
    "onnxruntime",
    "scikit-learn",
    "xgboost-cpu",
    "lightgbm",
)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained model, and how it was chosen.

    Parameters
    ----------
    evaluation
        All candidates on all folds.
    chosen
        The winner's results on the folds: what its successor in service can be expected to do.
    candidate
        The winner, with what its validation period decided filled in.
    model, encoding
        The model fitted to the newest matured events, and how features become its input.
    onnx
        The model exported; its predictions were compared with the model's own.
    onnx_difference
        The largest difference found.
    published
        The form that serves decisions, compared with the export.
    reference
        How the values of each feature were spread over the rows learned from.
    start, end, as_of
        The training period, its end excluded, and the moment of training: epoch milliseconds.
    rows, positives
        What was learned from.
    costs
        Of the model.
    notes
        What a reader should know, in sentences.
    """

    evaluation: Evaluation
    chosen: CandidateResult
    candidate: Candidate
    model: Model
    encoding: Encoding
    onnx: bytes = field(repr=False)
    onnx_difference: float
    published: Published
    reference: Reference = field(repr=False)
    start: int
    end: int
    as_of: int
    rows: int
    positives: int
    costs: Costs
    notes: tuple[str, ...]

    @property
    def learning(self) -> Learning:
        """What was declared."""
        return self.evaluation.learning

    def importance(self) -> dict[str, float]:
        """Each feature's share of what the model relies on, the largest first."""
        shares = self.model.importance()
        return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))

    def metadata(self) -> dict[str, Any]:
        """Give what a bundle says of its origin: plain data, the same for the same training."""
        best = self.chosen
        return {
            "candidate": describe(self.candidate),
            "learning": self.learning.describe(),
            "training": {
                "start": rfc3339(self.start),
                "end": rfc3339(self.end),
                "as_of": rfc3339(self.as_of),
                "rows": self.rows,
                "positives": self.positives,
            },
            "folds": [str(result.fold) for result in best.folds],
            "metrics": {name: m.estimate().to_json() for name, m in best.mean.items()},
            "compared": {
                r.candidate.name: {name: m.estimate().to_json()["value"] for name, m in r.mean.items()}
                for r in self.evaluation.results
            },
            "importance": self.importance(),
            "onnx_difference": self.onnx_difference,
            "served": self.published.to_json(),
            "seed": self.learning.seed,
            "versions": _versions(),
            "notes": list(self.notes),
        }

    def save(
        self,
        root: Path,
        *,
        program: Mapping[str, Any],
        origin: Mapping[str, Any],
        record: Mapping[str, Any] | None = None,
    ) -> Bundle:
        """Write the bundle.

        Parameters
        ----------
        root
            The folder of all bundles.
        program
            The feature program: plain data, whose hash a bundle's user has to match.
        origin
            What the caller knows of the data, the same for the same training: ``design``, ``label`` (the
            declaration), ``log_offset``, ``data_licence``, …
        record
            What differs between two equal trainings, such as ``created_at``.
        """
        from sevenfold.learning.bundle import write_bundle

        return write_bundle(
            root,
            model=self.onnx,
            program=program,
            encoding=self.encoding,
            metadata={**origin, **self.metadata()},
            record={**(record or {}), "costs": self.costs.to_json()},
            flat=self.published.content,
            reference=self.reference,
        )


def train(
    features: pl.DataFrame,
    times: TimeInput,
    labels: Labels | LabelInput,
    learning: Learning,
    *,
    entities: pl.DataFrame | None = None,
    as_of: int | None = None,
    stakes: Stakes | None = None,
    passed: FloatVector | None = None,
    progress: Progress = silent,
) -> TrainingResult:
    """Choose a candidate on folds in time and fit it to the newest events whose labels are final.

    Parameters
    ----------
    features, times, labels, learning, entities, stakes, passed, progress
        As for `evaluate_folds`.
    as_of
        The moment of training, epoch milliseconds: nothing that became known later is used. By default the
        newest moment in `times` and `labels`.

    Returns
    -------
    TrainingResult
        The same for the same input and seed, but for what was timed.

    Raises
    ------
    DataError
        The history is too short, a period has no rows or one class, no candidate could be measured, or
        features can't enter a model.
    UsageError
        The inputs differ in length, or an entity is missing.
    BundleError
        The exported model predicts something else than the trained one.
    """
    examples = Examples.of(features, times, labels, learning, entities, as_of, stakes, passed)
    evaluation = evaluate_examples(examples, learning, progress=progress, further_steps=2)
    chosen, steps = evaluation.best, len(evaluation.results) * len(evaluation.results[0].folds) + 2
    progress(steps - 2, steps, f"{chosen.candidate.name} on the newest events")
    start, end = _period(examples, learning)
    rows = examples.known(examples.within(start, end), examples.as_of)
    rows = examples.drawn(examples.let_through(rows), examples.as_of, learning)
    table = examples.table(rows, examples.as_of, learning)
    times_of = examples.labels.times[rows]
    silent_rows = Silent.of(examples, start, examples.as_of, learning, table.encoding)
    fitted = fit_candidate(chosen.candidate, table, times_of, learning, "the newest events", silent_rows)
    progress(steps - 1, steps, "exporting and checking")
    onnx = export(fitted.model, len(table.encoding))
    sample = table.X[:: max(1, len(table) // _CHECKED_ROWS)]
    difference = check_export(fitted.model, onnx, table.encoding, sample)
    progress(steps, steps, "trained")
    return TrainingResult(
        evaluation=evaluation,
        chosen=chosen,
        candidate=fitted.candidate,
        model=fitted.model,
        encoding=table.encoding,
        onnx=onnx,
        onnx_difference=difference,
        published=publish(fitted.model, onnx, table.encoding, sample),
        reference=Reference.of(table, _days(examples)),
        start=start,
        end=end,
        as_of=examples.as_of,
        rows=len(table),
        positives=int(table.y.sum()),
        costs=measure_costs(fitted, onnx, table.encoding, sample),
        notes=(*evaluation.notes, *_empty_features(table)),
    )


def _days(examples: Examples) -> Days:
    """Count the days up to the training: what is usual needs no label, so the newest are there, too."""
    times = examples.labels.times
    seen = times <= examples.as_of
    return Days.of(examples.features.filter(seen), times[seen])


def _period(examples: Examples, learning: Learning) -> tuple[int, int]:
    """Find the newest matured period that is as long as a fold's training."""
    start, end = examples.span
    length = duration_ms(learning.folds.train) if learning.folds.train is not None else None
    return (start if length is None else max(start, end - length), end)


def _empty_features(table: Table) -> list[str]:
    """Name the features that tell nothing: always missing, or always the same."""
    always_missing, constant = [], []
    for name, values in zip(table.encoding.names, table.X.T, strict=True):
        missing = np.isnan(values)
        if missing.all():
            always_missing.append(name)
        elif not missing.any() and (values == values[0]).all():
            constant.append(name)
    said = ((always_missing, "always missing"), (constant, "always the same"))
    return [
        f"Features that are {what} in the training period: {', '.join(names)}."
        for names, what in said
        if names
    ]


def _versions() -> dict[str, str]:
    """Versions of what had a part in the training."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
