"""Every way in which features can be computed; all of them must agree bit for bit."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sample_events import EVENTS, frames_of, outside

from sevenfold.features.backfill import backfill, make_batch, merged_order
from sevenfold.features.batch import fold_batch
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.planner import compile_plan
from sevenfold.features.snapshot import load_snapshot
from sevenfold.features.state import FeatureState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oracle import Log

    from sevenfold.data.event import EventType
    from sevenfold.features.declaration import FeatureSet
    from sevenfold.features.plan import Plan

__all__ = ["IMPLEMENTATIONS", "Case", "bits", "online"]

Answers = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A design and a log; the question is what the features are at each event ``on``."""

    features: FeatureSet
    log: Log
    on: str = "Payment"
    lateness: int | None = None
    events: Mapping[str, EventType] = field(default_factory=lambda: EVENTS)

    @property
    def plan(self) -> Plan:
        return compile_plan(list(self.events.values()), self.features)

    def engine(self, plan: Plan, state: FeatureState | None = None) -> FeatureEngine:
        return FeatureEngine(plan, self.events, state, lateness=self.lateness)


def bits(answers: Answers) -> list[dict[str, Any]]:
    """Answers with every float as its 64 bits, so that equal means equal."""
    return [
        {name: struct.pack("<d", value) if isinstance(value, float) else value for name, value in one.items()}
        for one in answers
    ]


def _observe(engine: FeatureEngine, case: Case, begin: int = 0, end: int | None = None) -> Answers:
    found = []
    for event, row in case.log[begin:end]:
        answer = engine.observe_physical(event.__name__, tuple(row.values()))
        if event.__name__ == case.on:
            found.append(answer)
    return found


def online(case: Case) -> Answers:
    """One event at a time, from nothing."""
    return _observe(case.engine(case.plan), case)


def _from_table(case: Case, **options: Any) -> Answers:
    frames = frames_of(case.log)
    if case.on not in frames:
        return []
    key = case.events[case.on].__key__
    frame = backfill(case.plan, case.events, frames, case.on, lateness=case.lateness, **options)
    assert frame[key].to_list() == frames[case.on][key].to_list()
    return frame.drop(key).to_dicts()


def in_one_batch(case: Case) -> Answers:
    """The whole table at once."""
    return _from_table(case)


def in_small_batches(case: Case) -> Answers:
    """A few rows at a time, so that nearly every window spans batches."""
    return _from_table(case, batch_rows=3 if len(case.log) < 200 else 97)


def restored(case: Case) -> Answers:
    """An engine that is stopped twice, written to a file and read back."""
    plan = case.plan
    engine, found = case.engine(plan), []
    third = len(case.log) // 3
    with tempfile.TemporaryDirectory() as folder:
        for begin, end in ((0, third), (third, 2 * third), (2 * third, len(case.log))):
            found += _observe(engine, case, begin, end)
            path = Path(folder) / f"{end}.state"
            engine.snapshot(path)
            engine = case.engine(plan, load_snapshot(path, plan))
    return found


def moved(case: Case) -> Answers:
    """Half way, every entity goes to another engine as bytes, one by one."""
    plan = case.plan
    engine, half = case.engine(plan), len(case.log) // 2
    found = _observe(engine, case, 0, half)
    other = case.engine(plan)
    for key in plan.keys:
        for entity in engine.state.slots[key.number]:
            packed = engine.pack(*key.entities, entity=entity)
            assert packed is not None
            other.unpack(packed)
            assert other.pack(*key.entities, entity=entity) is not None
    other.state.newest = engine.state.newest
    return found + _observe(other, case, half)


def asked_before(case: Case) -> Answers:
    """What `read` says about each event just before it is observed, in the words of a user."""
    engine, found = case.engine(case.plan), []
    for event, row in case.log:
        written = outside(event, row)
        if event.__name__ == case.on:
            found += engine.read(event.__name__, [written])
        engine.observe(event.__name__, written)
    return found


def evicting(case: Case) -> Answers:
    """An engine that frees what no window can see again after each event."""
    engine, found = case.engine(case.plan), []
    for event, row in case.log:
        answer = engine.observe_physical(event.__name__, tuple(row.values()))
        engine.evict()
        if event.__name__ == case.on:
            found.append(answer)
    return found


def warmed(case: Case) -> Answers:
    """The first half folded as a table, the rest one by one: how an engine starts from the lake."""
    plan, half = case.plan, len(case.log) // 2
    state = FeatureState(plan)
    frames = frames_of(case.log[:half])
    if frames:
        ordered, _, order = merged_order(case.events, frames, case.on)
        fold_batch(
            state, make_batch(plan, case.events, ordered, None, order, case.lateness, state), None, None, None
        )
    before = sum(event.__name__ == case.on for event, _ in case.log[:half])
    engine = case.engine(plan, state)
    return online(case)[:before] + _observe(engine, case, half)


IMPLEMENTATIONS: dict[str, Callable[[Case], Answers]] = {
    "in one batch": in_one_batch,
    "in small batches": in_small_batches,
    "restored": restored,
    "moved": moved,
    "asked before": asked_before,
    "evicting": evicting,
    "warmed": warmed,
}
"""All but `online`, with which they are compared."""
