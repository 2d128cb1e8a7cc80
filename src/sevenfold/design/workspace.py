"""A design at work in its home: what the commands do, without the terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sevenfold.data.durable import replacing
from sevenfold.data.ingest import ingest
from sevenfold.data.inspection import Inspection
from sevenfold.data.lake import Lake
from sevenfold.data.profile_store import ProfileStore
from sevenfold.design.backtesting import save_test_scores
from sevenfold.design.home import Home
from sevenfold.design.labels import label_events, with_rule_hits
from sevenfold.design.passing import chances_of, passing_notes, without_silence
from sevenfold.design.policing import learned_policy
from sevenfold.design.stakes import stakes_of
from sevenfold.errors import DataError, Fault, UsageError
from sevenfold.learning.bundle import Bundle, load_bundle, schema_hash
from sevenfold.learning.declaration import silent
from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.train import train
from sevenfold.serving.names import MODEL_CHANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from sevenfold.data.ingest import IngestReport, Progress
    from sevenfold.design.design import Design
    from sevenfold.learning.declaration import Progress as LearningProgress
    from sevenfold.learning.knowledge import Labels
    from sevenfold.learning.label import Label
    from sevenfold.learning.labelling import LabelQuality
    from sevenfold.learning.results import Evaluation
    from sevenfold.learning.stakes import Stakes
    from sevenfold.learning.train import TrainingResult

__all__ = ["TrainingTable", "Workspace"]


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """What a model learns from: one row a decided event, in log order.

    Parameters
    ----------
    features
        One column a feature.
    decided
        The decided events themselves, physical columns.
    labels
        What was known of each, and since when.
    quality
        What was odd about the label events.
    stakes
        What mistakes cost, where the design states its problem.
    passed
        The chance with which each event was let through, as decisions in the log tell; ``None``: all were.
    tables
        What it was made of.
    """

    features: pl.DataFrame
    decided: pl.DataFrame
    labels: Labels
    quality: LabelQuality
    stakes: Stakes | None = None
    passed: NDArray[np.float64] | None = None
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the labels, in sentences."""
        return (*self.quality.notes(), *passing_notes(self.passed))


