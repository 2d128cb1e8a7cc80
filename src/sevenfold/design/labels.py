"""The labels of a design from wherever they come: its own events, verdicts and tags, rules that were true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.lake import ARRIVED
from sevenfold.feedback.review.events import RuleHit
from sevenfold.serving.names import DECISION
from sevenfold.serving.record import decode_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.data.event import EventType
    from sevenfold.design.design import Design
    from sevenfold.design.home import Home
    from sevenfold.design.workspace import Workspace
    from sevenfold.learning.label import Label

__all__ = ["conflicting_labels", "label_events", "rule_hits", "with_rule_hits"]

_HITS = {
    "event_id": pl.String(),
    "rule": pl.String(),
    "hit_at": pl.Datetime("ms", "UTC"),
    ARRIVED: pl.Int64(),
}


def label_events(design: Design) -> list[EventType]:
    """Events of the log that bring labels and are none of the design's own: verdicts and tags."""
    if design.label is None:
        return []
    brought = dict.fromkeys(source.event for source in design.label.sources)
    return [event for event in brought if event is not RuleHit and event.__name__ not in design.events]


def conflicting_labels(workspace: Workspace) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Show whose labels contradict each other, see `Label.conflicts`; and what is odd about labels.

    Raises
    ------
    UsageError
        The design declares no label.
    DataError
        The log holds no event that is decided.
    """
    tables = workspace.history()
    decided = tables[workspace.design.decides]
    events = with_rule_hits(workspace.design, workspace.home, tables)
    _, quality = workspace.label.history(decided, events)
    return workspace.label.conflicts(decided, events), quality.notes()


def with_rule_hits(
    design: Design, home: Home, tables: Mapping[str, pl.DataFrame]
) -> Mapping[str, pl.DataFrame]:
    """Tables of label events, with the hits of rules that count as weak labels, where there are such."""
    asked = _asked(design.label)
    if not asked or not home.log.exists():
        return tables
    return {**tables, RuleHit.__name__: rule_hits(home, asked)}


def rule_hits(home: Home, rules: frozenset[str]) -> pl.DataFrame:
    """Tell which decided events some rules were true of, live or in shadow, from the decision records.

    Returns
    -------
    DataFrame
        ``event_id``, ``rule``, ``hit_at`` and since when it is known: the moment of the decision.
    """
    found: list[tuple[str, str, int, int]] = []
    with home.open_log() as log:
        for entry in log.entries_of(DECISION):
            record = decode_record(entry.body)
            found += [
                (entry.key, rule, entry.time_ms, entry.arrived_ms)
                for rule in (*record.rules, *record.shadow_rules)
                if rule in rules
            ]
    return pl.DataFrame(found, schema=_HITS, orient="row")


def _asked(label: Label | None) -> frozenset[str]:
    sources = () if label is None else label.sources
    return frozenset(s.where[1] for s in sources if s.event is RuleHit and s.where is not None)
