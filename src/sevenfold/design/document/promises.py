"""What was promised beside what was measured, with a verdict where both are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sevenfold.design.document.block import Cell
    from sevenfold.design.document.sources import Format, Sources

__all__ = ["promises"]


class _Promise(NamedTuple):
    title: str
    promised: str
    measured: tuple[str, ...]
    format: Format
    at_most: bool


_PROMISES = (
    _Promise(
        "slowest in a hundred, asked for alone here",
        "design:problem/service_levels/latency_p99_ms",
        ("check:alone_p99_ms",),
        "ms",
        at_most=True,
    ),
    _Promise(
        "slowest in a hundred, recorded, before the disk",
        "design:problem/service_levels/latency_p99_ms",
        ("log:decisions/p99_ms",),
        "ms",
        at_most=True,
    ),
    _Promise(
        "decisions a second",
        "design:problem/service_levels/decisions_per_second",
        ("check:decisions_per_second",),
        "int",
        at_most=False,
    ),
    _Promise(
        "decisions without a model",
        "design:monitoring/fallback_share",
        ("log:decisions/fallback_share",),
        "share",
        at_most=True,
    ),
    _Promise(
        "reviews on the busiest day",
        "design:serving/policy/review_capacity_per_day",
        ("log:decisions/most_reviews_a_day",),
        "int",
        at_most=True,
    ),
    _Promise("memory", "design:scale/memory_gb", ("check:state_gb",), "gb", at_most=True),
    _Promise(
        "cost in a month", "design:problem/budget_per_month", ("check:month/total",), "int", at_most=True
    ),
    _Promise(
        "days until nine of ten labels",
        "design:label/matures_days",
        ("check:numbers/label_delay_days/value",),
        "days",
        at_most=True,
    ),
)
_ALERTED = (
    ("drift", ("drift", "category", "share")),
    ("accuracy", ("performance", "concept", "label_rate")),
    ("fairness", ("fairness",)),
    ("training and serving alike", ("skew",)),
)


def promises(sources: Sources) -> list[list[Cell]]:
    """Give a row for each promise: what it is about, promised, measured, and the verdict."""
    rows: list[list[Cell]] = []
    for one in _PROMISES:
        promised = sources.figure(one.promised, one.format)
        measured = next((m for a in one.measured if (m := sources.figure(a, one.format)) is not None), None)
        if promised is None:
            continue
        if measured is None:
            rows.append([one.title, promised, "not measured yet", ""])
            continue
        limit, value = sources.get(promised.source), sources.get(measured.source)
        kept = value <= limit if one.at_most else value >= limit
        verdict = "kept" if kept else "broken"
        rows.append([one.title, promised, replace(measured, verdict=verdict), verdict])
    alerts = sources.get("log:alerts/kinds")
    for title, kinds in _ALERTED:
        if alerts is None:
            rows.append([title, "no alert", "not watched yet", ""])
            continue
        firing = next((kind for kind in kinds if kind in alerts), None)
        if firing is None:
            rows.append([title, "no alert", "no alert", "kept"])
        else:
            found = sources.figure(f"log:alerts/kinds/{firing}", "int", "broken")
            rows.append([title, "no alert", found or "", "broken"])
    return rows
