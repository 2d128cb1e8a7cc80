"""Leakage: what a model would learn from that no decision can know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.duration import duration_ms
from sevenfold.data.fields import Kind
from sevenfold.design.check.catalogue import finding
from sevenfold.features.aggregate import Aggregate
from sevenfold.features.expression import Expression, FieldOf, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding
    from sevenfold.design.design import Design

__all__ = ["fields_read", "leakage", "separation"]

_LATER = re.compile(
    r"(^|_)(is_fraud|fraud|label|target|outcome|verdict|chargeback|charged_back|dispute|disputed|refunded|"
    r"settled|resolved|closed|status|approved|declined|decision|blocked|reviewed|response_code|churned|"
    r"converted|default|defaulted|paid)(_|$)"
)
"""Words in names of fields that tell what became of an event."""
_GIVES_AWAY = 0.99
_LEAST_POSITIVES = 20
_NEW = 0.9
_MOST_VALUES = 200


def leakage(facts: Facts) -> Iterator[Finding]:
    """Check what features read against what a decision can know."""
    yield from _names(facts.design)
    yield from _identities(facts.design)
    yield from _new_entities(facts)
    yield from _own_label(facts.design)
    yield from _contamination(facts.design)
    yield from _given_away(facts)


def fields_read(design: Design) -> dict[str, set[str]]:
    """For each field of the deciding event, the features that read it: its value, condition or entity."""
    found: dict[str, set[str]] = {}
    for column in design.features:
        for part in _parts(design.features.resolved(column)):
            if part.event.__name__ == design.decides:
                found.setdefault(part.name, set()).add(column)
    return found


def _parts(expression: Expression) -> Iterator[FieldOf]:
    for part in walk(expression):
        if isinstance(part, FieldOf):
            yield part
        elif isinstance(part, Aggregate):
            yield from (key for key in (*part.keys, *part.places) if isinstance(key, FieldOf))


def _names(design: Design) -> Iterator[Finding]:
    event = design.events[design.decides]
    read = fields_read(design)
    for name in event.__fields__:
        if name in (event.__key__, event.__time__) or not _LATER.search(name.lower()):
            continue
        where = f"{design.decides}.{name}"
        if name in read:
            features = sorted(read[name])
            yield finding(
                "SF501",
                where,
                wrong=f"The name {name!r} says what became of the event, and features read it.",
                by=f"{len(features)} features: {', '.join(features[:5])}",
                fix="Make it an event of its own, which is known when it arrives; or accept it with the "
                "reason "
                "why it is known before the decision.",
                arithmetic=["by name (declared: events); with data in the home its values are tested, too"],
            )
        else:
            yield finding(
                "SF502",
                where,
                wrong=f"The name {name!r} says what became of the event: whoever asks can't know it yet.",
                by="no feature reads it, but every caller must send it",
                fix="Take the field out, or make it an event of its own.",
            )


def _aggregates(design: Design) -> Iterator[tuple[str, Aggregate]]:
    for column in design.features:
        for part in walk(design.features.resolved(column)):
            if isinstance(part, Aggregate):
                yield column, part


def _identities(design: Design) -> Iterator[Finding]:
    keys = {(name, event.__key__) for name, event in design.events.items()}
    label = design.label
    if label is not None:
        keys |= {(source.event.__name__, source.key) for source in label.sources}
    found: dict[str, list[str]] = {}
    for column, part in _aggregates(design):
        for key in (*part.keys, *part.places):
            if isinstance(key, FieldOf) and (key.event.__name__, key.name) in keys:
                found.setdefault(f"{key.event.__name__}.{key.name}", []).append(column)
    for where, columns in found.items():
        yield finding(
            "SF504",
            where,
            wrong="It names one event, so that a feature by it remembers that event and no pattern.",
            by=f"{len(columns)} features: {', '.join(sorted(columns)[:5])}",
            fix="Group by an entity that comes again: a card, a customer, a device.",
            arithmetic=["keys of events and of labels (declared: events, label)"],
        )


def _new_entities(facts: Facts) -> Iterator[Finding]:
    design, history = facts.design, facts.history
    if history is None:
        return
    for name, one in design.events[design.decides].__fields__.items():
        if one.kind is not Kind.ENTITY:
            continue
        values = history.decided[name].drop_nulls()
        if values.len() < 100:
            continue
        share = values.n_unique() / values.len()
        if share > _NEW:
            yield finding(
                "SF505",
                f"{design.decides}.{name}",
                wrong="Nearly every event brings a new one, so that counts by it are always one.",
                by=f"{share:.0%} of {values.len():,} are new",
                fix="Declare it as str and leave it out of the features, or find out what it should "
                "have been.",
                arithmetic=[f"{values.n_unique():,} distinct / {values.len():,} (measured: the log)"],
            )


def _own_label(design: Design) -> Iterator[Finding]:
    """Look for reads of the label event with no way for it to be known: on the decided stream itself."""
    label = design.label
    if label is None or label.event is not label.on:
        return
    value = label.value
    reading = [c for c in design.features for p in _parts(design.features.resolved(c)) if p.name == value]
    if reading:
        yield finding(
            "SF506",
            f"{design.decides}.{value}",
            wrong="The label is a field of the event that it is about, and features read it.",
            by=f"{len(reading)} features: {', '.join(reading[:5])}",
            fix="Let the label come as an event of its own, at the time when it is known.",
            arithmetic=["declared: label.value, features"],
        )


def _contamination(design: Design) -> Iterator[Finding]:
    label, learning = design.label, design.learning
    if label is None:
        return
    folds = learning.folds
    if folds.delay is not None and duration_ms(folds.delay) < label.matures_ms and learning.young == "wait":
        yield finding(
            "SF507",
            "learning.folds.delay",
            wrong="The last days before a test have no final labels yet and are left out of training.",
            by=f"delay {folds.delay}, while labels take {label.matures}",
            fix=f'delay="{label.matures}", or young="expected".',
            arithmetic=["declared: learning.folds.delay, label.matures, learning.young"],
        )
    if learning.entity is not None and folds.leave_out_known is None:
        yield finding(
            "SF508",
            "learning.folds.leave_out_known",
            wrong=f"A {learning.entity} that is known as positive from training is met again in the "
            f"test, where "
            "it is easy to find.",
            by="figures are those of a service that goes on meeting known cases, not of new cases alone",
            fix=f'leave_out_known="{learning.entity}" measures new cases alone.',
            arithmetic=["declared: learning.entity, learning.folds"],
        )


def _given_away(facts: Facts) -> Iterator[Finding]:
    design, history = facts.design, facts.history
    if history is None or history.labels is None:
        return
    known = history.labels >= 0
    y = history.labels[known] == 1
    if y.sum() < _LEAST_POSITIVES or (~y).sum() < _LEAST_POSITIVES:
        return
    event = design.events[design.decides]
    for name, one in event.__fields__.items():
        if name in (event.__key__, event.__time__) or one.kind is Kind.ENTITY:
            continue
        column = history.decided[name].filter(pl.Series(known))
        auc = separation(column, y)
        if auc >= _GIVES_AWAY:
            yield finding(
                "SF503",
                f"{design.decides}.{name}",
                wrong="This field alone all but tells the label, which nothing known at a decision does.",
                by=f"area under the ROC curve {auc:.4f} on {len(y):,} events",
                fix="Find out when it is filled in; make it an event of its own, or take it out.",
                arithmetic=[
                    (
                        f"{int(y.sum()):,} positives, {int((~y).sum()):,} negatives (measured: labels in "
                        f"the log)"
                    ),
                    "each value ranked by its share of positives (categories), or as it is (numbers)",
                ],
            )


def separation(column: pl.Series, y: NDArray[np.bool_]) -> float:
    """The area under the ROC curve of one field alone, the better of its two directions.

    Parameters
    ----------
    column
        Values of any type; null counts as a value.
    y
        bool, shape (rows,).

    Returns
    -------
    float
        0.5 to 1; 0.5 for texts with more than 200 values.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        scores = column.cast(pl.Float64).fill_nan(None)
        missing = scores.is_null()
        low = scores.min()
        scores = scores.fill_null((low if isinstance(low, float) else 0.0) - 1.0)
        values = [scores] + ([missing.cast(pl.Float64)] if missing.any() else [])
    else:
        if column.n_unique() > _MOST_VALUES:
            return 0.5
        frame = pl.DataFrame({"value": column.cast(pl.String), "y": pl.Series(y).cast(pl.Float64)})
        values = [frame.select(pl.col("y").mean().over("value"))["y"]]
    return max(max(one, 1 - one) for one in (_auc(value, y) for value in values))


def _auc(scores: pl.Series, y: NDArray[np.bool_]) -> float:
    """Mann and Whitney's U over the number of pairs (Hanley and McNeil, 1982, Radiology 143)."""
    ranks = scores.rank("average").to_numpy()
    positives = int(y.sum())
    u = float(ranks[y].sum()) - positives * (positives + 1) / 2
    return u / (positives * (len(y) - positives))
