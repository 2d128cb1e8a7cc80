"""Fitting one candidate to one table: the validation period, calibration and the final fit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sevenfold.errors import DataError, Fault
from sevenfold.learning.calibration import CalibratedModel, calibrator

if TYPE_CHECKING:
    from sevenfold.learning.candidate import Candidate, Model, Table
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.silent import Silent

__all__ = ["Fitted", "check_table", "fit_candidate"]

_ROUNDS = 2
"""How often silent rows are guessed at."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted candidate.

    Parameters
    ----------
    candidate
        The declaration, with what the validation period decided filled in.
    model
        The model.
    seconds
        How long fitting took, with validation and calibration.
    """

    candidate: Candidate
    model: Model
    seconds: float


def check_table(table: Table, where: str) -> None:
    """Refuse rows that nothing can be learned from.

    Parameters
    ----------
    table
        The training rows.
    where
        What they are, for the error: a fold, or a period.

    Raises
    ------
    DataError
        There are no rows, or they are of one class.
    """
    positives = int(table.y.sum())
    if not len(table):
        raise DataError(
            "There is nothing to learn from.",
            [
                Fault(
                    where,
                    "rows whose labels are known",
                    "none",
                    "Wait for labels to mature, or train longer.",
                )
            ],
        )
    if positives in (0, len(table)):
        got = "no positive" if positives == 0 else "only positives"
        raise DataError(
            "A model needs both classes to learn from.",
            [Fault(where, "positives and negatives", f"{got} among {len(table):,} rows")],
        )


def fit_candidate(
    candidate: Candidate,
    table: Table,
    times: npt.NDArray[np.int64],
    learning: Learning,
    where: str,
    silent: Silent | None = None,
) -> Fitted:
    """Fit a candidate to all rows of a table, with a held-out newest period where it needs one.

    A first fit learns from the older rows and lets the newest ones choose (the number of trees, the
    calibration); a second fit learns from all rows with what was chosen.

    Parameters
    ----------
    candidate
        The method.
    table, times
        The training rows, and when each happened: int64 epoch milliseconds.
    learning
        The declaration that it stands in.
    where
        What the rows are, for errors.
    silent
        What is known of events without a final label: after all else is settled, a last fit learns from them,
        too.

    Raises
    ------
    DataError
        There are no rows, only one class, or too few positives to hold some out.
    """
    check_table(table, where)
    begun = time.perf_counter()
    seed, threads = learning.seed, learning.threads
    if not candidate.wants_validation and learning.calibration is None:
        model = _last_fit(candidate, table, learning, silent)
        return Fitted(candidate, model, time.perf_counter() - begun)
    older, newest = _held_out(table, times, learning.validation, where)
    first = candidate.fit(older, newest, seed=seed, threads=threads)
    settled = candidate.settled(first)
    model = _last_fit(settled, table, learning, silent)
    if learning.calibration is not None:
        model = CalibratedModel(model, calibrator(learning.calibration, newest.y, first.predict(newest.X)))
    return Fitted(settled, model, time.perf_counter() - begun)


def _last_fit(candidate: Candidate, table: Table, learning: Learning, silent: Silent | None) -> Model:
    """Fit to all rows; where some are silent, what the model before says of them tells how they count.

    That is expectation and maximisation in turn. Twice is enough: the first model may know nothing of what is
    new in the silent rows, the second one does.
    """
    seed, threads = learning.seed, learning.threads
    model = candidate.fit(table, seed=seed, threads=threads)
    if silent is None:
        return model
    for _ in range(_ROUNDS if silent.guess else 1):
        young = model.predict(silent.young.X) if len(silent.young) else np.empty(0)
        joined = silent.joined(table, model.predict(table.X), young)
        model = candidate.fit(joined, seed=seed, threads=threads)
    return model


def _held_out(table: Table, times: npt.NDArray[np.int64], share: float, where: str) -> tuple[Table, Table]:
    """Part a table in time, so that the newest `share` of its positives lies in the second part."""
    ordered = np.sort(times[table.y == 1])
    cut = ordered[min(round(len(ordered) * (1.0 - share)), len(ordered) - 1)]
    late = times >= cut
    older, newest = table.take(~late), table.take(late)
    for part in (older, newest):
        positives = int(part.y.sum())
        if positives in (0, len(part)):
            raise DataError(
                "There is too little to hold out a validation period.",
                [
                    Fault(
                        where,
                        "positives and negatives in both its older and its newest rows",
                        f"{int(table.y.sum())} positives among {len(table):,} rows",
                        "Train longer, or do without: early_stopping=None and calibration=None.",
                    )
                ],
            )
    return older, newest
