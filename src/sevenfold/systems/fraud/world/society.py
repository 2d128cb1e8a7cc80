"""Everybody and everything that payments run between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.systems.fraud.world.merchants import Merchants
from sevenfold.systems.fraud.world.network import Network
from sevenfold.systems.fraud.world.people import People

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.plan import Plan

__all__ = ["Society"]


@dataclass(frozen=True, slots=True)
class Society:
    """The standing part of a world: it is made once, then payments are drawn from it slice by slice."""

    plan: Plan
    merchants: Merchants
    people: People
    network: Network

    @classmethod
    def found(cls, plan: Plan) -> Society:
        """Make the society that a plan asks for."""
        merchants = Merchants.settle(plan)
        people = People.settle(plan, merchants)
        return cls(plan, merchants, people, Network.lay(people, plan))
