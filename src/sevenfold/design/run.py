"""The main job from end to end: events, features, a trained model, scores; each step done once.

A run has a folder of its own, named after what went into it. A step that is done is recognised the next
time, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold._version import __version__
from sevenfold.data.durable import replacing
from sevenfold.design.keeping import keep
from sevenfold.design.scoring import score
from sevenfold.design.steps import Done, Steps
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.data.ingest import Progress
    from sevenfold.design.live import Live
    from sevenfold.design.workspace import Workspace

__all__ = ["Run", "Simulation"]

Source = Path | str | Mapping[str, Path | str]
"""Files of events, as `sevenfold.data.ingest.ingest` takes them."""

Tick = Callable[..., None]
"""Told the units done, the units in all, what is done, and what the units are."""


class Simulation:
    """How to make the world that a run is about.

    Parameters
    ----------
    order
        What decides the world: plain data.
    make
        Makes it in a folder, ticking, and reports plain data.
    """

    def __init__(self, order: Mapping[str, Any], make: Callable[[Path, Tick], dict[str, Any]]) -> None:
        self.order = dict(order)
        self.make = make


class Run:
    """One run; its steps are to be called in the order of `steps`.

    Parameters
    ----------
    workspace
        The design in its home.
    source
        The world to simulate, or files of events.
    named
        The files that a user named, where those of `source` were made from them.
    """

    def __init__(
        self, workspace: Workspace, source: Simulation | Source, named: Source | None = None
    ) -> None:
        self.workspace = workspace
        self.source = source
        self._named = named
        self.identity = self._identity()
        self.folder = workspace.home.runs / self.identity
        self._steps = Steps(self.folder)
        self.steps: dict[str, Callable[[Tick], Done]] = {
            "simulate": self._simulate,
            "ingest": self._ingest,
            "backfill": self._backfill,
            "train": self._train,
            "score": self._score,
        }
        if not isinstance(source, Simulation):
            del self.steps["simulate"]

    def _identity(self) -> str:
        design, source = self.workspace.design, self.source
        return _digest(
            {
                "source": self.world_identity
                if isinstance(source, Simulation)
                else _files(self._named or source),
                "program": design.program(),
                "learning": design.learning.describe(),
                "label": self.workspace.label.describe(),
            }
        )

    @property
    def world_identity(self) -> str | None:
        """What the world's folder is named after: all that decides the world; ``None`` without one."""
        if not isinstance(self.source, Simulation):
            return None
        return _digest({"order": self.source.order, "version": __version__})

    @property
    def world(self) -> Path:
        """Where the simulated world lies."""
        return self.workspace.home.worlds / str(self.world_identity)

    @property
    def scores(self) -> Path:
        """Where the scores lie."""
        return self.folder / "scores.parquet"

    @property
    def features(self) -> Path:
        """Where the features lie."""
        return self.folder / "features.parquet"

    def _simulate(self, tick: Tick) -> Done:
        source, files = self.source, [self.world]
        assert isinstance(source, Simulation)  # noqa: S101  (else the step is not there)
        # Its record lies with the world, since other runs are about the same one.
        return Steps(self.world.with_suffix(".steps")).do(
            "simulate", source.order, lambda: source.make(self.world, tick), files
        )

    def _ingest(self, tick: Tick) -> Done:
        workspace, source = self.workspace, self.source
        if not isinstance(source, Simulation):
            return self._steps.do(
                "ingest", {}, lambda: self._bring_in(source, None, tick), [workspace.home.log]
            )
        with workspace.home.open_log() as log:
            if workspace.simulated() == {"world": self.world_identity, "end": log.end()}:
                return Done({"events": log.end(), "new": 0, "rejected": 0}, again=True)
        return Done(self._bring_in(self.world, self.world_identity, tick), again=False)

    def _bring_in(self, source: Source, simulated_by: str | None, tick: Tick) -> dict[str, Any]:
        def show(at: Progress) -> None:
            tick(at.done, at.total, at.stage, "bytes" if at.stage == "reading" else "events")

        home = self.workspace.home
        with home.open_log() as log:
            gives_way = self._gives_way(log.end())
        if gives_way:
            # In this order: whatever is left by an interruption is still a sound log, or none.
            shutil.rmtree(home.lake, ignore_errors=True)
            shutil.rmtree(home.profiles, ignore_errors=True)
            for file in sorted(home.folder.glob(home.log.name + "*"), reverse=True):
                file.unlink()
        report = self.workspace.ingest(
            source, self.folder / "rejects.csv", simulated_by=simulated_by, progress=show
        )
        with home.open_log() as log:
            events = log.end()
        facts = asdict(replace(report, quality=None))  # profiles have files of their own
        facts["quality"] = [] if report.quality is None else report.quality.broken
        return facts | {"events": events, "rejects_path": str(report.rejects_path)}

    def _gives_way(self, end: int) -> bool:
        """Tell whether what the log holds is to be thrown away first, so that no world is mixed with others.

        What was simulated can be made again, so it gives way; what was brought in never does.
        """
        noted = self.workspace.simulated()
        replaceable = bool(noted) and noted.get("end") in (None, end)
        if end and not replaceable and isinstance(self.source, Simulation):
            hint = "Name files with --events, or give the world a home of its own: --home DIR."
            got = f"{end:,} events"
            fault = Fault(str(self.workspace.home.log), "no events, or a simulated world", got, hint)
            raise UsageError("A simulated world is not mixed with events that were brought in.", [fault])
        return bool(end) and replaceable and noted.get("world") != self.world_identity

    def _backfill(self, tick: Tick) -> Done:
        def work() -> dict[str, Any]:
            workspace = self.workspace
            tables = workspace.history(lambda done, total: tick(done, total, "laying the lake", "events"))
            features = workspace.features(tables, lambda done, total: tick(done, total, "features", "events"))
            with replacing(self.features) as unfinished:
                features.write_parquet(unfinished, compression_level=1)
            return {"rows": features.height, "features": features.width - 1}

        inputs = {"log": self._log_identity(), "version": __version__}
        return self._steps.do("backfill", inputs, work, [self.features])

    def _train(self, tick: Tick) -> Done:
        workspace = self.workspace

        def work() -> dict[str, Any]:
            table = workspace.training_table(workspace.history(), pl.read_parquet(self.features))
            result, bundle = workspace.train(table, lambda done, total, what: tick(done, total, what, "fits"))
            kept = keep(workspace, table, result, bundle, self.folder)
            return {
                "bundle": bundle.id,
                "candidate": result.candidate.name,
                "rows": result.rows,
                "positives": result.positives,
                "metrics": [
                    {name: None if value != value else value for name, value in row.items()}
                    for row in result.evaluation.table().to_dicts()
                ],
                "notes": [*table.notes, *result.notes, *kept.tracked.notes],
                "plots": [str(plot) for plot in kept.plots],
                "report": str(kept.report),
            }

        done = self._steps.do("train", {}, work, [self.folder / "precision_recall.png"])
        self._bundle = str(done.result["bundle"])
        return done

    def _score(self, tick: Tick) -> Done:
        def work() -> dict[str, Any]:
            bundle = self.workspace.bundle(self._bundle)
            report = score(
                self.workspace,
                bundle,
                self.scores,
                progress=lambda done, total: tick(done, total, "scoring", "events"),
            )
            return {"rows": report.rows, "trained_on": report.trained_on, "out": str(report.out)}

        return self._steps.do("score", {"bundle": self._bundle}, work, [self.scores])

    def replay(self, newest: int, send: Callable[[Live], dict[str, Any]], tick: Tick, *, anew: bool) -> Done:
        """Have the newest decided events come in over HTTP, to a service that has not seen them.

        Parameters
        ----------
        newest
            How many.
        send
            Serves and sends, and reports plain data.
        tick
            Told how far the service's log is.
        anew
            Whether to do it even where it was done before.
        """
        from sevenfold.design.live import prepare

        def work() -> dict[str, Any]:
            def show(done: int, total: int) -> None:
                tick(done, total, "a log without the newest", "events")

            return send(prepare(self.workspace, self._bundle, self.folder / "live", newest, show))

        if anew:
            return Done(work(), again=False)
        return self._steps.do("replay", {"newest": newest, "version": __version__}, work)

    def _log_identity(self) -> list[Any]:
        """Identify what the log holds by its end: equal for the same events in the same order."""
        with self.workspace.home.open_log() as log:
            end = log.end()
            last = next(iter(log.read(end - 1)), None) if end else None
        body = b"" if last is None else last.body
        return [self.world_identity, end, hashlib.sha256(body).hexdigest()]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _files(source: Source) -> dict[str, Any]:
    """Identify files by their names, sizes and times."""
    named = dict(source) if not isinstance(source, (str, Path)) else {"": source}
    found = {}
    for name, path in named.items():
        paths = sorted(Path(path).iterdir()) if Path(path).is_dir() else [Path(path)]
        for file in paths:
            about = file.stat() if file.is_file() else None
            found[f"{name}={file.absolute()}"] = None if about is None else [about.st_size, about.st_mtime_ns]
    return found