class Workspace:
    """A design and its state on disk.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    """

    def __init__(self, design: Design, root: Path) -> None:
        self.design = design
        self.home = Home(root, design.name)

    @property
    def label(self) -> Label:
        """The design's label.

        Raises
        ------
        UsageError
            It declares none.
        """
        if self.design.label is None:
            hint = "Declare which event marks which: label=sf.Label(event=…, on=…, key=…, matures=…)."
            raise UsageError(
                f"The design {self.design.name} can't be trained.", [Fault("label", "a label", "none", hint)]
            )
        return self.design.label

    def ingest(
        self,
        source: Path | str | Mapping[str, Path | str],
        rejects: Path,
        *,
        event: str | None = None,
        mapping: Mapping[str, str] | None = None,
        simulated_by: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Bring files of events into the log.

        Parameters
        ----------
        source, event, mapping, progress
            See `sevenfold.data.ingest.ingest`.
        rejects
            The file for what is refused.
        simulated_by
            The simulated world that this is: a log with nothing else in it may be thrown away.
        """
        with self.home.open_log() as log:
            if simulated_by is None:
                self.home.simulated.unlink(missing_ok=True)
            else:
                self.note_simulated(simulated_by, None)
            report = ingest(
                self.design.events,
                source,
                log,
                rejects_path=rejects,
                event=event,
                mapping=mapping,
                inspection=self.inspection(),
                progress=progress,
            )
            if simulated_by is not None:
                self.note_simulated(simulated_by, log.end())
        return report

    def inspection(self, *, now_ms: int | None = None) -> Inspection:
        """Begin to look at files, with what earlier ingests were like at hand."""
        return Inspection(self.design.expectations, ProfileStore(self.home.profiles), now_ms=now_ms)

    def note_simulated(self, world: str, end: int | None) -> None:
        """Note that the log holds only a simulated world, up to an end; ``None`` while it is filled."""
        with replacing(self.home.simulated) as unfinished:
            unfinished.write_text(json.dumps({"world": world, "end": end}) + "\n")

    def simulated(self) -> dict[str, Any]:
        """Give what was noted last; nothing where the log holds events of others, or none."""
        try:
            noted = json.loads(self.home.simulated.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}

    def history(self, progress: Callable[[int, int], None] | None = None) -> dict[str, pl.DataFrame]:
        """Give all events of the log as tables, with their offsets; the lake is brought up to date first.

        Raises
        ------
        DataError
            The log holds no event that is decided.
        """
        lake = self.lake()
        if self.home.log.exists():  # asking for events doesn't make a log
            with self.home.open_log() as log:
                lake.update(log, progress=progress)
        tables = {name: lake.table(name) for name in lake.events}
        if not tables[self.design.decides].height:
            hint = f"Bring some in: sevenfold ingest {self.design.name} FOLDER"
            got = f"none, in {self.home.log}"
            fault = Fault(self.design.decides, "events in the log", got, hint)
            raise DataError("There are no events.", [fault])
        return tables

    def lake(self) -> Lake:
        """Open the lake."""
        return Lake(self.home.lake, [*self.design.events.values(), *label_events(self.design)])

    def features(
        self, tables: Mapping[str, pl.DataFrame], progress: Callable[[int, int], None] | None = None
    ) -> pl.DataFrame:
        """Compute the features of every decided event: its key, then a column a feature, in log order."""
        known = {name: table for name, table in tables.items() if name in self.design.events}
        return self.design.backfill(known, physical=True, progress=progress)

    def training_table(
        self, tables: Mapping[str, pl.DataFrame], features: pl.DataFrame | None = None
    ) -> TrainingTable:
        """Put features and labels side by side.

        Parameters
        ----------
        tables
            The history, or what files hold; then each label counts as known since its own time.
        features
            As `features` gave them for it; computed where they are not given.
        """
        decided = tables[self.design.decides]
        features = self.features(tables) if features is None else features
        labels, quality = self.label.history(decided, with_rule_hits(self.design, self.home, tables))
        columns = features.drop(self.label.on.__key__)
        passed = chances_of(self.home, decided)
        labels = without_silence(labels, passed)
        stakes = stakes_of(self.design, decided, columns)
        return TrainingTable(columns, decided, labels, quality, stakes, passed, tables)

    def train(
        self, table: TrainingTable, progress: LearningProgress = silent
    ) -> tuple[TrainingResult, Bundle]:
        """Let the candidates compete, fit the best one, write its bundle and make it the current one.

        Where the log names a champion that stays the current one, and the bundle waits to be promoted.
        """
        result, bundle = self.fit(table, progress)
        if not self.promoted:
            with replacing(self._current) as unfinished:
                unfinished.write_text(json.dumps({"bundle": bundle.id}) + "\n")
        return result, bundle

    @property
    def promoted(self) -> bool:
        """Whether the log says which model decides, and not the newest training."""
        if not self.home.log.exists():
            return False
        with self.home.open_log() as log:
            return bool(log.entries_of(MODEL_CHANGE))

    def fit(
        self,
        table: TrainingTable,
        progress: LearningProgress = silent,
        *,
        as_of: int | None = None,
        offset: int | None = None,
    ) -> tuple[TrainingResult, Bundle]:
        """Let the candidates compete, fit the best one and write its bundle; what decides stays.

        Parameters
        ----------
        table
            What is learned from.
        progress
            Told how far it is.
        as_of, offset
            The moment of training, epoch milliseconds, and the log's end; by default the newest moment in
            the table, and the end of its decided events.
        """
        result = train(*self._examples(table), **self._besides(table), as_of=as_of, progress=progress)
        if offset is None:
            offset = int(table.decided["_offset"].max()) + 1  # type: ignore[arg-type]
        bundle = result.save(
            self.home.bundles,
            program=self.design.program(),
            origin={
                "design": self.design.name,
                "label": self.label.describe(),
                "label_notes": list(table.notes),
                "log_offset": offset,
                **learned_policy(self.design, result, table.decided, table.features),
            },
            record={"created_at": datetime.now(UTC).isoformat(timespec="seconds")},
        )
        save_test_scores(self.home, bundle.id, result, table.decided["_offset"])
        return result, bundle

    def evaluate(self, table: TrainingTable, progress: LearningProgress = silent) -> Evaluation:
        """Train and test every candidate on every fold; nothing is kept."""
        return evaluate_folds(*self._examples(table), **self._besides(table), progress=progress)

    def bundle(self, name: str | None = None) -> Bundle:
        """Load a bundle.

        Parameters
        ----------
        name
            Its id, or the path of its folder; by default the one trained last.

        Raises
        ------
        BundleError
            It is damaged, or was made for other features than the design's.
        UsageError
            There is none yet.
        """
        schema = schema_hash(self.design.program())
        if name is not None:
            inside = self.home.bundles / name
            return load_bundle(inside if inside.is_dir() else name, expected_schema=schema)
        try:
            current = json.loads(self._current.read_bytes())["bundle"]
        except FileNotFoundError:
            hint = f"Train one: sevenfold train {self.design.name}"
            fault = Fault(str(self.home.bundles), "a trained model", "none", hint)
            raise UsageError("There is no model yet.", [fault]) from None
        return load_bundle(self.home.bundles / current, expected_schema=schema)

    @property
    def _current(self) -> Path:
        return self.home.bundles / "current.json"

    def _examples(self, table: TrainingTable) -> tuple[pl.DataFrame, pl.Series, Labels, Any]:
        times = table.decided[self.label.on.__time__].dt.epoch("ms")
        return table.features, times, table.labels, self.design.learning

    def _besides(self, table: TrainingTable) -> dict[str, Any]:
        return {
            "entities": table.decided.select(self.design.learning.entities),
            "stakes": table.stakes,
            "passed": table.passed,
        }
