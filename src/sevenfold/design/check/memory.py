"""Memory and disk: the state of the features, entities that stay for ever, the log and its retention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.duration import duration_ms
from sevenfold.design.check.catalogue import finding
from sevenfold.features.kernel import layout as w

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding

__all__ = ["StateSize", "log_gb_per_day", "memory", "state_size"]

_DAY_MS = 86_400_000
_GB = 1e9
_NAME_BYTES = 130
"""Of an entity's name and its place in the tables: Python's string and dictionary entry, and two words."""
_GROWTH = 1.5
"""Capacity of a segment over its rows: segments double, so that they are three quarters full on average."""
_ROOM = 0.7
_EVENT_BYTES = 350
"""An entry of the log that is no decision, its index included."""


@dataclass(frozen=True)
class StateSize:
    """How large the state of the features becomes.

    Parameters
    ----------
    bytes
        In all.
    lines
        The arithmetic, a line for each key.
    forever
        Keys of which no entity is ever forgotten.
    unknown
        Entity types whose number nobody knows; they are left out.
    """

    bytes: float
    lines: tuple[str, ...]
    forever: tuple[str, ...]
    unknown: tuple[str, ...]


def state_size(facts: Facts) -> StateSize | None:
    """Compute the size of the state from entities, rates and windows; ``None`` without a rate."""
    if facts.per_day is None:
        return None
    plan, spec = facts.design.plan, facts.design.plan.specification
    rates = {facts.design.decides: facts.per_day.value} | {n: r.value for n, r in facts.other_events.items()}
    table = int(spec[w.SERIES])
    blocks = [int(spec[table + number]) for number in range(plan.series)]
    total, lines, forever, unknown = 0.0, [], [], []
    for key in plan.keys:
        name = " × ".join(key.entities)
        own = [block for block in blocks if int(spec[block + w.KEY]) == key.number]
        folding = [
            event
            for event, stream in plan.streams.items()
            if any(item.key == key.number and item.source >= 0 for item in stream.items)
        ]
        rate = max((rates.get(event, 0.0) for event in folding), default=0.0)
        entities = _entities(facts, key.entities, rate, plan.finite[key.number])
        if entities is None:
            unknown.append(name)
            continue
        if plan.finite[key.number] is None:
            forever.append(name)
        header = sum(8 * int(spec[block + w.HEADER]) for block in own) + _NAME_BYTES
        rows = 0.0
        for block in own:
            kept_days = max(int(spec[block + w.RETENTION]), 0) / _DAY_MS
            width = 8 * int(spec[block + w.ROW] + spec[block + w.EXTRA])
            live = min(rate * min(kept_days, 3650), entities * 10_000) + entities * (
                1 + int(spec[block + w.KEEP])
            )
            rows += _GROWTH * width * live
        total += entities * header + rows
        lines.append(
            f"{name}: {entities:,.0f} entities × {header:,} bytes + rows of {rate:,.0f} events a day "
            f"= {(entities * header + rows) / _GB:,.3f} GB"
        )
    return StateSize(total, tuple(lines), tuple(forever), tuple(unknown))


def _entities(facts: Facts, kinds: tuple[str, ...], rate: float, finite: int | None) -> float | None:
    """Entities of a key: as many as there are; of pairs at most one an event while they are kept."""
    counts = [facts.entities.get(kind) for kind in kinds]
    if any(count is None for count in counts):
        return None
    product = 1.0
    for count in counts:
        product *= count.value if count is not None else 1.0
    if len(kinds) == 1:
        return product
    days = 365.0 if finite is None else finite / _DAY_MS
    return min(product, rate * days)


def log_gb_per_day(facts: Facts) -> tuple[float, list[str]] | None:
    """What the log grows by in a day, and the arithmetic."""
    if facts.per_day is None:
        return None
    per = _EVENT_BYTES + 900.0 if facts.stages is None else facts.stages.bytes_per_decision
    source = "assumed: 900 bytes a record" if facts.stages is None else facts.stages.source
    others = sum(rate.value for rate in facts.other_events.values())
    day = facts.per_day.value * per + others * _EVENT_BYTES
    lines = [
        (
            f"decisions = {facts.per_day.value:,.0f} a day ({facts.per_day.source}) × {per:,.0f} bytes "
            f"({source})"
        ),
        f"other events = {others:,.0f} a day × {_EVENT_BYTES} bytes (assumed)",
        f"the log = {day / _GB:,.3f} GB a day; the lake adds about a tenth",
    ]
    return 1.1 * day / _GB, lines


def memory(facts: Facts) -> Iterator[Finding]:
    """Check what state, log and lake take up."""
    scale = facts.design.scale
    size = state_size(facts)
    if size is not None:
        room = _ROOM * scale.memory_gb * _GB
        if size.bytes > room:
            yield finding(
                "SF201",
                "scale.memory_gb",
                wrong="The windows that the features keep do not fit into the machine's memory.",
                by=f"{size.bytes / _GB:,.1f} GB of state against {room / _GB:,.1f} GB",
                fix=f"scale.memory_gb={size.bytes / _ROOM / _GB:,.0f}, shorter windows, or fewer "
                f"entities a pair.",
                arithmetic=[
                    *size.lines,
                    f"room = {_ROOM} × {scale.memory_gb:g} GB (declared: scale.memory_gb)",
                ],
            )
        if size.forever:
            yield finding(
                "SF202",
                "features",
                wrong=f"The state of {', '.join(size.forever)} is kept for ever: features over all of time "
                "or since a first event never let go of an entity.",
                by="every new entity stays; memory grows with all that were ever seen",
                fix='Use a window such as over("365d"), or accept it with their number in a year.',
                arithmetic=[line for line in size.lines if line.partition(":")[0] in size.forever],
            )
    yield from _disk(facts)
    yield from _dropped(facts)


def _disk(facts: Facts) -> Iterator[Finding]:
    growth, scale, trust = log_gb_per_day(facts), facts.design.scale, facts.design.trust
    if trust.retention_days is None:
        by = "without end" if growth is None else f"the disk is full in {scale.disk_gb / growth[0]:,.0f} days"
        yield finding(
            "SF204",
            "trust.retention",
            wrong="Nobody has said how long events are kept.",
            by=by,
            fix='sf.Trust(retention="…"): as long as windows, labels and training need, and not longer.',
            arithmetic=[] if growth is None else growth[1],
        )
        return
    if growth is None:
        return
    needed = growth[0] * trust.retention_days
    if needed > scale.disk_gb:
        yield finding(
            "SF203",
            "scale.disk_gb",
            wrong="Log and lake are larger than the disk before their first events may be dropped.",
            by=f"{needed:,.0f} GB against {scale.disk_gb:g} GB",
            fix=f"scale.disk_gb={1.3 * needed:,.0f}, or keep events for "
            f"{scale.disk_gb / 1.3 / growth[0]:,.0f} days.",
            arithmetic=[
                *growth[1],
                f"{growth[0]:,.3f} GB × {trust.retention_days:g} days = {needed:,.1f} GB",
            ],
        )


def _dropped(facts: Facts) -> Iterator[Finding]:
    design, kept = facts.design, facts.design.trust.retention_days
    if kept is None:
        return
    finite = [length for length in design.plan.finite if length is not None]
    windows = max(finite, default=0) / _DAY_MS
    matures = 0.0 if design.label is None else design.label.matures_ms / _DAY_MS
    folds = design.learning.folds
    train = 0.0 if folds.train is None else duration_ms(folds.train) / _DAY_MS
    test = folds.folds * duration_ms(folds.test) / _DAY_MS if design.label is not None else 0.0
    needed = windows + matures + train + test
    if kept < needed:
        yield finding(
            "SF205",
            "trust.retention",
            wrong="Events are dropped while windows, labels or training still need them.",
            by=f"kept for {kept:g} days, needed for {needed:,.0f}",
            fix=f'sf.Trust(retention="{needed:.0f}d"), or shorter windows and periods.',
            arithmetic=[
                (
                    f"longest state {windows:g} days + label {matures:g} + training {train:g} + tests "
                    f"{test:g} "
                    f"= {needed:g} days (declared: features, label.matures, learning.folds)"
                ),
            ],
        )
