"""MLflow's register of models: a version for each bundle, and aliases for those at work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.errors import MissingExtraError
from sevenfold.learning.extra import require
from sevenfold.learning.tracking import OFF, VARIABLE, lineage, quiet, reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sevenfold.learning.bundle import Bundle

__all__ = ["Registered", "register"]


@dataclass(frozen=True)
class Registered:
    """What became of a registration.

    Parameters
    ----------
    uri
        Where the models are registered; ``None`` where they are nowhere.
    versions
        The version of each bundle, by its id.
    notes
        What a reader should know, in sentences.
    """

    uri: str | None = None
    versions: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()


def register(
    name: str,
    bundles: Sequence[tuple[Bundle, str | None]],
    aliases: Mapping[str, str | None],
    *,
    local: Path,
    uri: str | None = None,
) -> Registered:
    """Have MLflow know bundles as versions of one model, each once, and point its aliases at them.

    Parameters
    ----------
    name
        Of the registered model: the design's.
    bundles
        Each with the run that made it, where that is known. The version's tags tell its lineage: bundle,
        training period, log offset, design.
    aliases
        Bundle ids by alias, such as ``champion``; `None` takes an alias away.
    local, uri
        As for `sevenfold.learning.tracking.track`.

    Returns
    -------
    Registered
        Nothing is raised: what went wrong stands in its notes.
    """
    wanted = uri or os.environ.get(VARIABLE) or None
    if wanted == OFF:
        return Registered()
    place = wanted or f"sqlite:///{(local / 'mlflow.db').absolute()}"
    try:
        with quiet():
            reach(place)
            local.mkdir(parents=True, exist_ok=True)
            versions = _write(place, name, bundles, aliases)
    except MissingExtraError:
        return Registered(notes=("MLflow is not installed, so no model is registered in it.",))
    except Exception as error:  # noqa: BLE001  (whatever fails in there, models decide by the log alone)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return Registered(notes=(f"MLflow at {place} did not register the model: {reason[:200]}.",))
    return Registered(place, versions)


def _write(
    place: str,
    name: str,
    bundles: Sequence[tuple[Bundle, str | None]],
    aliases: Mapping[str, str | None],
) -> dict[str, str]:
    tracking = require("mlflow.tracking", "registering models in MLflow")
    client = tracking.MlflowClient(tracking_uri=place)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    versions = {
        version.tags["bundle"]: str(version.version)
        for version in client.search_model_versions(f"name = '{name}'")
        if "bundle" in version.tags
    }
    for bundle, run in bundles:
        if bundle.id not in versions:
            made = client.create_model_version(
                name, bundle.path.absolute().as_uri(), run_id=_run(client, name, bundle, run),
                tags=lineage(bundle),
            )  # fmt: skip
            versions[bundle.id] = str(made.version)
    held = client.get_registered_model(name).aliases
    for alias, wanted in aliases.items():
        if wanted in versions:
            client.set_registered_model_alias(name, alias, versions[wanted])
        elif wanted is None and alias in held:
            client.delete_registered_model_alias(name, alias)
    return versions


def _run(client: Any, name: str, bundle: Bundle, run: str | None) -> str | None:
    """The run that made a bundle; looked for where it is not known."""
    if run is not None:
        return run
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return None
    found = client.search_runs([experiment.experiment_id], f"tags.bundle = '{bundle.id}'", max_results=1)
    return str(found[0].info.run_id) if found else None
