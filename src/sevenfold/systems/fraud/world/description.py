"""`describe`: what a simulated world looks like, in tables and one picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Description", "describe"]

_FILES = (
    "Payment.parquet",
    "Decline.parquet",
    "Refund.parquet",
    "Chargeback.parquet",
    "truth.parquet",
    "world.json",
)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_DAY = pl.duration(days=1)
_SAMPLE = 2_000_000
"""Payments from which times between payments are taken: the first ones of the world."""


@dataclass(frozen=True, slots=True)
class Description:
    """The marginal statistics of a world.

    Parameters
    ----------
    folder
        Where it is.
    patterns
        One row a pattern: payments, share of all, attacks, cards, median euros, share reported, median days
        until then.
    quantiles
        One row a quantity (euros, minutes between payments of a card, days until a chargeback), one column
        the mean and one each quantile.
    shares
        One row a share: fraud by payments and by value, online, by subscription, declined, given back, wrong
        chargebacks, frauds never reported.
    days, hours
        Payments and frauds of each day, and of each hour of the day (UTC).
    amounts
        Payments of each width of euros (rounded powers of ten ** (1 / 8)), ordinary and fraud.
    delays
        Chargebacks by full days of delay.
    habits
        One row an age band and one a region: payments, shares of them that are online, declined, given back
        and fraud, and their median euros.
    channels
        One row a channel: payments, median euros, shares declined, given back and fraud.
    reasons
        Declines by reason, with their share.
    burstiness
        (s - m) / (s + m) of the times between payments of a card, with their mean m and deviation s: 0 where
        payments are independent, 1 where all come at once; ``None`` without payments.
    customers
        How many there are.
    """

    folder: Path
    patterns: pl.DataFrame
    quantiles: pl.DataFrame
    shares: pl.DataFrame
    days: pl.DataFrame
    hours: pl.DataFrame
    amounts: pl.DataFrame
    delays: pl.DataFrame
    habits: pl.DataFrame
    channels: pl.DataFrame
    reasons: pl.DataFrame
    burstiness: float | None
    customers: int

    def tables(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Return what is worth printing, each with its title."""
        yield "What made the payments", self.patterns
        yield "Quantiles", self.quantiles
        yield "Shares", self.shares
        yield "By channel", self.channels
        yield "By age and region of the cardholder", self.habits
        yield "Why issuers declined", self.reasons


def describe(folder: Path | str) -> Description:
    """Look at a simulated world; in bounded memory.

    Parameters
    ----------
    folder
        Where `simulate` wrote it.

    Raises
    ------
    UsageError
        If there is no world in it.
    """
    folder = Path(folder)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        hint = "`sevenfold simulate --out FOLDER` makes a world."
        raise UsageError(
            "There is no simulated world to describe.",
            [Fault(str(folder / name), "a file", "none", hint) for name in missing],
        )
    told, disputes = _told(folder), _disputes(folder)
    delays = disputes.group_by(pl.col("days").floor().cast(pl.Int64)).len("chargebacks").sort("days")
    by_time = (pl.len().alias("payments"), pl.col("is_fraud").sum().alias("frauds"))
    day = told.group_by(pl.col("occurred_at").dt.date().alias("day")).agg(by_time).sort("day")
    hour = told.group_by(pl.col("occurred_at").dt.hour().alias("hour")).agg(by_time).sort("hour")
    width = (10 ** ((pl.col("euros").clip(0.1, 1e5).log10() * 8).floor() / 8)).round(3).alias("euros")
    amount = told.group_by(width).agg(by_time).sort("euros")
    days, hours, amounts, late = pl.collect_all([day, hour, amount, delays], engine="streaming")
    return Description(
        folder=folder,
        patterns=_patterns(told, disputes),
        quantiles=_quantiles(told, disputes),
        shares=_shares(told, disputes),
        days=days,
        hours=hours,
        amounts=amounts,
        delays=late,
        habits=_habits(told),
        channels=_by(told, "channel"),
        reasons=_reasons(folder),
        burstiness=_burstiness(told),
        customers=int(json.loads((folder / "world.json").read_text(encoding="utf-8"))["customers"]),
    )


def _told(folder: Path) -> pl.LazyFrame:
    """Payments beside the truth: the files have the same rows in the same order."""
    rate = {country.currency: country.rate for country in COUNTRIES}
    payments = pl.scan_parquet(folder / "Payment.parquet")
    declines = pl.scan_parquet(folder / "Decline.parquet").select("payment_id", declined=pl.lit(True))
    back = pl.scan_parquet(folder / "Refund.parquet").select(
        "payment_id", "refunded_at", back=pl.col("amount").cast(pl.Float64)
    )
    truth = pl.scan_parquet(folder / "truth.parquet").drop("payment_id")
    told = pl.concat([payments, truth], how="horizontal")
    told = told.join(declines, on="payment_id", how="left", maintain_order="left")
    told = told.join(back, on="payment_id", how="left", maintain_order="left")
    unit = pl.col("currency").replace_strict(list(rate), list(rate.values()), return_dtype=pl.Float64)
    return told.with_columns(
        pl.col("declined").fill_null(False),
        euros=pl.col("amount").cast(pl.Float64) / unit,
        back=pl.col("back") / unit,
    )


def _disputes(folder: Path) -> pl.LazyFrame:
    chargebacks = pl.scan_parquet(folder / "Chargeback.parquet").select("payment_id", "reported_at")
    late = (pl.col("reported_at") - pl.col("occurred_at")).dt.total_milliseconds() / 86_400_000
    return _told(folder).join(chargebacks, on="payment_id").with_columns(days=late)


