"""Real-time payment-fraud detection: the complete example, in seven answers."""

from __future__ import annotations

import sevenfold as sf
from sevenfold.learning.splits import Prequential
from sevenfold.problem.problem import Cost, ServiceLevels
from sevenfold.systems.fraud.events import Chargeback, Decline, Payment, Refund

__all__ = ["design"]

p = Payment
WINDOWS = ("10m", "1h", "1d", "7d", "30d")

features = sf.features(
    # The payment itself.
    amount=p.amount,
    log_amount=p.amount.log1p(),
    hour=p.occurred_at.hour(),
    day_of_week=p.occurred_at.day_of_week(),
    weekend=p.occurred_at.is_weekend(),
    country=p.country,
    channel=p.channel,
    # The card: how often, how much, how unlike itself.
    card_count=p.count().by(p.card).over(*WINDOWS),
    card_amount=p.amount.mean().by(p.card).over("1d", "7d", "30d"),
    card_total=p.amount.sum().by(p.card).over("1h", "1d"),
    card_amount_max=p.amount.max().by(p.card).over("30d"),
    card_amount_std=p.amount.std().by(p.card).over("30d"),
    card_amount_ratio=p.amount / p.amount.mean().by(p.card).over("30d"),
    card_amount_step=p.amount / p.amount.lag(1).by(p.card),
    card_small=(p.amount < 5).mean().by(p.card).over("1h", "1d"),
    card_idle=p.occurred_at.since_last().by(p.card),
    card_age=p.occurred_at.since_first().by(p.card),
    card_merchants=p.merchant.n_unique().by(p.card).over("1h", "1d", "7d"),
    card_devices=p.device.n_unique().by(p.card).over("1d", "30d"),
    card_countries=p.country.n_unique().by(p.card).over("1d", "30d"),
    card_country_changed=p.country.changed().by(p.card),
    card_device_changed=p.device.changed().by(p.card),
    card_ip_changed=p.ip.changed().by(p.card),
    card_burst=p.decayed_count("5m")
    .by(p.card)
    .described("burst of payments with this card, of late", "The card was used many times within minutes."),
    # What this card has done before with these others.
    card_merchant_seen=p.count().by(p.card, p.merchant).over("90d"),
    card_device_seen=p.count().by(p.card, p.device).over("90d"),
    card_device_age=p.occurred_at.since_first()
    .by(p.card, p.device)
    .described("time since this card was first used on this device", "The device is new to this card."),
    card_reports=Chargeback.count().by(Chargeback.card).over("90d"),
    # What issuers and merchants said of the card before: refusals at once, refunds days later.
    card_declines=Decline.count().by(Decline.card).over("1h", "1d", "30d"),
    card_refunds=Refund.count().by(Refund.card).over("30d", "90d"),
    card_refunded=Refund.amount.sum().by(Refund.card).over("90d"),
    # The device and the address: one thief, many cards.
    device_count=p.count().by(p.device).over("1h", "1d", "7d"),
    device_cards=p.card.n_unique()
    .by(p.device)
    .over("1d", "7d")
    .described(
        "number of cards used on this device in the {window}", "The device was used with several cards."
    ),
    ip_count=p.count().by(p.ip).over("10m", "1h", "1d"),
    ip_cards=p.card.n_unique()
    .by(p.ip)
    .over("1h", "1d")
    .described(
        "number of cards used from this address in the {window}",
        "Several cards were used from the same internet address.",
    ),
    device_declines=Decline.count().by(Decline.device).over("1h", "1d"),
    ip_declines=Decline.count().by(Decline.ip).over("1h"),
    ip_small=(p.amount < 5).mean().by(p.ip).over("1h"),
    # The merchant: bursts, tests of stolen cards, and what was reported of it.
    merchant_count=p.count().by(p.merchant).over("10m", "1h", "1d"),
    merchant_count_usual=p.count().by(p.merchant).over("10m") / p.count().by(p.merchant).over("7d"),
    merchant_amount=p.amount.mean().by(p.merchant).over("1d", "30d"),
    merchant_amount_ratio=p.amount / p.amount.mean().by(p.merchant).over("30d"),
    merchant_small=(p.amount < 5).mean().by(p.merchant).over("1h"),
    merchant_cards=p.card.n_unique().by(p.merchant).over("1h"),
    merchant_declines=Decline.count().by(Decline.merchant).over("1h", "1d"),
    merchant_refunds=Refund.count().by(Refund.merchant).over("30d"),
    merchant_idle=p.occurred_at.since_last().by(p.merchant),
    merchant_reports=Chargeback.count().by(Chargeback.merchant).over("30d", "90d"),
    merchant_report_rate=Chargeback.count().by(Chargeback.merchant).over("30d")
    / p.count().by(p.merchant).over("30d"),
)

