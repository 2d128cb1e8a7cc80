"""The two streams that decide a payment: payments as the gateway sees them, and chargebacks, weeks late."""

from __future__ import annotations

import sevenfold as sf

__all__ = ["Chargeback", "Payment"]


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    """One card payment, as the gateway sees it before authorisation."""

    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    merchant: sf.Entity
    device: sf.Entity | None = None
    ip: sf.Entity | None = None
    amount: sf.Money
    currency: sf.Category = "EUR"
    country: sf.Category | None = None


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    """A cardholder's bank takes a payment back; the first that anyone hears of a fraud, if they ever do."""

    chargeback_id: str
    reported_at: sf.Timestamp
    payment_id: str
    card: sf.Entity
    merchant: sf.Entity
