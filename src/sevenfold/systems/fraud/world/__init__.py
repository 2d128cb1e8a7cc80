"""A payments world of our own: seeded, reproducible, and with the truth beside it.

Customers with homes, habits, devices and pay days pay merchants; thieves steal from them in the ways of
`patterns`; chargebacks tell of it weeks later, or never. `simulate` writes a world to disk; a `LiveWorld`
goes on step by step, and its thieves learn from what is blocked.
"""

from __future__ import annotations

from sevenfold.systems.fraud.world.description import Description, describe
from sevenfold.systems.fraud.world.live import LiveWorld, Step
from sevenfold.systems.fraud.world.picture import draw
from sevenfold.systems.fraud.world.plan import Plan
from sevenfold.systems.fraud.world.reviewers import Reviewers
from sevenfold.systems.fraud.world.simulation import WorldReport, simulate
from sevenfold.systems.fraud.world.turns import Turn

__all__ = [
    "Description",
    "LiveWorld",
    "Plan",
    "Reviewers",
    "Step",
    "Turn",
    "WorldReport",
    "describe",
    "draw",
    "simulate",
]
