"""What watches how good, how fair and how true a design's decisions are, made from its declaration."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.design.home import Home
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, DataError, Fault
from sevenfold.learning.bundle import load_bundle
from sevenfold.learning.days import DAY_MS
from sevenfold.learning.examples import Examples
from sevenfold.monitoring.drift import DriftWatcher
from sevenfold.monitoring.fairness.reweighing import compare_reweighing
from sevenfold.monitoring.fairness.watcher import FairnessWatcher
from sevenfold.monitoring.performance.cohort import Money, NoStakes, Watched
from sevenfold.monitoring.performance.watcher import PerformanceWatcher
from sevenfold.monitoring.skew.watcher import SkewWatcher
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.rules.row import wide_table
from sevenfold.serving.rules.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.days import Days
    from sevenfold.learning.label import Label
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.monitoring.fairness.declaration import Group
    from sevenfold.monitoring.fairness.reweighing import Reweighed
    from sevenfold.monitoring.watcher import Watcher

__all__ = [
    "drift_watcher",
    "fairness_watcher",
    "performance_watcher",
    "quality_watchers",
    "reweighed",
    "skew_watcher",
]


def quality_watchers(design: Design, root: Path) -> list[Watcher]:
    """Make those that the design has something for: labels for performance, groups for fairness."""
    found: list[Watcher] = [drift_watcher(design, root)]
    if design.monitoring.skew_share > 0:
        found.append(skew_watcher(design))
    if design.label is not None:
        found.append(performance_watcher(design, design.label))
        if design.monitoring.fairness.groups:
            found.append(fairness_watcher(design, design.label, root))
    return found


def drift_watcher(design: Design, root: Path) -> DriftWatcher:
    """Make what holds each day against the weeks before, by the days that the deciding model's bundle keeps.

    Of a model whose bundle is gone, or was made before bundles kept days, features are not watched.
    """
    bundles = Home(root, design.name).bundles

    def days_of(model: str) -> Days | None:
        try:
            reference = load_bundle(bundles / model).reference
        except BundleError as error:
            logging.getLogger(__name__).warning("Drift of features is not watched. %s", error)
            return None
        return None if reference is None else reference.days

    matures = None if design.label is None else -(-design.label.matures_ms // DAY_MS)
    return DriftWatcher(days_of, matures)


def skew_watcher(design: Design, share: float | None = None) -> SkewWatcher:
    """Make what compares recorded features with a backfill of the log, on the declared share or another."""
    asked = design.monitoring.skew_share if share is None else share
    return SkewWatcher(design.plan, design.events, design.decides, design.lateness_ms, asked)


def performance_watcher(design: Design, label: Label) -> PerformanceWatcher:
    """Make what follows decisions to their labels."""
    declared = design.monitoring.performance
    return PerformanceWatcher(Watched(label, _stakes(design), declared.segments), declared)


def fairness_watcher(design: Design, label: Label, root: Path) -> FairnessWatcher:
    """Make what compares groups.

    Raises
    ------
    DataError
        A table of groups is there and can't be read.
    """
    declared = design.monitoring.fairness
    folder = Home(root, design.name).groups
    values = {group.name: _values(group, folder) for group in declared.groups}
    return FairnessWatcher(Watched(label, _stakes(design), (), values), declared)


def reweighed(design: Design, root: Path, name: str) -> Reweighed:
    """Train the first candidate twice, as it is and with group and label made independent.

    Parameters
    ----------
    design, root
        The design and the home folder.
    name
        Of the group.
    """
    workspace = Workspace(design, root)
    table = workspace.training_table(workspace.history())
    group = next(group for group in design.monitoring.fairness.groups if group.name == name)
    values = _lookup(group, workspace.home.groups)(table.decided)
    examples = Examples.of(
        table.features,
        table.decided[workspace.label.on.__time__].dt.epoch("ms"),
        table.labels,
        design.learning,
        table.decided.select(design.learning.entities),
        stakes=table.stakes,
        passed=table.passed,
    )
    return compare_reweighing(examples, values, design.learning)


@dataclass(frozen=True, eq=False)
class _DeclaredStakes:
    """What decisions are about, by the costs that the problem declares."""

    sheet: Sheet
    costs: EventCosts
    below: float
    by: tuple[str, ...]

    def __call__(self, decisions: Decisions) -> Money:
        features = pl.DataFrame([self._feature(decisions, name) for name in self.used])
        table = self.costs.table(
            wide_table(self.sheet, self.costs.used, decisions.events, features, None, None)
        )
        asked = np.array([record.by in self.by for record in decisions.records], dtype=bool)
        return Money(table.missed, table.false_alarm, ~asked | (table.amount >= self.below))

    @property
    def used(self) -> list[str]:
        """The features that costs depend on, which are few or none."""
        first = len(self.sheet.event.__fields__)
        return [name for place, name in enumerate(self.sheet.names, first) if place in self.costs.used]

    def _feature(self, decisions: Decisions, name: str) -> pl.Series:
        """A feature as it was recorded; null where another program did not have it."""
        if name in decisions.names:
            return decisions.feature(name)
        return pl.Series(name, [None], dtype=pl.Float64).new_from_index(0, len(decisions))


def _stakes(design: Design) -> Callable[[Decisions], Money]:
    if design.problem is None:
        return NoStakes()
    event = design.events[design.decides]
    sheet = Sheet(event, design.features, design.plan.asking[design.decides].names)
    policy = design.serving.policy
    control = policy.control
    costs = EventCosts(sheet, design.problem, policy.amount)
    if control is None:
        return _DeclaredStakes(sheet, costs, 0.0, ())
    return _DeclaredStakes(sheet, costs, control.below, tuple(control.by))


def _values(group: Group, folder: Path) -> Callable[[Decisions], Sequence[str | None]]:
    of = _lookup(group, folder)
    return lambda decisions: of(decisions.events)


def _lookup(group: Group, folder: Path) -> Callable[[pl.DataFrame], Sequence[str | None]]:
    """Give what says the group of events, from a field or a table."""
    if group.table is None:
        column = group.column
        return lambda events: events[column].cast(pl.String).to_list()
    return _Table(folder / group.table, str(group.key), group.column)


class _Table:
    """Looks values up in a file, read again whenever it has changed; without it nothing is known."""

    def __init__(self, path: Path, key: str, value: str) -> None:
        self._path, self._key, self._value = path, key, value
        self._read = (0, 0)
        self._known = pl.DataFrame(schema={"key": pl.String, "value": pl.String})
        self._refresh()

    def __call__(self, events: pl.DataFrame) -> list[str | None]:
        self._refresh()
        asked = events.select(key=pl.col(self._key).cast(pl.String))
        return asked.join(self._known, on="key", how="left", maintain_order="left")["value"].to_list()

    def _refresh(self) -> None:
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return
        if (about.st_mtime_ns, about.st_size) == self._read:
            return
        reader = pl.read_parquet if self._path.suffix == ".parquet" else pl.read_csv
        try:
            table = reader(self._path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"The groups in {self._path} can't be read: {error}") from error
        faults = [
            Fault(f"{self._path.name}.{name}", "a column", "none", f"There are: {', '.join(table.columns)}")
            for name in dict.fromkeys((self._key, self._value))
            if name not in table.columns
        ]
        if faults:
            raise DataError("The groups can't be looked up", faults)
        known = table.select(key=pl.col(self._key).cast(pl.String), value=pl.col(self._value).cast(pl.String))
        self._known = known.drop_nulls("key").unique("key", keep="last", maintain_order=True)
        self._read = (about.st_mtime_ns, about.st_size)
