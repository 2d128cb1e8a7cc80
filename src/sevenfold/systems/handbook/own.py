"""The same system with features of our own: what a terminal's and a customer's past say, to the second.

Three things are known of the table from reading its history, as an analyst would: stolen terminals turn every
payment into a fraud for some weeks, stolen cards pay several times what their owner pays, and neither is
reported before a week has passed. The features say in our language how far each of them fits a payment.
"""

from __future__ import annotations

import sevenfold as sf
from sevenfold.systems.handbook.candidates import OWN, WEEK
from sevenfold.systems.handbook.events import FraudReport, Transaction

__all__ = ["design", "features"]

t = Transaction
r = FraudReport
DELAY = "7d"
BEFORE = "1ms"
"""A window that ends so far before an event holds all but that event."""

SHORT = ("1d", "2d", "4d", "7d")
LONG = ("14d", "21d", "28d")

# Transactions whose label is known, reported or not: those of a week ago and before.
known_amount = t.amount.sum().by(t.customer).over("all", delay=DELAY)
known_count = t.count().by(t.customer).over("all", delay=DELAY)
stolen_amount = r.amount.sum().by(r.customer).over("all")
stolen_count = r.count().by(r.customer).over("all")
usual = (known_amount - stolen_amount) / (known_count - stolen_count)
"""What a customer pays on average, what was reported as stolen left out."""

features = sf.features(
    amount=t.amount,
    hour=t.occurred_at.hour(),
    weekend=t.occurred_at.is_weekend(),
    # The customer: how unlike itself, now and lately.
    customer_count=t.count().by(t.customer).over("1d", "7d", "30d"),
    customer_usual=usual,
    amount_ratio=t.amount / usual,
    amount_score=(t.amount - t.amount.mean().by(t.customer).over("90d", delay=BEFORE))
    / t.amount.std().by(t.customer).over("90d", delay=BEFORE),
    amount_over_max=t.amount / t.amount.max().by(t.customer).over("90d", delay=BEFORE),
    customer_max_ratio_1d=t.amount.max().by(t.customer).over("1d", delay=BEFORE) / usual,
    customer_max_ratio_3d=t.amount.max().by(t.customer).over("3d", delay=BEFORE) / usual,
    customer_max_ratio_7d=t.amount.max().by(t.customer).over("7d", delay=BEFORE) / usual,
    customer_max_ratio_14d=t.amount.max().by(t.customer).over("14d", delay=BEFORE) / usual,
    customer_mean_ratio_3d=t.amount.mean().by(t.customer).over("3d", delay=BEFORE) / usual,
    customer_mean_ratio_7d=t.amount.mean().by(t.customer).over("7d", delay=BEFORE) / usual,
    customer_reports=r.count().by(r.customer).over("7d", "14d", "28d"),
    customer_report_ratio=r.amount.max().by(r.customer).over("14d") / usual,
    customer_report_idle=t.occurred_at - r.reported_at.last().by(r.customer).over("28d"),
    # The terminal: what was reported of it, of how many, since when, and for how long without an exception.
    terminal_count=t.count().by(t.terminal).over("1d", "7d", "30d"),
    terminal_reports=r.count().by(r.terminal).over(*SHORT, *LONG),
    terminal_small_reports=r.count(where=r.amount <= 220).by(r.terminal).over("4d", "7d", "14d", "28d"),
    terminal_honest_1d=t.count().by(t.terminal).over("1d", delay=DELAY) - r.count().by(r.terminal).over("1d"),
    terminal_honest_2d=t.count().by(t.terminal).over("2d", delay=DELAY) - r.count().by(r.terminal).over("2d"),
    terminal_honest_4d=t.count().by(t.terminal).over("4d", delay=DELAY) - r.count().by(r.terminal).over("4d"),
    terminal_honest_7d=t.count().by(t.terminal).over("7d", delay=DELAY) - r.count().by(r.terminal).over("7d"),
    terminal_honest_14d=t.count().by(t.terminal).over("14d", delay=DELAY)
    - r.count().by(r.terminal).over("14d"),
    terminal_honest_21d=t.count().by(t.terminal).over("21d", delay=DELAY)
    - r.count().by(r.terminal).over("21d"),
    terminal_risk=(
        r.count().by(r.terminal).over("1d", "7d", "14d", "28d")
        / t.count().by(t.terminal).over("1d", "7d", "14d", "28d", delay=DELAY)
    ).fill_null(0),
    terminal_report_idle=t.occurred_at - r.reported_at.last().by(r.terminal).over("28d"),
    terminal_report_age=t.occurred_at - r.reported_at.first().by(r.terminal).over("28d"),
    terminal_report_load=r.decayed_count("3d").by(r.terminal),
)

design = sf.Design(
    name="handbook",
    events=[FraudReport, Transaction],
    features=features,
    label=sf.Label(event=FraudReport, on=Transaction, key="transaction_id", matures="7d"),
    learning=sf.Learning(candidates=OWN, folds=WEEK, entity="customer", review_per_day=100),
    because="The same events, labels and protocol as the book; only what is known of each payment differs.",
)