def _patterns(told: pl.LazyFrame, disputes: pl.LazyFrame) -> pl.DataFrame:
    counted = told.group_by("pattern").agg(
        payments=pl.len(),
        attacks=pl.col("attack").drop_nulls().n_unique(),
        cards=pl.col("card").n_unique(),
        median_euros=pl.col("euros").median().round(2),
    )
    late = pl.col("days").median().round(1)
    heard = disputes.group_by("pattern").agg(reported=pl.len(), median_days=late)
    made, reported = pl.collect_all([counted, heard], engine="streaming")
    return (
        made.join(reported, on="pattern", how="left")
        .with_columns(
            share=pl.col("payments") / pl.col("payments").sum(),
            reported=pl.col("reported").fill_null(0) / pl.col("payments"),
        )
        .select("pattern", "payments", "share", "attacks", "cards", "median_euros", "reported", "median_days")
        .sort("payments", "pattern", descending=[True, False])
    )


def _gaps(told: pl.LazyFrame) -> tuple[pl.Expr, pl.LazyFrame]:
    """Return the minutes between payments of a card, and the payments to take them from."""
    gap = pl.col("occurred_at").diff().over("card").dt.total_milliseconds() / 60_000
    return gap, told.head(_SAMPLE).filter(~pl.col("is_fraud"))


def _burstiness(told: pl.LazyFrame) -> float | None:
    gap, honest = _gaps(told)
    mean, deviation = honest.select(mean=gap.mean(), deviation=gap.std()).collect().row(0)
    return None if mean is None or deviation is None else float((deviation - mean) / (deviation + mean))


def _quantiles(told: pl.LazyFrame, disputes: pl.LazyFrame) -> pl.DataFrame:
    gap, honest = _gaps(told)
    taken = {
        "euros of an ordinary payment": told.filter(~pl.col("is_fraud")).select(value="euros"),
        "euros of a fraudulent payment": told.filter("is_fraud").select(value="euros"),
        "minutes between payments of a card": honest.select(value=gap),
        "days until a refund": told.select(
            value=(pl.col("refunded_at") - pl.col("occurred_at")) / _DAY
        ).drop_nulls(),
        "days until a chargeback": disputes.select(value="days"),
    }
    columns = [pl.col("value").mean().alias("mean")]
    columns += [pl.col("value").quantile(share).alias(f"{share:.0%}") for share in _QUANTILES]
    rows = pl.collect_all([frame.select(columns) for frame in taken.values()], engine="streaming")
    names = pl.Series("quantity", list(taken))
    return pl.concat(rows).with_columns(pl.all().round(2)).insert_column(0, names)


def _by(told: pl.LazyFrame, name: str) -> pl.DataFrame:
    """Return what sets groups of payments apart."""
    return (
        told.filter(pl.col(name).is_not_null())
        .group_by(pl.col(name))
        .agg(
            payments=pl.len(),
            median_euros=pl.col("euros").median().round(2),
            online=(pl.col("channel") == "online").mean(),
            declined=pl.col("declined").mean(),
            given_back=pl.col("back").is_not_null().mean(),
            fraud=pl.col("is_fraud").mean(),
        )
        .sort(name)
        .collect(engine="streaming")
    )


def _habits(told: pl.LazyFrame) -> pl.DataFrame:
    return pl.concat([_by(told, name).rename({name: "group"}) for name in ("age", "region")])


def _reasons(folder: Path) -> pl.DataFrame:
    counted = pl.scan_parquet(folder / "Decline.parquet").group_by("reason").agg(declines=pl.len())
    return (
        counted.with_columns(share=pl.col("declines") / pl.col("declines").sum())
        .sort("declines", "reason", descending=[True, False])
        .collect(engine="streaming")
    )


def _shares(told: pl.LazyFrame, disputes: pl.LazyFrame) -> pl.DataFrame:
    fraud, online = pl.col("is_fraud"), pl.col("channel") == "online"
    euros, declined = pl.col("euros"), pl.col("declined")
    sold = euros.filter(online & ~declined).sum()
    payments, reports = pl.collect_all(
        [
            told.select(
                fraud.mean().alias("fraud, of payments"),
                (euros.filter(fraud).sum() / euros.sum()).alias("fraud, of value"),
                online.mean().alias("online, of payments"),
                online.filter(fraud).mean().alias("online, of frauds"),
                (euros.filter(fraud & online).sum() / euros.filter(fraud).sum()).alias(
                    "online, of the value of fraud"
                ),
                (pl.col("channel") == "subscription").mean().alias("subscriptions, of payments"),
                pl.col("age").is_null().filter(fraud).mean().alias("cards from elsewhere, of frauds"),
                declined.mean().alias("declined, of payments"),
                declined.filter(fraud).mean().alias("declined, of frauds"),
                pl.col("back").is_not_null().mean().alias("given back, of payments"),
                (pl.col("back").filter(online).sum() / sold).alias("given back, of the value sold online"),
                fraud.sum().alias("frauds"),
                (fraud & ~declined).sum().alias("approved"),
            ),
            disputes.select(fraud.sum().alias("found"), (~fraud).mean().alias("wrong, of chargebacks")),
        ],
        engine="streaming",
    )
    never = 1 - reports["found"] / payments["frauds"]
    unheard = 1 - reports["found"] / payments["approved"]
    shares = pl.concat([payments.drop("frauds", "approved"), reports.drop("found")], how="horizontal")
    shares = shares.with_columns(
        never.fill_nan(None).alias("never reported, of frauds"),
        unheard.fill_nan(None).alias("never reported, of frauds that went through"),
    )
    return shares.unpivot(variable_name="share", value_name="value").fill_nan(None)
