"""The two streams of the Handbook: transactions, and the reports of fraud that follow seven days later."""

from __future__ import annotations

import sevenfold as sf

__all__ = ["FraudReport", "Transaction"]


class Transaction(sf.Event, key="transaction_id", time="occurred_at"):
    """One card payment of a customer at a terminal."""

    transaction_id: str
    occurred_at: sf.Timestamp
    customer: sf.Entity
    terminal: sf.Entity
    amount: sf.Money


class FraudReport(sf.Event, key="report_id", time="reported_at"):
    """Word that a transaction was fraud, exactly seven days after it happened; only frauds are reported.

    The book's terminal risk over w days is the share of frauds among the transactions of (t - 7d - w, t -
    7d]: ``FraudReport.count().by(FraudReport.terminal).over("1d", "7d", "30d")`` frauds, divided by
    ``Transaction.count().by(Transaction.terminal).over("1d", "7d", "30d", delay="7d")`` transactions. The
    window closes at t - 7d with that moment inside, so of a report and a transaction in the same second the
    report comes first: the table has three such pairs. The amount is that of the transaction, which a report
    names: a reader could look it up.
    """

    report_id: str
    reported_at: sf.Timestamp
    transaction_id: str
    customer: sf.Entity
    terminal: sf.Entity
    amount: sf.Money
