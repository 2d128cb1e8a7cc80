"""Which days are busy: the week, the season, and the days after people were paid."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.people import PAYDAYS, People

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices
    from sevenfold.systems.fraud.world.plan import Plan

__all__ = ["busy", "share_out"]

_WEEK = np.array([0.94, 0.95, 0.97, 1.02, 1.15, 1.12, 0.85])
"""Monday to Sunday."""

_SALES = {(11, 27): 1.7, (11, 28): 1.4, (11, 30): 1.5, (12, 24): 0.7, (12, 25): 0.45, (1, 1): 0.6}
"""Days of sales and feasts, by month and day."""

_AFTER_PAY = np.array([1.35, 1.3, 1.2, 1.12, 1.06])
"""How much more people spend on the day of pay and the four days after it."""


def busy(plan: Plan) -> Floats:
    """Return how busy each day is for each pay-day group; float64, shape (days, 4), 1.0 is ordinary."""
    dates = [plan.start + timedelta(days=day) for day in range(plan.days)]
    week = np.array([_WEEK[date.weekday()] for date in dates])
    season = np.array(
        [1.0 + 0.12 * (date.month in (11, 12)) - 0.05 * (date.month in (1, 2)) for date in dates]
    )
    sales = np.array([_SALES.get((date.month, date.day), 1.0) for date in dates])
    of_month = np.array([date.day for date in dates])
    since = (of_month[:, None] - np.array(PAYDAYS)[None, :]) % 31
    paid = np.where(since < len(_AFTER_PAY), _AFTER_PAY[since.clip(0, len(_AFTER_PAY) - 1)], 0.96)
    common: Floats = (week * season * sales)[:, None]
    return common * paid


def share_out(plan: Plan, people: People, payments: int) -> Indices:
    """Say how many ordinary payments each pay-day group makes on each day.

    Returns
    -------
    Array of int64, shape (days, 4)
        Adds up to ``payments`` exactly.
    """
    days = np.arange(plan.days)
    active = np.stack(
        [
            people.paying[people.members(group, days)] - people.paying[people.groups[group]]
            for group in range(len(PAYDAYS))
        ],
        axis=1,
    )
    weight = (busy(plan) * active).ravel()
    counts = stream(plan.seed, "calendar").multinomial(payments, weight / weight.sum())
    return counts.reshape(plan.days, len(PAYDAYS))
