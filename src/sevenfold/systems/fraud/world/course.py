"""The course of a world: all its payments, slice by slice, always the same for the same plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sevenfold.systems.fraud.world.batch import Batch
from sevenfold.systems.fraud.world.calendar import share_out
from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.ordinary import ordinary
from sevenfold.systems.fraud.world.patterns import FRIENDLY
from sevenfold.systems.fraud.world.patterns.friendly_fraud import dispute
from sevenfold.systems.fraud.world.society import Society
from sevenfold.systems.fraud.world.subscriptions import Subscriptions
from sevenfold.systems.fraud.world.underworld import Underworld

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.plan import Plan, Slice

__all__ = ["Course"]


class Course:
    """Everything that happens in a world.

    Parameters
    ----------
    plan
        The order for it.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = Society.found(plan)
        self.underworld = Underworld(plan)
        self._subscriptions = Subscriptions.sign(self.world)
        charged = int(self._subscriptions.charges(plan).sum())
        self._counts = share_out(plan, self.world.people, plan.payments - plan.frauds - charged)

    def payments(self, piece: Slice) -> Batch:
        """Return all payments of a slice, in time; slices must be asked for in order."""
        stolen = self.underworld.payments(self.world, piece)
        honest = Batch.concat(
            [
                ordinary(self.world, piece, self._counts[piece.first : piece.stop]),
                self._subscriptions.payments(self.world, piece),
            ]
        )
        honest = replace(honest, card=self.underworld.reissues.issued(honest.card, honest.time))
        dispute(self.world, stream(self.plan.seed, "disputes", piece.number), honest, FRIENDLY)
        batch = Batch.concat([honest, stolen]).in_time(stream(self.plan.seed, "order", piece.number))
        _break(self.plan, piece, batch)
        return batch


def _break(plan: Plan, piece: Slice, batch: Batch) -> None:
    """Lose what the outages of upstream fields lose, in place."""
    chance = stream(plan.seed, "outages", piece.number)
    day = (batch.time - plan.start_ms) // DAY
    for turn in plan.of_kind("outage"):
        lost = (day >= turn.first) & (day < turn.stop) & (chance.random(len(batch)) < turn.size)
        if turn.name == "amount":
            batch.cents[lost] *= 100
        else:
            getattr(batch, turn.name)[lost] = -1
