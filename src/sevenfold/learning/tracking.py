"""MLflow keeps every training: what was asked, what each fold gave, the plots, the report and the bundle.

The runs lie in a SQLite file below the home, or on a server whose URI is given. A training that is done is
never lost to its bookkeeping: where a server does not answer the run is kept in the file, and where nothing
can be kept that is said, and the bundle is there all the same.
"""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.errors import MissingExtraError
from sevenfold.learning.extra import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sevenfold.learning.bundle import Bundle
    from sevenfold.learning.train import TrainingResult

__all__ = ["OFF", "VARIABLE", "Tracked", "lineage", "quiet", "reach", "track"]

VARIABLE = "SEVENFOLD_MLFLOW"
"""The environment variable that holds a server's URI, or ``off``."""

OFF = "off"

_ANSWERS_WITHIN_S = 3.0
_PARAMETER_LENGTH = 500
"""Characters of a parameter that every version of a server takes."""


@dataclass(frozen=True)
class Tracked:
    """What became of a run's bookkeeping.

    Parameters
    ----------
    uri
        Where the run is; ``None`` where it is nowhere.
    run
        Its id there.
    notes
        What a reader should know, in sentences.
    """

    uri: str | None = None
    run: str | None = None
    notes: tuple[str, ...] = ()


def track(
    result: TrainingResult,
    bundle: Bundle,
    files: Sequence[Path],
    *,
    experiment: str,
    local: Path,
    uri: str | None = None,
) -> Tracked:
    """Keep a training as an MLflow run.

    Parameters
    ----------
    result, bundle
        The training, and what was written of it.
    files
        Plots and report.
    experiment
        The experiment that the run belongs to: the design's name.
    local
        The folder of the SQLite file and its artifacts.
    uri
        A server's URI, or any that MLflow knows; by default that of the environment variable
        `VARIABLE`, or the file. ``off`` keeps nothing.

    Returns
    -------
    Tracked
        Where the run is. Nothing is raised: what went wrong stands in its notes.
    """
    wanted = uri or os.environ.get(VARIABLE) or None
    if wanted == OFF:
        return Tracked()
    here = f"sqlite:///{(local / 'mlflow.db').absolute()}"
    notes: list[str] = []
    for place in dict.fromkeys((wanted or here, here)):
        try:
            with quiet():
                reach(place)
                local.mkdir(parents=True, exist_ok=True)
                run = _write(place, result, bundle, files, experiment, local, own=place == here)
            return Tracked(place, run, tuple(notes))
        except MissingExtraError:
            return Tracked(None, None, (*notes, "MLflow is not installed, so this run is not kept in it."))
        except Exception as error:  # noqa: BLE001  (whatever fails in there, the training is done and stays)
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            notes.append(f"MLflow at {place} did not take the run: {reason[:200]}.".replace("..", "."))
            if place != here:
                notes.append(f"It is kept in {local / 'mlflow.db'} instead.")
    return Tracked(None, None, tuple(notes))


def _write(
    place: str,
    result: TrainingResult,
    bundle: Bundle,
    files: Sequence[Path],
    experiment: str,
    local: Path,
    *,
    own: bool,
) -> str:
    tracking = require("mlflow.tracking", "keeping runs in MLflow")
    client = tracking.MlflowClient(tracking_uri=place)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        artifacts = (local / "artifacts" / experiment).absolute().as_uri() if own else None
        number = client.create_experiment(experiment, artifact_location=artifacts)
    else:
        number = found.experiment_id
    run = client.create_run(number, run_name=f"{result.candidate.name} {bundle.id[:8]}", tags=lineage(bundle))
    identity: str = run.info.run_id
    try:
        for name, value in _parameters(bundle.metadata).items():
            client.log_param(identity, name, value)
        client.log_batch(identity, metrics=_metrics(result))
        for file in files:
            client.log_artifact(identity, str(file), "plots" if file.suffix == ".png" else None)
        client.log_artifacts(identity, str(bundle.path), "bundle")
    except BaseException:
        client.set_terminated(identity, status="FAILED")
        raise
    client.set_terminated(identity)
    return identity


def lineage(bundle: Bundle) -> dict[str, str]:
    """Where a bundle comes from: design, features, training set, log offset; as tags."""
    known = bundle.metadata
    tags = {
        "bundle": bundle.id,
        "design": known.get("design"),
        "design_hash": bundle.schema_hash,
        "log_offset": known.get("log_offset"),
        "trained_from": known["training"]["start"],
        "trained_to": known["training"]["end"],
        "as_of": known["training"]["as_of"],
    }
    return {name: str(value) for name, value in tags.items() if value is not None}


def _parameters(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Flatten what was declared: ``candidate.depth``, ``folds.test``, ``training.rows``."""
    learning = dict(metadata["learning"])
    learning.pop("candidates", None)
    parts = {"candidate": metadata["candidate"], "learning": learning, "training": metadata["training"]}
    return {
        name: str(value)[:_PARAMETER_LENGTH] for name, value in _flat(parts, "") if value not in ("", None)
    }


def _flat(value: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from _flat(part, f"{before}{name}.")
        else:
            yield f"{before}{name}", part


def _metrics(result: TrainingResult) -> list[Any]:
    """Every metric of every candidate and fold, the fold as its step; and the means of the chosen one."""
    entities = require("mlflow.entities", "keeping runs in MLflow")
    at = result.as_of
    found = [
        (f"{_plain(candidate.candidate.name)}/{name}", measured.value, fold.fold.number)
        for candidate in result.evaluation.results
        for fold in candidate.folds
        for name, measured in fold.metrics.items()
    ]
    for name, measured in result.chosen.mean.items():
        estimate = measured.estimate()
        found += [
            (name, estimate.value, 0),
            (f"{name}_low", estimate.low, 0),
            (f"{name}_high", estimate.high, 0),
        ]
    found += [(name, value, 0) for name, value in result.costs.to_json().items()]
    return [entities.Metric(name, float(value), at, step) for name, value, step in found if value == value]


def _plain(name: str) -> str:
    """Write a name with the letters that MLflow takes."""
    return "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in name)


def reach(place: str) -> None:
    """Ask a server whether it is there, so that one that is down costs three seconds and not ten minutes."""
    if not place.startswith(("http://", "https://")):
        return
    request = urllib.request.Request(f"{place.rstrip('/')}/health")  # noqa: S310  (http and https alone)
    try:
        with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_S):  # noqa: S310
            return
    except urllib.error.HTTPError:
        return  # something answers: whether it is MLflow, and lets us in, the client will say


@contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow from phoning home, talking, warning of its own libraries, and trying for long."""
    calm = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    added = {name: value for name, value in calm.items() if name not in os.environ}
    os.environ.update(added)
    talkers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in talkers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for logger in talkers:
                logger.setLevel(logging.ERROR)
            yield
    finally:
        for logger, level in zip(talkers, levels, strict=True):
            logger.setLevel(level)
        for name in added:
            os.environ.pop(name, None)
