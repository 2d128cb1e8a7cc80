"""A retraining from the first reason to the challenger: each step is logged, and none is done twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.lake import ARRIVED, OFFSET
from sevenfold.data.timestamp import epoch_ms
from sevenfold.design.doubting import doubtful_sources
from sevenfold.design.rollout import trained_first
from sevenfold.errors import BundleError, DataError, Fault, UsageError
from sevenfold.feedback.retraining.checks import failed_checks
from sevenfold.feedback.retraining.comparison import compare
from sevenfold.feedback.retraining.step import ENDS, RetrainingStep, Runs
from sevenfold.feedback.retraining.triggers import Due, Situation, due
from sevenfold.learning.declaration import silent
from sevenfold.serving.names import MODEL_CHANGE, RETRAINING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from sevenfold.design.workspace import TrainingTable, Workspace
    from sevenfold.feedback.retraining.comparison import Comparison
    from sevenfold.feedback.retraining.declaration import Retraining
    from sevenfold.feedback.retraining.step import Stage
    from sevenfold.feedback.retraining.triggers import Noticed
    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.declaration import Progress
    from sevenfold.learning.train import TrainingResult

__all__ = ["Retrained", "due_now", "retrain"]

_BY_HAND = ("It was asked for.",)


@dataclass(frozen=True, slots=True)
class Retrained:
    """What became of a retraining.

    Parameters
    ----------
    run, offset
        Which one, and the log's end for it.
    bundle
        The challenger; `None` where it was refused before one was trained.
    refused
        Why it must not take the champion's place; empty where it may.
    comparison
        Against the champion; `None` where there was none, or it was done before.
    result, table
        The training, and what it learned from; `None` where that was done before.
    notes
        What a reader should know.
    """

    run: str
    offset: int
    bundle: Bundle | None = None
    refused: tuple[Fault, ...] = ()
    comparison: Comparison | None = None
    result: TrainingResult | None = field(default=None, repr=False)
    table: TrainingTable | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


def due_now(workspace: Workspace, now_ms: int, findings: Sequence[Noticed] = ()) -> Due:
    """Tell whether a retraining is due, and begin nothing: what a dry run shows.

    Parameters
    ----------
    workspace
        The design in its home.
    now_ms
        The moment, epoch milliseconds.
    findings
        What monitoring noticed and has not cleared.

    Returns
    -------
    Due
        The same for the same log and findings.
    """
    declared = _declared(workspace)
    home = workspace.home
    if not home.log.exists():
        return Due()
    with home.open_log() as log:
        last = Runs(log.entries_of(RETRAINING)).last
        champion = trained_first(home.bundles, log.entries_of(MODEL_CHANGE)).champion()
    trained, offset = (None, 0) if last is None else (last.at_ms, last.offset)
    if trained is None and champion is not None:
        known = workspace.bundle(champion).metadata
        trained, offset = epoch_ms(known["training"]["as_of"]), int(known.get("log_offset", 0))
    labels = 0
    if declared.matured_labels is not None and trained is not None:
        labels = _labels_since(workspace, offset)
    return due(declared, Situation(now_ms, trained, labels, findings))


def retrain(
    workspace: Workspace,
    now_ms: int,
    offset: int | None = None,
    *,
    why: Sequence[str] = _BY_HAND,
    progress: Progress = silent,
    told: Callable[[RetrainingStep], None] = lambda _step: None,
) -> Retrained:
    """Train a challenger on the log up to an offset, and compare it with the champion.

    The same offset, seed and design give the same bundle. Each step is an entry of the log, and what is
    logged as done is not done again: a retraining that was killed is finished by the next call.

    Parameters
    ----------
    workspace
        The design in its home.
    now_ms
        The moment, epoch milliseconds: what steps are dated with, and nothing else.
    offset
        The log's end for this run; by default where an unfinished run of the same design ends, or the log.
    why
        What made it due.
    progress
        Told how far it is.
    told
        Called after each step is durable.

    Returns
    -------
    Retrained
        With the challenger, or everything that spoke against one.

    Raises
    ------
    UsageError
        The design can't be trained.
    """
    run = _Run.of(workspace, now_ms, offset, told)
    if (done := run.finished()) is not None:
        return done
    run.note("begun", why=tuple(why))
    table, as_of = _table(workspace, run.offset, progress)
    champion = _champion(workspace)
    progress(0, 1, "checking data and labels")
    faults = failed_checks(_declared(workspace), table.features, table.labels, as_of, champion)
    if not faults:
        faults = doubtful_sources(workspace, table, as_of)
    if faults:
        return run.refuse(None, faults)
    run.note("checked", values={"rows": table.features.height, "as_of": as_of})
    result, bundle = _trained(workspace, run, table, as_of, progress)
    if isinstance(bundle, DataError):
        return run.refuse(None, list(bundle.faults) or [Fault("training", "a model", bundle.summary)])
    run.note("trained", bundle=bundle.id)
    comparison = None if champion is None else _compared(workspace, table, as_of, bundle, champion)
    if comparison is not None:
        run.note("compared", bundle=bundle.id, values=comparison.to_json())
        if not comparison.holds(_declared(workspace).margin):
            one = comparison.differences[comparison.metric]
            expected = f"{comparison.metric} of {one.champion:.4f}, the champion's, or more"
            got = f"{one.challenger:.4f}; between {-one.high:.4f} and {-one.low:.4f} less"
            return run.refuse(bundle, [Fault("challenger", expected, got)], comparison, result, table)
    run.note("ended", bundle=bundle.id)
    return Retrained(run.name, run.offset, bundle, (), comparison, result, table)


class _Run:
    """One retraining in the log."""

    def __init__(
        self, workspace: Workspace, now_ms: int, offset: int, digest: str,
        steps: dict[str, RetrainingStep], told: Callable[[RetrainingStep], None],
    ) -> None:  # fmt: skip
        self.workspace, self.now_ms, self.offset = workspace, now_ms, offset
        self.name = f"{offset}-{digest}"
        self.steps = steps
        self._told = told

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        now_ms: int,
        offset: int | None,
        told: Callable[[RetrainingStep], None],
    ) -> _Run:
        digest = _digest(workspace)
        with workspace.home.open_log() as log:
            runs, end = Runs(log.entries_of(RETRAINING)), log.end()
        if offset is None:
            left = runs.unfinished(digest)
            offset = end if left is None else left.offset
        if not 0 < offset <= end:
            fault = Fault("offset", f"from 1 to {end:,}, where the log ends", f"{offset:,}")
            raise UsageError("There is nothing to retrain on.", [fault])
        return cls(workspace, now_ms, offset, digest, runs.steps.get(f"{offset}-{digest}", {}), told)

    def finished(self) -> Retrained | None:
        """What came of it, where it is over."""
        over = next((self.steps[stage] for stage in ENDS if stage in self.steps), None)
        if over is None:
            return None
        bundle = None if over.bundle is None else self.workspace.bundle(over.bundle)
        refused = tuple(Fault(*fault) for fault in over.faults)
        return Retrained(self.name, self.offset, bundle, refused, notes=("It was done before.",))

    def note(self, stage: Stage, **more: Any) -> None:
        """Log a step, where it is not logged yet."""
        if stage in self.steps:
            return
        step = RetrainingStep(self.name, stage, self.now_ms, self.offset, **more)
        with self.workspace.home.open_log() as log:
            log.append([step.entry()])
        self.steps[stage] = step
        self._told(step)

    def refuse(
        self,
        bundle: Bundle | None,
        faults: Sequence[Fault],
        comparison: Comparison | None = None,
        result: TrainingResult | None = None,
        table: TrainingTable | None = None,
    ) -> Retrained:
        """End it without a challenger."""
        said = tuple((fault.where, fault.expected, fault.got) for fault in faults)
        self.note("refused", bundle=None if bundle is None else bundle.id, faults=said)
        return Retrained(self.name, self.offset, bundle, tuple(faults), comparison, result, table)


def _declared(workspace: Workspace) -> Retraining:
    return workspace.design.feedback.retraining


def _digest(workspace: Workspace) -> str:
    """What tells one design's training from another's, eight digits."""
    design = workspace.design
    told = [design.program(), workspace.label.describe(), design.learning.describe()]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _champion(workspace: Workspace) -> Bundle | None:
    """The champion's bundle; `None` where there is none that can be compared."""
    home = workspace.home
    with home.open_log() as log:
        name = trained_first(home.bundles, log.entries_of(MODEL_CHANGE)).champion()
    try:
        return None if name is None else workspace.bundle(name)
    except BundleError:
        return None  # of other features or damaged: any challenger is better than none


