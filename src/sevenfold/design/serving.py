"""A design put to work: its log, its newest model and its policy, together as a service."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from sevenfold.data.durable import replacing
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.policing import problem_of, sheet_of
from sevenfold.design.snapshot import snapshot_command
from sevenfold.design.workspace import Workspace
from sevenfold.errors import BundleError, UsageError
from sevenfold.learning.risk_scale import RiskScale
from sevenfold.learning.scorer import RowScorer
from sevenfold.serving.judge import PolicyJudge
from sevenfold.serving.model import ServedModel
from sevenfold.serving.parts import Parts
from sevenfold.serving.reasons.explainer import Explainer
from sevenfold.serving.service import DecisionService

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.learning.bundle import Bundle
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["open_service", "served_model"]


def open_service(design: Design, root: Path, model: str | None = None) -> DecisionService:
    """Open the service of a design.

    Where the current model cannot be used it decides by rules alone, and says so.

    Parameters
    ----------
    design
        What was declared.
    root
        The home folder.
    model
        The id or the folder of a bundle; by default the current one.

    Raises
    ------
    LogError
        Where the log is damaged.
    BundleError, UsageError
        Where the model that was named cannot be used.
    """
    workspace = Workspace(design, root)
    served, trouble = None, ""
    try:
        served = served_model(workspace.bundle(model))
    except (BundleError, UsageError) as error:
        if model is not None:
            raise
        trouble = str(error)
    except Exception as error:  # noqa: BLE001 - the runtime's own refusals have no common base
        trouble = f"The model can't be loaded: {type(error).__name__}: {error}"
    home = workspace.home
    home.folder.mkdir(parents=True, exist_ok=True)
    key, sheet = _control_key(home.control_key), sheet_of(design)
    return DecisionService(
        Parts(
            plan=design.plan,
            events=design.events,
            decides=design.decides,
            lateness=design.lateness_ms,
            serving=design.serving,
            log=SqliteEventLog(home.log, design.serving.durability),
            snapshots=home.snapshots,
            model=served,
            judge=partial(_judge, design, sheet, key),
            explain=partial(_explainer, design),
            about=_about(design),
            trouble=trouble,
            snapshot_command=None if design.source is None else snapshot_command(design.source, root),
        )
    )


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
