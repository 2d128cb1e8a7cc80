"""The models of a design at work: where they stand by the log, how they are loaded, how that changes."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.durable import replacing
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, DataError, Fault, UsageError
from sevenfold.serving.model import ModelRows
from sevenfold.serving.names import MODEL_CHANGE
from sevenfold.serving.rollout.routing import Resolved, Routing
from sevenfold.serving.rollout.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from sevenfold.data.log import LogEntry
    from sevenfold.design.design import Design
    from sevenfold.learning.bundle import Bundle
    from sevenfold.serving.model import ServedModel
    from sevenfold.serving.rollout.change import Action, ModelChange, Value

__all__ = ["RolloutDesk", "current_bundle", "keep_in_step", "resolver", "trained_first"]

_LIVE = ("canary", "ab")


def current_bundle(folder: Path) -> str | None:
    """The id in ``current.json`` of a folder of bundles; `None` where there is none."""
    try:
        found = json.loads((folder / "current.json").read_bytes())["bundle"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return str(found)


def trained_first(folder: Path, changes: Iterable[LogEntry]) -> Standing:
    """Where the models stand, with the trained one as the first champion."""
    return Standing.of(current_bundle(folder), changes)


def keep_in_step(folder: Path, standing: Standing) -> None:
    """Have ``current.json`` name the champion that the log names."""
    champion = standing.champion()
    if standing.changes and champion is not None and current_bundle(folder) != champion:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "current.json") as unfinished:
            unfinished.write_text(json.dumps({"bundle": champion}) + "\n")


def resolver(
    design: Design, root: Path, load: Callable[[Bundle], ServedModel], key: bytes
) -> Callable[[list[LogEntry]], Resolved]:
    """Return what loads the models that the changes of a log amount to; each bundle is loaded once.

    Parameters
    ----------
    design, root
        What was declared, and the home folder.
    load
        Makes a bundle's model ready to score.
    key
        What a challenger's share is drawn with.
    """
    workspace = Workspace(design, root)
    loaded: dict[str, ServedModel] = {}
    fields = [*design.events[design.decides].__fields__]
    rollout = design.serving.rollout
    entity = rollout.entity or design.learning.entity
    names = design.plan.asking[design.decides]

    def model(bundle: str) -> ServedModel:
        if bundle not in loaded:
            found = load(workspace.bundle(bundle))
            found.model.score(ModelRows(names, found.encoding)(np.zeros((1, len(names.names)), np.int64)))
            loaded[bundle] = found
        return loaded[bundle]

    def resolve(changes: list[LogEntry]) -> Resolved:
        standing = trained_first(workspace.home.bundles, changes)
        trial = standing.trial
        live = trial is not None and trial.stage in _LIVE
        wanted = {*standing.segments.values()} | ({trial.bundle} if trial is not None and live else set())
        champion = standing.champion()
        for unused in set(loaded) - wanted - {champion}:
            del loaded[unused]
        routing = None
        if wanted:
            routing = Routing(
                {bundle: model(bundle) for bundle in wanted},
                None if rollout.segment is None else fields.index(rollout.segment),
                standing.segments,
                trial.bundle if trial is not None and live else None,
                trial.share if trial is not None and live else 0.0,
                fields.index(entity) if entity in fields else None,
                key,
                trial.segment if trial is not None else "",
            )
        shadow = trial.bundle if trial is not None and trial.stage == "shadow" else None
        return Resolved(None if champion is None else model(champion), routing, shadow)

    return resolve


class RolloutDesk:
    """Where champions and challengers are changed: every change is an entry of the log.

    Parameters
    ----------
    design, root
        What was declared, and the home folder.
    clock_ms
        What tells the time.
    """

    def __init__(
        self,
        design: Design,
        root: Path,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.design = design
        self.workspace = Workspace(design, root)
        self._clock_ms = clock_ms
        self.promote = partial(self.change, "promote")
        """Make a bundle the champion: ``promote(bundle, who=…, why=…)``."""

    def standing(self) -> Standing:
        """Where the models stand."""
        home = self.workspace.home
        if not home.log.exists():
            return Standing(current_bundle(home.bundles))
        with home.open_log() as log:
            return trained_first(home.bundles, log.entries_of(MODEL_CHANGE))

    def rollback(self, *, who: str, why: str, segment: str = "") -> ModelChange:
        """Bring back the champion before this one; see `change`."""
        return self.change("rollback", None, who=who, why=why, segment=segment)

    def stop(self, *, who: str, why: str, evidence: Mapping[str, Value] | None = None) -> ModelChange:
        """End the challenger's trial; see `change`."""
        return self.change("stop", None, who=who, why=why, evidence=evidence)

    def change(
        self,
        action: Action,
        bundle: str | None,
        *,
        who: str,
        why: str,
        segment: str = "",
        share: float | None = None,
        evidence: Mapping[str, Value] | None = None,
    ) -> ModelChange:
        """Log a change of the models at work; a running service takes it up within a second.

        Parameters
        ----------
        action
            What is done, see `ModelChange`.
        bundle
            The champion or challenger to be; `None` for a rollback or a stop.
        who, why
            For those who ask later.
        segment
            The value of the rollout's segment field that it is about; empty for all.
        share
            Of entities, for a canary or an A/B test; by default as declared.
        evidence
            The figures behind it.

        Raises
        ------
        UsageError
            It is not possible from where the models stand; or there are no segments.
        BundleError
            The bundle is missing, damaged, or made for other features.
        DataError
            Someone else changed the models at the same time.
        """
        rollout = self.design.serving.rollout
        if segment and rollout.segment is None:
            hint = "Declare the field that tells them apart: sf.Rollout(segment=…)"
            raise UsageError("There are no segments.", [Fault("segment", "none", repr(segment), hint)])
        if bundle is not None:
            bundle = self._checked(bundle)
        if share is None:
            share = {"canary": rollout.canary_share, "ab": rollout.ab.share}.get(action, 0.0)
        home = self.workspace.home
        with home.open_log() as log:
            standing = trained_first(home.bundles, log.entries_of(MODEL_CHANGE))
            change = standing.next(
                action, bundle, who=who, why=why, at_ms=self._clock_ms(),
                segment=segment, share=share, evidence=evidence,
            )  # fmt: skip
            try:
                log.append([change.entry()])
            except DataError as error:
                hint = "Someone changed the models at the same time; look again"
                fault = Fault(f"change {change.number}", "the next one", "one that is there already", hint)
                raise DataError("The models stay as they are.", [fault]) from error
        standing.take(change)
        keep_in_step(home.bundles, standing)
        return change

    def status(self) -> dict[str, Any]:
        """Where the models stand, and every change so far, as plain data."""
        return self.standing().to_json()

    def _checked(self, bundle: str) -> str:
        """The id of a bundle that lies in the home and fits the design."""
        home = self.workspace.home
        found = self.workspace.bundle(bundle)
        if found.path.resolve().parent != home.bundles.resolve():
            hint = "Copy its folder there first"
            raise BundleError(
                "The bundle is not of this home.", [Fault("bundle", f"one in {home.bundles}", bundle, hint)]
            )
        return found.id
