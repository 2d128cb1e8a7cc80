"""What the log in a home says of rates, entities, labels and recorded decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.data.fields import Kind
from sevenfold.data.money import DIGITS
from sevenfold.design.check.finding import Number
from sevenfold.design.labels import with_rule_hits
from sevenfold.design.workspace import Workspace
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sevenfold.design.design import Design

__all__ = ["History", "history_of"]

_DAY_MS = 86_400_000
_LEAST_ROWS = 100
_LEAST_LABELS = 10
_UNITS = {code: 10.0**digits for code, digits in DIGITS.items()}


@dataclass(frozen=True, eq=False)
class History:
    """What a log says.

    Parameters
    ----------
    days
        From its first to its last decided event.
    numbers
        ``per_day``, ``positive_rate``, ``amount`` and ``label_delay_days``, as far as they can be told.
    entities
        How many there are, by type; of an entity that is new in nearly every event, too.
    other_events
        A day, by event.
    late_labels
        Share of positives whose label came after they counted as negative.
    decided
        The decided events, physical columns.
    labels
        int8, shape (rows,): 1 positive, 0 negative, -1 not known yet; ``None`` without a label.
    recorded_ms
        float64: what recorded decisions took from arriving to their record, milliseconds.
    """

    days: float
    decided: pl.DataFrame
    numbers: dict[str, Number] = field(default_factory=dict)
    entities: dict[str, Number] = field(default_factory=dict)
    other_events: dict[str, Number] = field(default_factory=dict)
    late_labels: Number | None = None
    labels: NDArray[np.int8] | None = None
    recorded_ms: NDArray[np.float64] | None = None


def history_of(design: Design, root: Path) -> History | None:
    """Read the log of a design's home; ``None`` where it holds too little to tell anything.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder; nothing is made in it where it has no log.
    """
    workspace = Workspace(design, root)
    if not workspace.home.log.exists():
        return None
    try:
        tables = workspace.history()
    except DataError:
        return None
    decided = tables[design.decides]
    if decided.height < _LEAST_ROWS:
        return None
    event = design.events[design.decides]
    times = decided[event.__time__].dt.epoch("ms").to_numpy()
    days = max((int(times.max()) - int(times.min())) / _DAY_MS, 1 / 24)
    source = f"measured: {decided.height:,} {design.decides} events in the log, {days:,.1f} days"
    numbers = {"per_day": Number(decided.height / days, source)}
    amount = _amount(design, decided)
    if amount is not None:
        numbers["amount"] = Number(amount, source)
    labels, late = None, None
    if design.label is not None:
        labels, late = _labels(workspace, tables, times, numbers)
    return History(
        days=days,
        decided=decided,
        numbers=numbers,
        entities=_entities(design, tables),
        other_events={
            name: Number(table.height / days, f"measured: {table.height:,} {name} events in the log")
            for name, table in tables.items()
            if name in design.events and name != design.decides
        },
        late_labels=late,
        labels=labels,
        recorded_ms=_recorded(workspace),
    )


def _amount(design: Design, decided: pl.DataFrame) -> float | None:
    """The mean of what is at stake, major units."""
    fields = design.events[design.decides].__fields__
    named = design.serving.policy.amount
    money = [name for name, one in fields.items() if one.kind is Kind.MONEY]
    name = named if named is not None else (money[0] if money else None)
    if name is None or name not in decided.columns:
        return None
    values = decided[name].cast(pl.Float64)
    one = fields[name]
    if one.kind is Kind.MONEY:
        if one.currency_field is not None and one.currency_field in decided.columns:
            codes = decided[one.currency_field].cast(pl.String)
            values = values / codes.replace_strict(_UNITS, default=_UNITS["EUR"], return_dtype=pl.Float64)
        else:
            values = values / _UNITS[one.currency or "EUR"]
    mean = values.mean()
    return float(mean) if isinstance(mean, float) else None


def _entities(design: Design, tables: dict[str, pl.DataFrame]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for event, table in tables.items():
        if event not in design.events:
            continue
        for name, one in design.events[event].__fields__.items():
            if one.kind is not Kind.ENTITY or not table.height:
                continue
            count = table[name].drop_nulls().n_unique()
            kind = str(one.entity)
            if kind not in found or found[kind].value < count:
                found[kind] = Number(count, f"measured: distinct {event}.{name} in the log")
    return found


def _labels(
    workspace: Workspace,
    tables: dict[str, pl.DataFrame],
    times: NDArray[np.int64],
    numbers: dict[str, Number],
) -> tuple[NDArray[np.int8], Number | None]:
    """Read labels as they are known at the log's end; put what they say among the numbers."""
    label = workspace.label
    events = with_rule_hits(workspace.design, workspace.home, tables)
    known, _ = label.history(tables[workspace.design.decides], events)
    newest = max(known.newest, int(times.max()))
    values = known.at(newest)
    positive, decided = values == 1, values >= 0
    if decided.sum() >= _LEAST_ROWS and positive.any():
        rate = float(positive.sum() / decided.sum())
        source = f"measured: {int(positive.sum()):,} positives of {int(decided.sum()):,} with final labels"
        numbers["positive_rate"] = Number(rate, source)
    late = None
    if positive.sum() >= _LEAST_LABELS:
        delay = (known.known_since(newest)[positive] - times[positive]) / _DAY_MS
        source = f"measured: delays of {len(delay):,} positive labels"
        numbers["label_delay_days"] = Number(float(np.quantile(delay, 0.9)), source)
        late = Number(float((delay > label.matures_ms / _DAY_MS).mean()), source)
    return values.astype(np.int8), late


def _recorded(workspace: Workspace) -> NDArray[np.float64] | None:
    """What the newest recorded decisions took, without the flush to disk, which no record can know."""
    from sevenfold.serving.names import DECISION
    from sevenfold.serving.record import decode_record

    with workspace.home.open_log() as log:
        end = log.end()
        taken = [
            sum(decode_record(entry.body).took_us) / 1000
            for entry in log.read(max(0, end - 20_000))
            if entry.event == DECISION
        ]
    return np.array(taken) if len(taken) >= _LEAST_ROWS else None