def _table(workspace: Workspace, offset: int, progress: Progress) -> tuple[TrainingTable, int]:
    """What the log held up to an offset, and the newest moment in it."""
    found = workspace.history(lambda done, total: progress(done, total, "laying the lake"))
    tables = {name: table.filter(pl.col(OFFSET) < offset) for name, table in found.items()}
    features = workspace.features(tables, lambda done, total: progress(done, total, "features"))
    table = workspace.training_table(tables, features)
    moments = [int(table.labels.times.max(initial=0))]
    moments += [int(one[ARRIVED].max()) for one in tables.values() if one.height]  # type: ignore[arg-type]
    return table, max(moments)


def _labels_since(workspace: Workspace, offset: int) -> int:
    names = {source.event.__name__ for source in workspace.label.sources}
    with workspace.home.open_log() as log:
        return sum(log.count_of(name, offset) for name in names)


def _trained(
    workspace: Workspace, run: _Run, table: TrainingTable, as_of: int, progress: Progress
) -> tuple[TrainingResult | None, Bundle | DataError]:
    before = run.steps.get("trained")
    if before is not None and before.bundle is not None:
        try:
            return None, workspace.bundle(before.bundle)
        except BundleError:
            pass  # lost or damaged since: trained again, and the same
    try:
        return workspace.fit(table, progress, as_of=as_of, offset=run.offset)
    except DataError as error:
        return None, error


