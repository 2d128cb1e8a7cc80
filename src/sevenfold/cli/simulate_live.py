"""``sevenfold simulate --live``: a world that a running service decides, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.serving.replay.client import Target
    from sevenfold.systems.fraud.world import LiveWorld

__all__ = ["simulate_live"]


def simulate_live(terminal: Terminal, world: LiveWorld, target: Target, seed: int) -> dict[str, Any]:
    """Have a service decide a world to its end, and tell week by week what it cost.

    Parameters
    ----------
    terminal
        Where a person looks on.
    world
        The world.
    target
        The service.
    seed
        Of the reviewers.
    """
    from sevenfold.design.load import load
    from sevenfold.systems.fraud.loop.door import Clock
    from sevenfold.systems.fraud.loop.ledger import Ledger
    from sevenfold.systems.fraud.loop.life import Life
    from sevenfold.systems.fraud.loop.over_http import OverHttp
    from sevenfold.systems.fraud.world.reviewers import Reviewers

    design = load("fraud")
    assert design.problem is not None  # noqa: S101  (the shipped design states it)
    door = OverHttp(target, design.events, design.decides)
    ledger = Ledger(design.problem, watched="")
    days = world.plan.days
    try:
        with terminal.progress("living", days, unit="days") as tick:
            for day in Life(world, door, Clock(), Reviewers(seed)).days(iter(world)):
                ledger.add(day.number, day.decided)
                tick(day.number + 1, days)
    finally:
        door.close()
    weeks = (
        ledger.frame().with_columns(week=1 + ledger.frame()["day"] // 7).group_by("week").sum().sort("week")
    )
    terminal.table(
        ["week", "payments", "frauds", "stopped", "honest stopped", "reviews", "lost"],
        [
            (
                *(f"{row[name]:,}" for name in ("week", "payments", "frauds", "stopped", "honest_stopped")),
                f"{row['reviews']:,}",
                f"{row['lost']:,.2f}",
            )
            for row in weeks.rows(named=True)
        ],
        title="By the truth, which the service never sees; lost to frauds, false alarms and reviews",
    )
    total = ledger.frame().drop("day").sum().row(0, named=True)
    return {"payments": world.made, "blocked": world.blocked, "days": days, **total}
