"""The history that rules of a design are tested on: features, scores and labels as they were known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.durable import replacing
from sevenfold.data.timestamp import epoch_ms
from sevenfold.errors import BundleError, UsageError
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.serving.backtest.history import History, check_against
from sevenfold.serving.names import DECISION, PROGRAM
from sevenfold.serving.record import Program, decode_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sevenfold.design.home import Home
    from sevenfold.design.workspace import Workspace
    from sevenfold.learning.train import TrainingResult

__all__ = ["history_of", "save_test_scores"]

_CHECKED = 20_000
"""Decisions whose features are computed again from a log that ends with them."""

_NO_RISK = -(2**63)


def history_of(
    workspace: Workspace, progress: Callable[[int, int, str], None] | None = None
) -> tuple[History, list[str]]:
    """Collect what is known of past decisions, and what a reader of the figures should know.

    Features come from the decision records where there are any, else from a backfill of the log, which is
    kept for the next time. Scores come from the records; where there are none, from the tests of the current
    model's training, and from the model itself for later events: a model knows the labels of what it has
    learned from. Labels count once they are final, positives too, or precision would be flattered.

    Raises
    ------
    DataError
        There is no history, or the kept features know more than the log did at the time.
    """
    tell = progress or (lambda *_: None)
    design = workspace.design
    tables = workspace.history(lambda done, total: tell(done, total, "laying the lake"))
    decided = tables[design.decides]
    features = _features(workspace, tables, tell)
    _check(workspace, tables, features)
    notes: list[str] = []
    recorded = _records(workspace, decided)
    features = _with_recorded(workspace, features, recorded, notes)
    times = decided[design.events[design.decides].__time__].dt.epoch("ms").to_numpy()
    scores, risks = _scores(workspace, features, times, decided["_offset"], recorded, notes)
    label = workspace.training_table(tables, features).labels if design.label is not None else None
    if label is None:
        known = np.full(len(times), -1, np.int64)
        notes.append("The design declares no label, so that nothing is known of what the rules hit")
    else:
        final = label.matured(label.newest)
        known = np.where(final, label.at(label.newest), -1).astype(np.int64)
        open_ = int((known < 0).sum())
        if open_:
            notes.append(f"{open_:,} decisions have no final label yet and count in no precision")
    plain = features.drop(design.events[design.decides].__key__)
    return History(decided, plain, times, known, scores, risks), notes


def _features(
    workspace: Workspace, tables: Mapping[str, pl.DataFrame], tell: Callable[[int, int, str], None]
) -> pl.DataFrame:
    """The backfill, kept under the plan's and the log's state; older ones are removed."""
    decided = tables[workspace.design.decides]
    end = max(int(table["_offset"].max()) for table in tables.values() if table.height) + 1  # type: ignore[arg-type]
    kept: Path = workspace.home.runs / f"recorded-{workspace.design.plan.fingerprint}-{end}.parquet"
    if kept.exists():
        found = pl.read_parquet(kept)
        if found.height == decided.height:
            return found
    features = workspace.features(tables, lambda done, total: tell(done, total, "features"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.glob("recorded-*.parquet"):
        old.unlink()
    with replacing(kept) as unfinished:
        features.write_parquet(unfinished, compression_level=1)
    return features


def _check(workspace: Workspace, tables: Mapping[str, pl.DataFrame], features: pl.DataFrame) -> None:
    """Compute the first features once more from a log that ends there, so that nothing later is in them."""
    offsets = tables[workspace.design.decides]["_offset"]
    count = min(_CHECKED, len(offsets))
    end = int(offsets.sort()[count - 1])
    ended = {name: table.filter(pl.col("_offset") <= end) for name, table in tables.items()}
    computed = workspace.features(ended)
    key = computed.columns[0]
    check_against(features[: computed.height].drop(key), computed.drop(key))


def _records(workspace: Workspace, decided: pl.DataFrame) -> dict[int, Any]:
    """Decision records by the row of their event."""
    design = workspace.design
    with workspace.home.open_log() as log:
        if not log.entries_of(PROGRAM):
            return {}
        keys = decided[design.events[design.decides].__key__].cast(pl.String).to_list()
        rows = {key: row for row, key in enumerate(keys)}
        entries = log.entries_of(DECISION)
    return {rows[entry.key]: decode_record(entry.body) for entry in entries if entry.key in rows}


def _with_recorded(
    workspace: Workspace, features: pl.DataFrame, recorded: Mapping[int, Any], notes: list[str]
) -> pl.DataFrame:
    """Put recorded features in the place of computed ones; of this plan they are the same, bit for bit."""
    design = workspace.design
    asking = design.plan.asking[design.decides]
    program = Program.of(design.decides, design.plan.fingerprint, asking)
    own = {row: record for row, record in recorded.items() if record.program == program.key}
    if not own:
        return features
    schema = {name: features.schema[name] for name in asking.names}
    values = pl.DataFrame([program.values(record) for record in own.values()], schema=schema, strict=False)
    before = features[list(own)]
    changed = [name for name in asking.names if before[name].ne_missing(values[name]).any()]
    if not changed:
        return features
    notes.append(f"{', '.join(changed)} were recorded otherwise than the log gives them; the records count")
    places = pl.Series(list(own), dtype=pl.UInt32)
    return features.with_columns(features[name].scatter(places, values[name]) for name in changed)


def _scores(
    workspace: Workspace,
    features: pl.DataFrame,
    times: NDArray[np.int64],
    offsets: pl.Series,
    recorded: Mapping[int, Any],
    notes: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    scores = np.full(len(times), np.nan)
    risks = np.full(len(times), _NO_RISK, np.int64)
    try:
        bundle = workspace.bundle()
    except (BundleError, UsageError):
        notes.append("There is no model, so that score has no value")
    else:
        later = times >= epoch_ms(bundle.metadata["training"]["end"])
        if later.any():
            scores[later] = bundle.served(threads=0).score_frame(features.filter(later))
        _add_test_scores(workspace.home, bundle.id, offsets, scores)
        if "risk_scale" in bundle.metadata:
            known = ~np.isnan(scores)
            risks[known] = RiskScale.from_json(bundle.metadata["risk_scale"]).risks(scores[known])
    for row, record in recorded.items():
        scores[row] = np.nan if record.score is None else record.score
        risks[row] = _NO_RISK if record.risk_score is None else record.risk_score
    if missing := int(np.isnan(scores).sum()):
        notes.append(f"{missing:,} decisions have no score: the model learned from what became of them")
    return scores, risks


def save_test_scores(home: Home, bundle: str, result: TrainingResult, offsets: pl.Series) -> None:
    """Keep how the events of the folds' tests were scored, by models that had not learned from them.

    Parameters
    ----------
    offsets
        Where each event that was trained and tested on stands in the log.
    """
    folds = result.chosen.folds
    rows = np.concatenate([fold.rows for fold in folds])
    scores = pl.DataFrame({"_offset": offsets[rows], "score": np.concatenate([fold.score for fold in folds])})
    with replacing(_test_scores(home, bundle)) as unfinished:
        scores.unique("_offset", keep="last").write_parquet(unfinished)


def _test_scores(home: Home, bundle: str) -> Path:
    return home.runs / f"tested-{bundle}.parquet"


def _add_test_scores(home: Home, bundle: str, offsets: pl.Series, scores: NDArray[np.float64]) -> None:
    path = _test_scores(home, bundle)
    if path.exists():
        tested = pl.read_parquet(path)
        known = offsets.to_frame("_offset").join(tested, on="_offset", how="left", maintain_order="left")
        found = known["score"].to_numpy()
        scores[~np.isnan(found)] = found[~np.isnan(found)]
