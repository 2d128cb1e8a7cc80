"""What must hold of a training set before anything is learned from it: enough, whole, of the known shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.errors import Fault
from sevenfold.learning.knowledge import UNKNOWN

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.feedback.retraining.declaration import Retraining
    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.knowledge import Labels

__all__ = ["failed_checks"]

_DAY_MS = 86_400_000
_NEWEST_DAYS = 7
_USUAL_DAYS = 28


def failed_checks(
    retraining: Retraining, features: pl.DataFrame, labels: Labels, as_of: int, champion: Bundle | None
) -> list[Fault]:
    """Tell everything that speaks against learning from a training set.

    Parameters
    ----------
    retraining
        What was declared.
    features, labels
        The training set, one row a decided event.
    as_of
        The moment of training, epoch milliseconds.
    champion
        What it is compared with; `None` where there is none.

    Returns
    -------
    list of Fault
        Those of label volume begin with ``labels``, of data quality with ``data``, of the schema with
        ``schema``.
    """
    return [
        *_too_few(retraining, labels, as_of),
        *_thin_days(retraining, labels, as_of),
        *_emptied(retraining, features, labels, champion),
    ]


def _too_few(retraining: Retraining, labels: Labels, as_of: int) -> list[Fault]:
    known = np.where(labels.matured(as_of), labels.at(as_of), UNKNOWN)
    rows, positives = int((known != UNKNOWN).sum()), int((known == 1).sum())
    found = []
    if rows < retraining.rows:
        found.append(Fault("labels", f"{retraining.rows:,} events with a final label", f"{rows:,}"))
    if positives < retraining.positives:
        found.append(Fault("labels.positive", f"{retraining.positives:,} of them positive", f"{positives:,}"))
    return found


def _thin_days(retraining: Retraining, labels: Labels, as_of: int) -> list[Fault]:
    """Days of the newest week with far fewer events than the median day before."""
    times = labels.times
    if not len(times):
        return []
    newest = min(as_of, int(times.max()))
    age = (newest - times) // _DAY_MS
    counts = np.bincount(age[(age >= 0) & (age < _NEWEST_DAYS + _USUAL_DAYS)], minlength=_NEWEST_DAYS)
    usual = counts[_NEWEST_DAYS:]
    if not len(usual):
        return []
    least = retraining.volume * float(np.median(usual))
    return [
        Fault("data.volume", f"{least:,.0f} events a day at least", f"{count:,} {day} days before the end")
        for day, count in enumerate(counts[:_NEWEST_DAYS].tolist())
        if count < least
    ]


def _emptied(
    retraining: Retraining, features: pl.DataFrame, labels: Labels, champion: Bundle | None
) -> list[Fault]:
    """Features that the champion had values of, and that have become missing in the newest week."""
    if champion is None or champion.reference is None or not features.height:
        return []
    newest = features.filter(labels.times >= labels.times.max() - _NEWEST_DAYS * _DAY_MS)
    found = []
    for name, spread in champion.reference.spreads.items():
        if name not in features.columns:
            continue  # the design has dropped it, and says so
        column = newest[name]
        empty = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
        missing = int(empty.sum()) / max(len(empty), 1)
        if missing == 1.0 and spread.missing < 1.0:
            got = "none in the newest week"
            found.append(Fault(f"schema.{name}", f"values in {1 - spread.missing:.0%} of events", got))
        elif missing > spread.missing + retraining.missing:
            most = min(spread.missing + retraining.missing, 1.0)
            found.append(Fault(f"data.{name}", f"missing in {most:.0%} of events at most", f"{missing:.0%}"))
    return found