design = sf.Design(
    name="fraud",
    problem=sf.Problem(
        goal="Stop fraudulent card payments before they are authorised, and let customers pay.",
        decision="Approve, review or block each payment while the customer waits.",
        users=("cardholders", "merchants", "fraud analysts", "the payment platform's risk team"),
        missed=Cost(share=1.0, fixed=20.0, because="The amount is lost and the scheme takes a fee."),
        false_alarm=Cost(
            share=0.02, fixed=5.0, because="The margin is lost, and some customers do not come back."
        ),
        review=Cost(fixed=3.0, because="Five minutes of an analyst."),
        service_levels=ServiceLevels(latency_p99_ms=50.0, decisions_per_second=200.0, availability=0.9995),
        constraints=(
            "Card numbers never enter: entities are tokens.",
            "A customer who is stopped is told why in a sentence.",
        ),
        expected=sf.Expected(
            per_day=2_800,
            positive_rate=0.0035,
            amount=45.0,
            entities={"card": 21_000, "device": 25_000, "ip": 120_000, "merchant": 1_400},
            other_events={"Decline": 0.05, "Refund": 0.06, "Chargeback": 0.0035},
            label_delay_days=40,
            difference=0.1,
            because="The simulated world of half a million payments in half a year.",
        ),
        because="Chargebacks arrive weeks after the payment, so that what is not stopped at once is lost.",
    ),
    events=[Payment, Decline, Refund, Chargeback],
    features=features,
    expectations=[
        sf.expect(Payment.payment_id, unique=True),
        sf.expect(
            Payment.amount, between=(0.01, 25_000), tolerate=0.001, because="No card here has a higher limit."
        ),
        sf.expect(Payment.country, nulls=0.1, because="A gateway does not know it of one payment in fifty."),
        sf.expect(Payment.channel, one_of=["shop", "online", "subscription"]),
    ],
    label=sf.Label(
        event=Chargeback,
        on=Payment,
        key="payment_id",
        matures="45d",
        because="Nine of ten chargebacks arrive within six weeks.",
    ),
    learning=sf.Learning(
        folds=Prequential(
            test="28d",
            because="Four weeks hold enough frauds for figures that can be told apart.",
        ),
        entity="card",
        review_per_day=100,
        because="Analysts can look at a hundred cards a day.",
    ),
    serving=sf.Serving(
        policy=sf.Policy(
            review_capacity_per_day=100,
            control=sf.Control(
                share=0.02,
                below=50.0,
                because="What is blocked has no label; a few small blocks tell what blocking hides.",
            ),
            because="Analysts can look at a hundred payments a day, those first whose review saves most.",
        ),
        because="An answer that a loss of power can take back is none: every decision is flushed first.",
    ),
    trust=sf.Trust(
        purposes={
            "card": "To tell a card's usual payments from a thief's: fraud prevention, GDPR recital 47.",
            "device": "To see one thief use many cards.",
            "ip": "To see one thief use many cards, where the device is not known.",
        },
        retention="730d",
        erasure="Entities are tokens: where the gateway destroys a card's token, its events are nobody's.",
        protected=("nationality",),
        because="Fraud prevention is a legitimate interest, as long as nothing else is done with the data.",
    ),
    scale=sf.Scale(
        memory_gb=8.0,
        disk_gb=100.0,
        restarts_per_month=4,
        reviewers=1.0,
        because="One machine decides far more than two hundred payments a second.",
    ),
    alternatives={
        "features": (
            sf.Alternative(
                "Features in SQL, computed every hour", "A stolen card is emptied within minutes."
            ),
        ),
        "learning": (
            sf.Alternative(
                "A neural network over the card's last payments",
                "Harder to explain to a customer, and slower to retrain, for figures that trees reach.",
            ),
        ),
        "serving": (
            sf.Alternative(
                "Deciding after the authorisation", "The money is gone by then; only the next one is saved."
            ),
        ),
    },
    accepts={
        "SF202": "Some twenty thousand cards and the devices they were used on take 0.3 GB; a card that is "
        "replaced leaves a kilobyte behind.",
        "SF408": "Some ten euros a month are less than the reviews that would take their place.",
        "SF508": "The service meets cards again that were seen in fraud, until they are replaced, and is "
        "judged as it works; the Handbook's design measures new cases alone.",
        "SF605": "It tells where a payment comes from, and thieves' routes show in it; it says little of "
        "who pays.",
        "SF606": "No event tells anyone's nationality, so that there is no group of it to watch.",
        "SF701": "The defaults of monitoring were made for this design.",
        "SF705": "Money saved hangs on a few large frauds of a fold; average precision is steadier, and "
        "the money stands beside it in every report.",
    },
    feedback=sf.Feedback(
        review=sf.Review(
            by=("card", "device", "ip"),
            because="A thief's payments share these; a large merchant is shared by everybody.",
        ),
        because="What analysts find is a label weeks before a chargeback is.",
    ),
    because="Velocity, novelty and company: what a card does too fast, for the first time, and with whom.",
)
