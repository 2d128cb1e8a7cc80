"""Designs that more than one test looks at."""

from __future__ import annotations

from sample_events import Chargeback, Payment, Profile, Transfer

import sevenfold as sf

__all__ = ["account_features", "wide_features"]


def wide_features() -> sf.features:
    """Every function, over windows that share rows and over some that don't, of four streams."""
    p, c, profile, t = Payment, Chargeback, Profile, Transfer
    return sf.features(
        amount=p.amount,
        hour=p.occurred_at.hour(),
        weekend=p.occurred_at.is_weekend(),
        country=p.country,
        age_of_card=p.occurred_at - p.card_since,
        n=p.count().by(p.card).over("10m", "1h", "all"),
        total=p.amount.sum().by(p.card).over("1h", "all"),
        mean=p.amount.mean().by(p.card).over("1h", "1d"),
        std=p.amount.std().by(p.card).over("1h", "all"),
        least=p.amount.min().by(p.card).over("10m", "1h", "all"),
        most=p.amount.max().by(p.merchant).over("1h"),
        most_before=p.amount.max().by(p.merchant).over("1h", delay="10m"),
        score_most=p.score.max().by(p.card).over("1h", "all"),
        score_total=p.score.sum().by(p.card).over("1h", "all"),
        score_std=p.score.std().by(p.card).over("1h"),
        score_mean=p.score.mean().by(p.device).over("1h"),
        items_std=p.items.std().by(p.device).over("1d", "all"),
        cards=p.card.n_unique().by(p.device).over("10m", "1h", "all"),
        countries=p.country.n_unique().by(p.merchant).over("1h", delay="10m"),
        scores=p.score.n_unique().by(p.merchant).over("1h", "7d"),
        first_country=p.country.first().by(p.card).over("1h"),
        first_amount=p.amount.first().by(p.card).over("all"),
        first_before=p.amount.first().by(p.card).over("all", delay="1h"),
        last_score=p.score.last().by(p.card).over("1h"),
        last_country=p.country.last().by(p.merchant).over("all"),
        idle=p.occurred_at.since_last().by(p.card),
        age=p.occurred_at.since_first().by(p.card),
        lag1=p.amount.lag(1).by(p.card),
        lag3=p.score.lag(3).by(p.card),
        changed=p.country.changed().by(p.card),
        burst=p.decayed_count("1h").by(p.card),
        heat=p.amount.decayed_sum("10m").by(p.merchant),
        share=(p.amount > 50).mean().by(p.card).over("1h"),
        online_total=p.amount.sum(where=p.online).by(p.card).over("1h"),
        german=p.count(where=p.country == "DE").by(p.merchant).over("1h"),
        reports=c.count().by(c.merchant).over("1h", "all"),
        report_idle=c.reported_at.since_last().by(c.merchant),
        fees=c.fee.sum().by(c.card).over("1d"),
        pair=p.count().by(p.card, p.merchant).over("1d"),
        pair_reports=c.count().by(c.merchant, c.card).over("1d"),
        ratio=p.amount / p.amount.mean().by(p.card).over("1h"),
        choice=sf.when(p.online & (p.amount > 20)).then(1.5).otherwise(p.score.fill_null(0.0)),
        word=sf.when(p.online).then("online").otherwise(p.country.fill_null("nowhere")),
        known=p.country.is_in("DE", "FR"),
        before=p.count().by(p.card).over("1h", "all", delay="10m"),
        total_before=p.amount.sum().by(p.card).over("1h", delay="10m"),
        segment=profile.segment.last().by(profile.card).over("all"),
        limit_used=p.amount / profile.limit.last().by(profile.card).over("all"),
        received=t.amount.sum().by(t.receiver).over("1d"),
        sent=t.count().by(t.sender).over("1d").at(p.payer),
    )


def account_features() -> sf.features:
    """Transfers between accounts, seen from both ends."""
    t, p = Transfer, Payment
    return sf.features(
        sent=t.amount.sum().by(t.sender).over("1h", "all"),
        received=t.amount.sum().by(t.receiver).over("1h", "all"),
        sent_by_receiver=t.count().by(t.sender).over("1d").at(t.receiver),
        received_by_sender=t.amount.max().by(t.receiver).over("1d").at(t.sender),
        pair=t.count().by(t.sender, t.receiver).over("all"),
        pair_back=t.count().by(t.sender, t.receiver).over("all").at(t.receiver, t.sender),
        pair_swapped=t.amount.std().by(t.receiver, t.sender).over("7d"),
        senders=t.sender.n_unique().by(t.receiver).over("1d", "all"),
        since_sent=t.made_at.since_last().by(t.sender),
        since_received=t.made_at.since_last().by(t.receiver).at(t.sender),
        risk=t.risk.mean().by(t.sender).over("1d"),
        instant=t.instant.mean().by(t.receiver).over("1d"),
        paid=p.amount.sum().by(p.payer).over("7d").at(t.sender),
        paid_by_receiver=p.count().by(p.payer).over("7d").at(t.receiver),
    )
