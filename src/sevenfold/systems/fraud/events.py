"""The streams that decide a payment: payments as the gateway sees them, and what is heard of them later.

Nothing is told of a payment before it was known: whether the issuer declined it is an event of its own, a
second later; that money went back, another one, days later; that it was a fraud, a third one, weeks later,
if ever.
"""

from __future__ import annotations

import sevenfold as sf

__all__ = ["Chargeback", "Decline", "Payment", "Refund"]


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
    channel: sf.Category | None = None


class Decline(sf.Event, key="decline_id", time="declined_at"):
    """The issuer of the card said no: no money moved, and no chargeback will tell what the payment was."""

    decline_id: str
    declined_at: sf.Timestamp
    payment_id: str
    card: sf.Entity
    merchant: sf.Entity
    device: sf.Entity | None = None
    ip: sf.Entity | None = None
    reason: sf.Category | None = None


class Refund(sf.Event, key="refund_id", time="refunded_at"):
    """A merchant gave a payment back, or a part of it."""

    refund_id: str
    refunded_at: sf.Timestamp
    payment_id: str
    card: sf.Entity
    merchant: sf.Entity
    amount: sf.Money
    currency: sf.Category = "EUR"


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    """A cardholder's bank takes a payment back; the first that anyone hears of a fraud, if they ever do."""

    chargeback_id: str
    reported_at: sf.Timestamp
    payment_id: str
    card: sf.Entity
    merchant: sf.Entity
