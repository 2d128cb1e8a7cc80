"""The Fraud Detection Handbook's own system, rebuilt: its features and its protocol, in our language."""

from __future__ import annotations

import sevenfold as sf
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.learning.xgboost import XGBoost
from sevenfold.problem.problem import Cost
from sevenfold.systems.handbook.events import FraudReport, Transaction

__all__ = ["design"]

t = Transaction
r = FraudReport
WINDOWS = ("1d", "7d", "30d")
DELAY = "7d"
"""From a fraud to its report (chapter 3)."""

seen = t.count().by(t.terminal).over(*WINDOWS, delay=DELAY)
reported = r.count().by(r.terminal).over(*WINDOWS)

design = sf.Design(
    name="handbook",
    problem=sf.Problem(
        goal="Measure features, learning and protocol against figures that others have published.",
        decision="Rank the cards that an investigator looks at each day.",
        users=("readers of the book", "engineers who compare systems"),
        missed=Cost(share=1.0, because="The amount is lost; the book names no other cost."),
        false_alarm=Cost(fixed=5.0, because="Assumed: the book ranks cards and counts no false alarms."),
        review=Cost(fixed=2.0, because="Assumed: the book counts a hundred looks a day and no price of one."),
        expected=sf.Expected(
            per_day=9_580,
            positive_rate=0.0084,
            amount=53.6,
            entities={"customer": 5_000, "terminal": 10_000},
            other_events={"FraudReport": 0.0084},
            label_delay_days=7,
            because="The book's table: 1,754,155 transactions of 183 days, 14,681 of them fraud.",
        ),
        because="A public table with a written protocol is worth more than a private claim.",
    ),
    # Reports first: of a report and a transaction in the same second the report is known.
    events=[FraudReport, Transaction],
    features=sf.features(
        amount=t.amount,
        during_weekend=t.occurred_at.is_weekend(),
        during_night=t.occurred_at.hour() <= 6,
        customer_nb_tx=t.count().by(t.customer).over(*WINDOWS),
        customer_avg_amount=t.amount.mean().by(t.customer).over(*WINDOWS),
        terminal_nb_tx=seen,
        terminal_risk=(reported / seen).fill_null(0),
    ),
    label=sf.Label(
        event=FraudReport,
        on=Transaction,
        key="transaction_id",
        matures="7d",
        because="The book assumes that every fraud is known after seven days.",
    ),
    learning=sf.Learning(
        candidates=(
            LogisticRegression(),
            XGBoost(
                trees=100,
                depth=3,
                rate=0.1,
                method="exact",
                base_score=0.5,
                early_stopping=None,
                because="The settings that reproduce the book's figures.",
            ),
        ),
        folds=Prequential(
            train="7d",
            delay="7d",
            test="7d",
            folds=4,
            first="2018-07-25",
            leave_out_known="customer",
            because="The four folds that the book tests on.",
        ),
        entity="customer",
        review_per_day=100,
        because="The two methods of the book whose figures are easiest to hold against ours.",
    ),
    trust=sf.Trust(
        purposes={"customer": "To rank cards that an investigator looks at; all customers are simulated."},
        retention="500d",
        erasure="Nobody asks: the table is simulated, and deleting the home deletes it.",
        because="The table is public and simulated.",
    ),
    scale=sf.Scale(because="A laptop: the table has fewer than two million rows."),
    accepts={
        "SF408": "It is never served.",
        "SF705": "The book chooses by ranking, and its figures are to be met.",
        "SF701": "It is measured and never served: nobody watches it or reviews its cases.",
    },
    because="The same table, folds, metrics and removal of known customers as the book: rows compare.",
)
