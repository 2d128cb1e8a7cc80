"""The rollout over HTTP: which models decide, and changes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sevenfold.serving.http.plugged import Plugged
from sevenfold.serving.rollout.change import Action, ModelChange

if TYPE_CHECKING:
    from sevenfold.design.rollout import RolloutDesk
    from sevenfold.serving.http.plugged import Asked

__all__ = ["ChangeAsked", "rollout_routes"]


class ChangeAsked(msgspec.Struct, forbid_unknown_fields=True):
    """A change that somebody asks for; see `ModelChange`."""

    action: Action
    why: str
    bundle: str | None = None
    segment: str = ""
    share: float | None = None


def rollout_routes(desk: RolloutDesk) -> list[Plugged]:
    """Return the routes of a design's rollout."""

    def show(_asked: Asked) -> dict[str, Any]:
        return desk.status()

    def change(asked: Asked) -> ModelChange:
        wanted: ChangeAsked = asked.body
        return desk.change(
            wanted.action,
            wanted.bundle,
            who=asked.caller.name,
            why=wanted.why,
            segment=wanted.segment,
            share=wanted.share,
        )

    example = {"action": "promote", "bundle": "0123456789abcdef", "why": "It saved more in the A/B test."}
    return [
        Plugged("GET", "/v1/rollout", "read", show, "Show which models decide, and every change.", "rollout"),
        Plugged(
            "POST", "/v1/rollout", "admin", change, "Promote, roll back, try a model, or stop its trial.",
            "rollout", body=ChangeAsked, answer=ModelChange, example=example,
        ),
    ]  # fmt: skip
