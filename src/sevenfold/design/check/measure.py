"""What a decision costs on this machine, measured with made-up events of the design's own types."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.fields import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sevenfold.data.event import EventType
    from sevenfold.data.fields import Field
    from sevenfold.design.design import Design

__all__ = ["Stages", "made_up", "measure_stages"]

_WARM = 100
_MEASURED = 400
_BEGIN_MS = 1_767_225_600_000  # 2026-01-01
_EVERY_MS = 1_000
_ENTITIES = 200


@dataclass(frozen=True)
class Stages:
    """What a decision costs.

    Parameters
    ----------
    mean_us
        Microseconds by stage, the mean of a decision; ``flush`` is the wait for the disk.
    p99_ms, busy_ms
        Milliseconds of a decision asked for alone: the 99th percentile, and the mean.
    bytes_per_decision
        What the log grows by.
    source
        How it was measured.
    """

    mean_us: Mapping[str, float]
    p99_ms: float
    busy_ms: float
    bytes_per_decision: float
    source: str


def measure_stages(
    design: Design,
    root: Path,
    tell: Callable[[int, int], None] | None = None,
    *,
    decisions: int = _MEASURED,
) -> Stages:
    """Decide made-up events, one at a time, durable, in a folder that is thrown away.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder; the model in it is measured too, where there is one.
    tell
        Told how many of how many decisions are done.
    decisions
        How many are measured, beside those that warm up.
    """
    from sevenfold.design.home import Home
    from sevenfold.design.serving import open_service

    event = design.events[design.decides]
    with tempfile.TemporaryDirectory(prefix="sevenfold-check-") as folder:
        here = Home(Path(folder), design.name)
        bundles = Home(root, design.name).bundles
        if bundles.is_dir():
            shutil.copytree(bundles, here.bundles)
        source = design.source
        design.source = None  # no other process is to take snapshots of this
        service = open_service(design, Path(folder))
        try:
            rows = made_up(event, _WARM + decisions)
            for row in list(_first(rows, _WARM)):
                service.decide(row)
            before, size, taken = dict(service.stats().seconds), _size(here), []
            for done, row in enumerate(rows):
                begun = time.perf_counter()
                service.decide(row)
                taken.append(1000 * (time.perf_counter() - begun))
                if tell is not None:
                    tell(done + 1, decisions)
            spent = service.stats().seconds
            model = service.model is not None
            grown = _size(here) - size
        finally:
            service.close_now()
            design.source = source
    return Stages(
        mean_us={name: 1e6 * (spent[name] - before.get(name, 0.0)) / decisions for name in spent},
        p99_ms=float(np.quantile(taken, 0.99)),
        busy_ms=float(np.mean(taken)),
        bytes_per_decision=max(grown, 0) / decisions,
        source=f"measured: {decisions:,} made-up decisions on this machine, {'a' if model else 'no'} model",
    )


def made_up(event: EventType, count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield events of a type, one second apart, with few entities and amounts of all sizes."""
    random = np.random.default_rng(seed)
    for number in range(count):
        yield {
            name: _value(event, field, number, random)
            for name, field in event.__fields__.items()
            if field.required or field.kind is Kind.ENTITY
        }


def _value(event: EventType, field: Field, number: int, random: np.random.Generator) -> object:
    if field.name == event.__key__:
        return number if field.kind is Kind.INTEGER else f"made-up-{number}"
    if field.kind is Kind.TIMESTAMP:
        return _BEGIN_MS + number * _EVERY_MS
    if field.kind is Kind.ENTITY:
        return f"{field.entity}-{random.integers(_ENTITIES)}"
    if field.kind is Kind.MONEY:
        return f"{random.lognormal(3.5, 1.0):.0f}"
    if field.kind is Kind.BOOLEAN:
        return bool(random.integers(2))
    if field.kind is Kind.INTEGER:
        return int(random.integers(100))
    if field.kind is Kind.FLOAT:
        return float(random.normal())
    return "EUR" if field.name == "currency" else f"value-{random.integers(10)}"


def _first(rows: Iterator[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for _, row in zip(range(count), rows, strict=False):
        yield row


def _size(home: Any) -> int:
    return sum(file.stat().st_size for file in home.folder.glob(home.log.name + "*"))
