"""What is at stake is the amount that the policy names, in training as in decisions."""

from __future__ import annotations

import polars as pl

import sevenfold as sf
from sevenfold.data.table import normalise
from sevenfold.design.stakes import stakes_of
from sevenfold.problem.problem import Cost


class Sale(sf.Event, key="id", time="at"):
    """A sale with two amounts of money."""

    id: str
    at: sf.Timestamp
    price: sf.Money = 0
    tip: sf.Money = 0
    buyer: sf.Entity | None = None


def _design(amount: str | None) -> sf.Design:
    return sf.Design(
        name="sales",
        events=[Sale],
        features=sf.features(price=Sale.price, n=Sale.count().by(Sale.buyer).over("1d")),
        problem=sf.Problem(goal="g", decision="d", missed=Cost(share=1.0), false_alarm=Cost(fixed=1.0)),
        serving=sf.Serving(policy=sf.Policy(amount=amount)),
    )


def test_stakes_follow_the_amount_that_the_policy_names():
    frame = pl.DataFrame({"id": ["a"], "at": [0], "price": ["100.00"], "tip": ["7.00"], "buyer": ["b"]})
    for amount, lost in ((None, 100.0), ("price", 100.0), ("tip", 7.0)):
        design = _design(amount)
        features = design.backfill({"Sale": frame}).drop("id")
        stakes = stakes_of(design, normalise(Sale, frame), features)
        assert stakes is not None
        assert stakes.loss.tolist() == [lost]
