"""What a design's decisions are about, in money: the declared costs of each event of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.fields import Kind
from sevenfold.learning.stakes import Stakes
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.rules.row import wide_table
from sevenfold.serving.rules.sheet import Sheet

if TYPE_CHECKING:
    from sevenfold.design.design import Design

__all__ = ["stakes_of"]


def stakes_of(design: Design, decided: pl.DataFrame, features: pl.DataFrame) -> Stakes | None:
    """Compute what a missed positive and a false alarm cost for each decided event.

    Parameters
    ----------
    design
        The design, whose problem declares the costs.
    decided
        Physical columns of the decided events.
    features
        One column a feature, row by row of the same events.

    Returns
    -------
    Stakes
        The costs that decisions are made by; ``None`` where the design states no problem.

    Raises
    ------
    DesignError
        An expression of a cost can't be computed.
    """
    if design.problem is None:
        return None
    event = design.events[design.decides]
    sheet = Sheet(event, design.features, design.plan.asking[design.decides].names)
    costs = EventCosts(sheet, design.problem, design.serving.policy.amount)
    table = costs.table(wide_table(sheet, costs.used, decided, features, None, None))
    return Stakes(table.missed, table.false_alarm, _currency(design, decided))


def _currency(design: Design, decided: pl.DataFrame) -> str:
    """Name the one currency of what is at stake; nothing where there are several, or no amount of money."""
    fields = design.events[design.decides].__fields__
    named = design.serving.policy.amount
    amounts = fields.values() if named is None else [fields[named]]
    money = next((field for field in amounts if field.kind is Kind.MONEY), None)
    if money is None:
        return ""
    if money.currency is not None:
        return str(money.currency)
    if money.currency_field is None or money.currency_field not in decided.columns:
        return ""
    found = decided[money.currency_field].drop_nulls().unique()
    return str(found.cast(pl.String)[0]) if len(found) == 1 else ""
