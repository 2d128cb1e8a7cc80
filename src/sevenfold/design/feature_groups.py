"""Features by what they are about, read from their expressions: a card, a device, what others reported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sevenfold.design.design import Design
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.declaration import FeatureSet
from sevenfold.features.expression import FieldOf, walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sevenfold.features.expression import Expression

__all__ = ["EVENT_ITSELF", "backfill_ns", "feature_groups", "with_features"]

EVENT_ITSELF = "the event itself"
"""The group of the features that look at nothing else."""


def feature_groups(design: Design) -> dict[str, list[str]]:
    """Part a design's features by what they look at.

    A feature that reads another stream than the decided one is of that stream; one over the past of an
    entity, of that entity, or of the pair; the rest are the event itself.

    Returns
    -------
    dict of list of str
        The names of the columns by group, both in the order of declaration.
    """
    found: dict[str, list[str]] = {}
    for name in design.plan.asking[design.decides].names:
        group = _group(design.features.resolved(name), design.decides)
        found.setdefault(group, []).append(name)
    return found


def with_features(design: Design, names: Sequence[str]) -> Design:
    """Give the same design with some of its features alone."""
    chosen = {name: design.features.resolved(name) for name in names}
    return Design(
        name=design.name,
        events=list(design.events.values()),
        features=FeatureSet(chosen, {name: design.features.types[name] for name in names}),
        label=design.label,
    )


def backfill_ns(design: Design, tables: Mapping[str, pl.DataFrame], names: Sequence[str]) -> float:
    """Measure what some features cost: nanoseconds of processor time an event, the better of two runs.

    Parameters
    ----------
    tables
        Physical tables by event.
    names
        The features.
    """
    part = with_features(design, names)
    rows = sum(table.height for table in tables.values())
    taken = []
    for _ in range(2):
        begun = time.process_time()
        part.backfill(tables, physical=True)
        taken.append(time.process_time() - begun)
    return min(taken) / max(rows, 1) * 1e9


def _group(expression: Expression, decides: str) -> str:
    aggregates = [part for part in walk(expression) if isinstance(part, Aggregate)]
    others = sorted({part.stream.__name__ for part in aggregates} - {decides})
    if others:
        return " and ".join(others)
    keys = [tuple(key.name for key in part.keys if isinstance(key, FieldOf)) for part in aggregates]
    widest = max(keys, key=len, default=())
    return " and ".join(widest) or EVENT_ITSELF
