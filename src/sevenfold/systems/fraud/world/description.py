"""`describe`: what a simulated world looks like, in tables and one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Description", "describe"]

_FILES = ("Payment.parquet", "Chargeback.parquet", "truth.parquet")
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
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
        a quantile.
    shares
        One row a share: fraud by payments and by value, online, abroad, wrong chargebacks, frauds never
        reported.
    days, hours
        Payments and frauds of each day, and of each hour of the day (UTC).
    amounts
        Payments of each width of euros (rounded powers of ten ** (1 / 8)), ordinary and fraud.
    delays
        Chargebacks by full days of delay.
    """

    folder: Path
    patterns: pl.DataFrame
    quantiles: pl.DataFrame
    shares: pl.DataFrame
    days: pl.DataFrame
    hours: pl.DataFrame
    amounts: pl.DataFrame
    delays: pl.DataFrame

    def tables(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Return what is worth printing, each with its title."""
        yield "What made the payments", self.patterns
        yield "Quantiles", self.quantiles
        yield "Shares", self.shares


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
    )


def _told(folder: Path) -> pl.LazyFrame:
    """Payments beside the truth: the files have the same rows in the same order."""
    rate = {country.currency: country.rate for country in COUNTRIES}
    payments = pl.scan_parquet(folder / "Payment.parquet")
    truth = pl.scan_parquet(folder / "truth.parquet").drop("payment_id")
    return pl.concat([payments, truth], how="horizontal").with_columns(
        euros=pl.col("amount").cast(pl.Float64)
        / pl.col("currency").replace_strict(list(rate), list(rate.values()), return_dtype=pl.Float64)
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


def _quantiles(told: pl.LazyFrame, disputes: pl.LazyFrame) -> pl.DataFrame:
    gap = pl.col("occurred_at").diff().over("card").dt.total_milliseconds() / 60_000
    honest = told.head(_SAMPLE).filter(~pl.col("is_fraud"))
    taken = {
        "euros of an ordinary payment": told.filter(~pl.col("is_fraud")).select(value="euros"),
        "euros of a fraudulent payment": told.filter("is_fraud").select(value="euros"),
        "minutes between payments of a card": honest.select(value=gap),
        "days until a chargeback": disputes.select(value="days"),
    }
    columns = [pl.col("value").quantile(share).alias(f"{share:.0%}") for share in _QUANTILES]
    rows = pl.collect_all([frame.select(columns) for frame in taken.values()], engine="streaming")
    names = pl.Series("quantity", list(taken))
    return pl.concat(rows).with_columns(pl.all().round(2)).insert_column(0, names)


def _shares(told: pl.LazyFrame, disputes: pl.LazyFrame) -> pl.DataFrame:
    fraud, online = pl.col("is_fraud"), pl.col("device").is_not_null()
    payments, reports = pl.collect_all(
        [
            told.select(
                fraud.mean().alias("fraud, of payments"),
                (pl.col("euros").filter(fraud).sum() / pl.col("euros").sum()).alias("fraud, of value"),
                online.mean().alias("online, of payments"),
                online.filter(fraud).mean().alias("online, of frauds"),
                pl.col("age").is_null().filter(fraud).mean().alias("cards from elsewhere, of frauds"),
                fraud.sum().alias("frauds"),
            ),
            disputes.select(fraud.sum().alias("found"), (~fraud).mean().alias("wrong, of chargebacks")),
        ],
        engine="streaming",
    )
    never = 1 - reports["found"] / payments["frauds"]
    shares = pl.concat([payments.drop("frauds"), reports.drop("found")], how="horizontal")
    shares = shares.with_columns(never.fill_nan(None).alias("never reported, of frauds"))
    return shares.unpivot(variable_name="share", value_name="value").fill_nan(None)