def _compared(
    workspace: Workspace, table: TrainingTable, as_of: int, bundle: Bundle, champion: Bundle
) -> Comparison | None:
    """Compare on events that neither had learned from when it scored them; nothing where there are too few.

    Those are the events of the challenger's tests that came after the champion's training, and those that
    were in the champion's tests, too, with the scores that it gave them there.
    """
    tested = pl.read_parquet(workspace.home.runs / f"tested-{bundle.id}.parquet")
    rows = table.decided.select(OFFSET).with_row_index("row").join(tested, on=OFFSET, how="inner")
    row, score = rows["row"].to_numpy().astype(np.int64), rows["score"].to_numpy()
    known = table.labels.at(as_of)[row]
    theirs = _unlearned(workspace, table, row, champion)
    kept = (known >= 0) & table.labels.matured(as_of)[row] & ~np.isnan(theirs)
    row, score, theirs, y = row[kept], score[kept], theirs[kept], known[kept]
    if (y == 1).sum() < _declared(workspace).positives:
        return None
    entity = workspace.design.learning.entity
    group = (
        table.decided[entity][row].cast(pl.String).fill_null("").rank("dense") if entity else pl.Series(row)
    )
    stakes = None if table.stakes is None else table.stakes.take(row)
    seed = workspace.design.learning.seed
    return compare(y, score, theirs, group.to_numpy().astype(np.int64), stakes, seed=seed)


def _unlearned(
    workspace: Workspace, table: TrainingTable, row: np.ndarray, champion: Bundle
) -> npt.NDArray[np.float64]:
    """What the champion says of events that it has not learned from; NaN of all others, shape (rows,)."""
    found = np.full(len(row), np.nan)
    path = workspace.home.runs / f"tested-{champion.id}.parquet"
    if path.is_file():
        offsets = table.decided.select(OFFSET)[row]
        before = pl.read_parquet(path).select(OFFSET, before="score")
        joined = offsets.join(before, on=OFFSET, how="left", maintain_order="left")
        found = joined["before"].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    unseen = table.labels.times[row] >= epoch_ms(champion.metadata["training"]["end"])
    if unseen.any():
        encoded = champion.encoding.encode(table.features[row[unseen]])
        found[unseen] = champion.scorer().score(encoded)
    return found
