"""``sevenfold simulate``: a world of payments, for those who have no data at hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options

__all__ = ["simulate"]


def simulate(
    *,
    out: Path,
    payments: int = 100_000,
    seed: int = 7,
    days: int = 180,
    start: date = date(2026, 1, 1),
    fraud_share: float = 0.006,
    customers: int | None = None,
    merchants: int | None = None,
    describe: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULTS,
) -> None:
    """Make a world of card payments, with thieves in it.

    Writes Payment.parquet and Chargeback.parquet, which `ingest` takes;
    truth.parquet, which tells what really happened and is never to be learned
    from; and world.json, the report. The same options give the same files.

    Parameters
    ----------
    out
        The folder to write to; made where there is none. Files of an earlier world in it are replaced.
    payments
        How many payments, exactly.
    seed
        Decides everything that is left to chance.
    days
        How many days the payments spread over.
    start
        The first of these days (UTC).
    fraud_share
        Share of the payments that are fraud; 0.006 is 0.6 %.
    customers
        How many customers pay; by default so many that each pays about ten times a month.
    merchants
        How many merchants are paid; by default one for twelve customers.
    describe
        Tell more about the world, and draw it: OUT/world.png.
    """
    from sevenfold.systems.fraud import world

    terminal = options.terminal()
    with (
        terminal.keeping(f"{out} is as it was before; the same command makes the world anew."),
        terminal.progress("simulating", payments, unit="payments") as tick,
    ):
        report = world.simulate(
            payments,
            seed,
            out,
            days=days,
            start=start,
            fraud_share=fraud_share,
            customers=customers,
            merchants=merchants,
            progress=tick,
        )
    terminal.say(
        f"{report.payments:,} payments by {report.customers:,} customers at {report.merchants:,} merchants "
        f"from {report.start} on, over {report.days} days"
    )
    terminal.table(
        ["what made the payments", "payments", "reported by chargeback"],
        [(name, count, report.reported[name]) for name, count in report.patterns.items()],
    )
    if describe:
        description = world.describe(out)
        for title, table in description.tables():
            terminal.table(table.columns, table.rows(), title=title)
        world.draw(description, out / "world.png")
        terminal.say(f"Drawn: {out / 'world.png'}")
    terminal.say(f"Written to {out}. Next: sevenfold ingest fraud {out}")
    terminal.result(
        {
            "out": report.out,
            "payments": report.payments,
            "frauds": report.frauds,
            "chargebacks": report.chargebacks,
            "patterns": report.patterns,
            "reported": report.reported,
            "customers": report.customers,
            "merchants": report.merchants,
            "seed": report.seed,
            "days": report.days,
            "start": report.start,
        }
    )
