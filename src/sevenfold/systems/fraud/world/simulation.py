"""`simulate`: a world of payments on disk, with the truth beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import Batch
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.course import Course
from sevenfold.systems.fraud.world.files import Scribe, Table, replacing
from sevenfold.systems.fraud.world.following import KINDS, Following, follow
from sevenfold.systems.fraud.world.patterns import FRIENDLY, NAMES, ORDINARY
from sevenfold.systems.fraud.world.plan import Plan
from sevenfold.systems.fraud.world.tables import EVENTS, TRUTH, event_frame, payments_frame, truth_frame
from sevenfold.systems.fraud.world.tokens import Tokens

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Indices
    from sevenfold.systems.fraud.world.turns import Turn

__all__ = ["WorldReport", "simulate"]

Progress = Callable[[float, float | None], None]


@dataclass(frozen=True, slots=True)
class WorldReport:
    """What was made.

    Parameters
    ----------
    out
        The folder.
    payments, frauds, chargebacks
        How many there are; some chargebacks are for honest payments, and not every fraud has one.
    refunds, declines
        How many payments were given back, as a whole or in part, and how many the issuers declined.
    patterns
        Payments by what made them, in the order of the patterns, ``ordinary`` first.
    reported
        Chargebacks by what made their payments.
    customers, merchants
        How many live in the world.
    seed, days, start, turns
        The order for it.
    """

    out: Path
    payments: int
    frauds: int
    chargebacks: int
    refunds: int
    declines: int
    patterns: dict[str, int]
    reported: dict[str, int]
    customers: int
    merchants: int
    seed: int
    days: int
    start: date
    turns: tuple[str, ...]

    @property
    def fraud_share(self) -> float:
        """Share of the payments that are fraud; 0 in an empty world."""
        return self.frauds / self.payments if self.payments else 0.0


def simulate(
    payments: int,
    seed: int,
    out: Path | str,
    *,
    days: int = 180,
    start: date = date(2026, 1, 1),
    fraud_share: float = 0.006,
    customers: int | None = None,
    merchants: int | None = None,
    turns: Sequence[Turn] = (),
    progress: Progress | None = None,
) -> WorldReport:
    """Make a world of card payments, and write it down.

    The same arguments give the same files, byte for byte, under the same versions of numpy and Polars.

    Parameters
    ----------
    payments
        How many, exactly.
    seed
        Decides everything that is left to chance.
    out
        A folder; made where there is none. Files of an earlier world in it are replaced, all others are kept.
    days, start
        The days the payments spread over, and the first of them (UTC).
    fraud_share
        Share of the payments that are fraud, in [0, 1].
    customers, merchants
        How many live in the world; by default as many as the payments need.
    turns
        What changes while the world runs; see `Turn`.
    progress
        Called with the number of payments made so far, and their total, after each slice of time.

    Returns
    -------
    WorldReport
        The folder holds ``Payment.parquet``, ``Decline.parquet``, ``Refund.parquet`` and
        ``Chargeback.parquet``, sorted by time, with amounts in major units as decimals and times in UTC;
        ``truth.parquet``, in the order of the payments and never to be learned from: payment_id, pattern,
        is_fraud, the number of the attack, age band and region of the card's holder; ``world.json``, the
        report. Chargebacks keep coming in for 120 days after the last payment; of refunds
        there are those of the world's days.

    Raises
    ------
    UsageError
        If no such world can be made; with all reasons at once.
    OSError
        If the folder can't be written; what was there before is still there.
    """
    plan = Plan(payments, seed, days, start, fraud_share, customers, merchants, tuple(turns))
    folder = Path(out)
    with replacing(folder) as draft:
        report = _make(plan, draft, folder, progress)
        facts = {name: value for name, value in asdict(report).items() if name != "out"}
        (draft / "world.json").write_text(json.dumps(facts, indent=2, default=str) + "\n", encoding="utf-8")
    return report


def _make(plan: Plan, draft: Path, out: Path, progress: Progress | None) -> WorldReport:
    course, tokens = Course(plan), Tokens(plan.seed)
    people = course.world.people
    tables = {name: Table(draft / f"{name}.parquet", columns) for name, columns in EVENTS.items()}
    truth = Table(draft / "truth.parquet", TRUTH)
    waiting = {kind: Following(kind) for kind in KINDS}
    made, reported = np.zeros(len(NAMES), dtype=np.int64), np.zeros(len(NAMES), dtype=np.int64)

    def write(batch: Batch, first: int, told: dict[str, dict[str, Indices]]) -> None:
        if len(batch):
            identity = tokens.write("payment", np.arange(first, first + len(batch)))
            tables["Payment"].add(payments_frame(batch, identity, tokens))
            truth.add(truth_frame(batch, identity, people))
        for kind, columns in told.items():
            tables[kind].add(event_frame(kind, columns, tokens))

    done = 0
    with Scribe() as scribe:
        for piece in plan.slices():
            batch = course.payments(piece)
            for kind, columns in follow(batch, np.arange(done, done + len(batch)), plan.seed).items():
                waiting[kind].add(columns)
            told = {kind: queue.until(plan.start_ms + piece.stop * DAY) for kind, queue in waiting.items()}
            reported += np.bincount(told["Chargeback"]["pattern"], minlength=len(NAMES))
            made += np.bincount(batch.pattern, minlength=len(NAMES))
            scribe.later(write, batch, done, told)
            done += len(batch)
            if progress is not None:
                progress(done, plan.payments)
        # the files end with the world; only chargebacks are followed to their end, since they are the labels
        rest = {kind: waiting[kind].until(None) for kind in ("Decline", "Chargeback")}
        reported += np.bincount(rest["Chargeback"]["pattern"], minlength=len(NAMES))
        scribe.later(write, Batch.empty(), done, rest)
    for table in (*tables.values(), truth):
        table.close()
    return WorldReport(
        out=out,
        payments=done,
        frauds=int(made[ORDINARY + 1 : FRIENDLY].sum()),
        chargebacks=waiting["Chargeback"].told,
        refunds=waiting["Refund"].told,
        declines=waiting["Decline"].told,
        patterns=dict(zip(NAMES, made.tolist(), strict=True)),
        reported=dict(zip(NAMES, reported.tolist(), strict=True)),
        customers=len(people),
        merchants=len(course.world.merchants),
        seed=plan.seed,
        days=plan.days,
        start=plan.start,
        turns=tuple(map(str, plan.turns)),
    )
