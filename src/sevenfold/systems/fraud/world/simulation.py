"""`simulate`: a world of payments on disk, with the truth beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.systems.fraud.world.batch import Batch
from sevenfold.systems.fraud.world.calendar import share_out
from sevenfold.systems.fraud.world.chance import stream
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.files import Table, replacing
from sevenfold.systems.fraud.world.ordinary import ordinary
from sevenfold.systems.fraud.world.patterns import FRIENDLY, NAMES, ORDINARY
from sevenfold.systems.fraud.world.patterns.friendly_fraud import dispute
from sevenfold.systems.fraud.world.plan import Plan, Slice
from sevenfold.systems.fraud.world.society import Society
from sevenfold.systems.fraud.world.tables import (
    CHARGEBACK,
    PAYMENT,
    TRUTH,
    Disputes,
    payments_frame,
    truth_frame,
)
from sevenfold.systems.fraud.world.tokens import Tokens
from sevenfold.systems.fraud.world.underworld import Underworld

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
        The folder holds ``Payment.parquet`` and ``Chargeback.parquet``, sorted by time, with amounts in
        major units as decimals and times in UTC; ``truth.parquet``, in the order of the payments and never to
        be learned from: payment_id, pattern, is_fraud, the number of the attack, age band and region of the
        card's holder; ``world.json``, the report. Chargebacks keep coming in for 120 days after the last
        payment.

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
    world, underworld, tokens = Society.found(plan), Underworld(plan), Tokens(plan.seed)
    counts = share_out(plan, world.people, plan.payments - plan.frauds)
    slices = plan.slices()
    paid = Table(draft / "Payment.parquet", PAYMENT, len(slices))
    truth = Table(draft / "truth.parquet", TRUTH, len(slices))
    charged: list[Disputes] = []
    made = np.zeros(len(NAMES), dtype=np.int64)
    done = 0
    for piece in slices:
        batch = _slice(world, underworld, piece, counts)
        identity = tokens.write("payment", np.arange(done, done + len(batch)))
        paid.add(payments_frame(batch, identity, tokens))
        truth.add(truth_frame(batch, identity, world.people))
        charged.append(Disputes.of(batch, done))
        made += np.bincount(batch.pattern, minlength=len(NAMES))
        done += len(batch)
        if progress is not None:
            progress(done, plan.payments)
    paid.close()
    truth.close()
    disputes = Disputes.concat(charged)
    back = Table(draft / "Chargeback.parquet", CHARGEBACK, 1)
    back.add(disputes.frame(tokens))
    back.close()
    reported = np.bincount(disputes.pattern, minlength=len(NAMES))
    return WorldReport(
        out=out,
        payments=done,
        frauds=int(made[ORDINARY + 1 : FRIENDLY].sum()),
        chargebacks=len(disputes.pattern),
        patterns=dict(zip(NAMES, made.tolist(), strict=True)),
        reported=dict(zip(NAMES, reported.tolist(), strict=True)),
        customers=len(world.people),
        merchants=len(world.merchants),
        seed=plan.seed,
        days=plan.days,
        start=plan.start,
        turns=tuple(map(str, plan.turns)),
    )


def _slice(world: Society, underworld: Underworld, piece: Slice, counts: Indices) -> Batch:
    """Make all payments of a slice, in time."""
    stolen = underworld.payments(world, piece)
    honest = ordinary(world, piece, counts[piece.first : piece.stop])
    honest = replace(honest, card=underworld.reissues.issued(honest.card, honest.time))
    dispute(world, stream(world.plan.seed, "disputes", piece.number), honest, FRIENDLY)
    batch = Batch.concat([honest, stolen]).in_time(stream(world.plan.seed, "order", piece.number))
    _break(world.plan, piece, batch)
    return batch


def _break(plan: Plan, piece: Slice, batch: Batch) -> None:
    """Lose what the outages of upstream fields lose, in place."""
    chance = stream(plan.seed, "outages", piece.number)
    day = (batch.time - plan.start_ms) // DAY
    for turn in plan.of_kind("outage"):
        lost = (day >= turn.first) & (day < turn.stop) & (chance.random(len(batch)) < turn.size)
        if turn.name == "amount":
            batch.cents[lost] *= 100
        else:
            getattr(batch, turn.name)[lost] = -1
