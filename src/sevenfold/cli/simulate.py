"""``sevenfold simulate``: a world of payments, for those who have no data at hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import Fault, UsageError

__all__ = ["simulate"]


def simulate(
    *,
    out: Path | None = None,
    payments: int = 100_000,
    seed: int = 7,
    days: int = 180,
    start: date = date(2026, 1, 1),
    fraud_share: float = 0.006,
    customers: int | None = None,
    merchants: int | None = None,
    turn: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    describe: Annotated[bool, Parameter(negative="")] = False,
    live: Annotated[bool, Parameter(negative="")] = False,
    to: str = "http://127.0.0.1:8000",
    key: Annotated[str | None, Parameter(env_var="SEVENFOLD_KEY")] = None,
    minutes: int = 360,
    options: Options = DEFAULTS,
) -> None:
    """Make a world of card payments, with thieves in it.

    Writes Payment.parquet, Decline.parquet, Refund.parquet and
    Chargeback.parquet, which `ingest` takes; truth.parquet, which tells what
    really happened and is never to be learned from; and world.json, the
    report. The same options give the same files. With --live, nothing is
    written: a running service decides the world's payments, step by step, and
    what it blocks changes what comes next.

    Parameters
    ----------
    out
        The folder to write to; made where there is none. Files of an earlier world in it are replaced.
        Needed but with --live.
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
    turn
        What changes while the world runs, as KIND:NAME:FIRST-STOP:SIZE, from
        day FIRST to before STOP. wave:PATTERN: a pattern of fraud grows to SIZE
        times as much, then shrinks again. campaign:PATTERN: likewise, and there
        is none on other days. onset:PATTERN: there was none before, it grows
        for a week and stays. boom:CATEGORY: merchants draw this share of all
        purchases. arrival:COUNTRY: its people join, this share of all.
        outage:FIELD: this share of device, ip, country or amount comes in
        broken. For example wave:account_takeover:60-120:5.
    describe
        Tell more about the world, and draw it: OUT/world.png.
    live
        Have a service decide the world as it goes on.
    to
        With --live, the address of the service.
    key
        With --live, a key with the scopes decide and ingest; from the
        environment, others who list processes can't see it.
    minutes
        With --live, how long a step of the world is; a whole part of a day.
    """
    from sevenfold.systems.fraud import world

    terminal = options.terminal()
    turns = [world.Turn.parse(text) for text in turn or ()]
    if (out is None) != live:
        got = "neither" if out is None else "both"
        raise UsageError("Where should this world go?", [Fault("--out, --live", "one of them", got)])
    if out is None:
        from sevenfold.cli.simulate_live import simulate_live
        from sevenfold.serving.replay.client import Target

        living = world.LiveWorld(
            payments,
            seed,
            days=days,
            start=start,
            fraud_share=fraud_share,
            customers=customers,
            merchants=merchants,
            turns=turns,
            minutes=minutes,
        )
        terminal.result(simulate_live(terminal, living, Target.of(to, key), seed))
        return
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
            turns=turns,
            progress=tick,
        )
    terminal.say(
        f"{report.payments:,} payments by {report.customers:,} customers at {report.merchants:,} merchants "
        f"from {report.start} on, over {report.days} days"
    )
    terminal.say(
        f"{report.declines:,} were declined, {report.refunds:,} given back, "
        f"{report.chargebacks:,} charged back"
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
            "refunds": report.refunds,
            "declines": report.declines,
            "patterns": report.patterns,
            "reported": report.reported,
            "customers": report.customers,
            "merchants": report.merchants,
            "seed": report.seed,
            "days": report.days,
            "start": report.start,
            "turns": report.turns,
        }
    )
