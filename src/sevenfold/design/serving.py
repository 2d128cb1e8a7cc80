"""A design put to work: its log, its newest model and its policy, together as a service."""

from __future__ import annotations

import logging
import secrets
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from sevenfold.data.durable import replacing
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.policing import problem_of, sheet_of
from sevenfold.design.rollout import RolloutDesk, keep_in_step, resolver, trained_first
from sevenfold.design.snapshot import snapshot_command
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, SevenfoldError, UsageError
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.learning.scorer import RowScorer
from sevenfold.serving.judge import PolicyJudge
from sevenfold.serving.model import ServedModel
from sevenfold.serving.names import MODEL_CHANGE
from sevenfold.serving.parts import Parts
from sevenfold.serving.reasons.explainer import Explainer
from sevenfold.serving.rollout.routing import Resolved
from sevenfold.serving.service import DecisionService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sevenfold.data.log import LogEntry
    from sevenfold.design.design import Design
    from sevenfold.learning.bundle import Bundle
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["open_service", "served_model"]

_LOG = logging.getLogger("sevenfold.rollout")


def open_service(
    design: Design, root: Path, model: str | None = None, clock_ms: Callable[[], int] | None = None
) -> DecisionService:
    """Open the service of a design, with the models that its log names.

    Where the champion cannot be used it decides by rules alone, and says so. While it runs it takes up
    changes of the models within a second.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    model
        The id or the folder of a bundle, which then decides whatever the log says of models; by default
        the champion, which is the current one where none was promoted.
    clock_ms
        What tells the time, in epoch milliseconds; by default the machine's clock.

    Raises
    ------
    LogError
        Where the log is damaged.
    BundleError, UsageError
        Where the model that was named cannot be used.
    """
    workspace = Workspace(design, root)
    home = workspace.home
    home.folder.mkdir(parents=True, exist_ok=True)
    key, sheet = _control_key(home.control_key), sheet_of(design)
    clock = clock_ms if clock_ms is not None else _machine_ms
    log = SqliteEventLog(home.log, design.serving.durability, clock_ms=clock)
    try:
        changes = log.entries_of(MODEL_CHANGE) if model is None else []
        keep_in_step(home.bundles, trained_first(home.bundles, changes))
        resolve = resolver(design, root, served_model, key)
        found, trouble = _first(workspace, resolve, changes, model)
    except BaseException:
        log.close()
        raise
    return DecisionService(
        Parts(
            plan=design.plan,
            events=design.events,
            decides=design.decides,
            lateness=design.lateness_ms,
            serving=design.serving,
            log=log,
            snapshots=home.snapshots,
            model=found.champion,
            judge=partial(_judge, design, sheet, key),
            explain=partial(_explainer, design),
            about=_about(design),
            trouble=trouble,
            snapshot_command=None if design.source is None else snapshot_command(design.source, root),
            clock_ms=clock,
            routing=found.routing,
            resolve=resolve if model is None else None,
            resolved=len(changes),
            shadow=found.shadow,
            shadow_command=None if design.source is None else partial(_shadow_command, design.source, root),
            unfit=partial(_unfit, RolloutDesk(design, root, clock)),
        )
    )


def _first(
    workspace: Workspace,
    resolve: Callable[[list[LogEntry]], Resolved],
    changes: list[LogEntry],
    model: str | None,
) -> tuple[Resolved, str]:
    """The models to begin with, and what is the matter with them."""
    try:
        if model is not None:
            return Resolved(served_model(workspace.bundle(model))), ""
        if not changes:
            workspace.bundle()  # which says what to do where there is none
        return resolve(changes), ""
    except (BundleError, UsageError) as error:
        if model is not None:
            raise
        return Resolved(None), str(error)
    except Exception as error:  # noqa: BLE001 - the runtime's own refusals have no common base
        return Resolved(None), f"The model can't be loaded: {type(error).__name__}: {error}"


def _shadow_command(source: str, root: Path, bundle: str) -> tuple[str, ...]:
    return sys.executable, "-m", "sevenfold.design.shadow", source, str(root.absolute()), bundle


def _unfit(desk: RolloutDesk, bundle: str, why: str) -> None:
    """Stop the trial of a bundle in the shadow, where it is not over already."""
    try:
        trial = desk.standing().trial
        if trial is not None and trial.bundle == bundle:
            desk.stop(who="service", why=why)
    except SevenfoldError as error:
        _LOG.warning("the trial of %s could not be stopped: %s", bundle, error.summary)


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000


def served_model(bundle: Bundle) -> ServedModel:
    """Load a bundle's model as a service takes it: flat where it can be, else in ONNX Runtime."""
    scale = bundle.metadata.get("risk_scale")
    return ServedModel(
        bundle.id,
        bundle.encoding,
        bundle.served(),
        None if scale is None else RiskScale.from_json(scale),
        float(bundle.metadata.get("review_price", 0.0)),
        bundle.reference,
    )


def _judge(design: Design, sheet: Sheet, key: bytes, model: ServedModel | None) -> PolicyJudge:
    return PolicyJudge(
        sheet,
        design.serving.policy,
        problem_of(design),
        scale=None if model is None else model.risk_scale,
        review_price=0.0 if model is None else model.review_price,
        control_key=key,
    )


def _explainer(design: Design, model: ServedModel) -> Explainer | None:
    """What finds reasons; none for a model that is not ours."""
    if not isinstance(model.model, RowScorer):
        return None
    event = design.events[design.decides]
    return Explainer(design.features, event, model.model, model.reference, count=design.serving.reasons)


def _about(design: Design) -> str | None:
    """The entity that people look at, and whose earlier decisions say what is usual for it."""
    entity = design.learning.entity
    return entity if entity in design.events[design.decides].__fields__ else None


def _control_key(path: Path) -> bytes:
    """Read the key of the control group, which is drawn the first time."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        with replacing(path) as unfinished:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(secrets.token_bytes(32))
        return path.read_bytes()
