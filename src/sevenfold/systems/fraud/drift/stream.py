"""A world as a service would have decided it: a model, its scores, its actions, in pages of a log."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.learning.candidate import Table
from sevenfold.learning.days import DAY_MS, Days
from sevenfold.learning.encoding import Encoding
from sevenfold.monitoring.columns import Decisions, LabelEvents
from sevenfold.monitoring.page import Page
from sevenfold.serving.record import DecisionRecord, Program
from sevenfold.systems.fraud.comparison import QUICK
from sevenfold.systems.fraud.design import design
from sevenfold.systems.fraud.drift.worlds import DAYS, LIVE_DAY, REFERENCE_DAY
from sevenfold.systems.fraud.world import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sevenfold.systems.fraud.drift.worlds import Order

__all__ = ["Stream", "stream"]

_MATURES: Final = 45
_BLOCKED, _REVIEWED = 0.003, 0.01
"""Shares of the payments that are blocked, and blocked or reviewed, before anything changes."""

_PAGE: Final = 20_000


@dataclass(frozen=True, eq=False)
class Stream:
    """A decided world.

    Parameters
    ----------
    reference
        The days that the model's bundle would keep.
    payments
        Row by row of the decided payments: ``day`` of the world, ``amount``, ``pattern``, ``is_fraud``,
        ``blocked``.
    decisions
        All of them, in one piece.
    labels
        The chargebacks of what was not blocked.
    start_day
        The world's first day, counted from 1970.
    """

    reference: Days
    payments: pl.DataFrame
    decisions: Decisions
    labels: LabelEvents
    start_day: int

    def pages(self) -> Iterator[Page]:
        """Cut it into pages, as a log would be read."""
        whole, labels = self.decisions, self.labels
        for low in range(0, len(whole), _PAGE):
            high = min(low + _PAGE, len(whole))
            first = 0 if low == 0 else int(whole.offsets[low])
            stop = int(whole.offsets[high]) if high < len(whole) else 1 << 62
            rows = np.flatnonzero((labels.offsets >= first) & (labels.offsets < stop))
            newest = int(whole.decided_ms[high - 1])
            yield Page(first, stop, newest, _cut(whole, low, high), _labels(labels, rows), ())


def stream(order: Order) -> Stream:
    """Make a world, train on its first quarter, and decide the rest."""
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        turns = () if order.turn is None else (order.turn,)
        simulate(order.payments, order.seed, folder, days=DAYS, turns=turns)
        tables = {name: pl.read_parquet(Path(folder) / f"{name}.parquet") for name in design.events}
        truth = pl.read_parquet(Path(folder) / "truth.parquet", columns=["pattern", "is_fraud"])
    payments, reports = tables["Payment"], tables["Chargeback"]
    features = design.backfill(tables, on="Payment").drop("payment_id")
    times = payments["occurred_at"].dt.epoch("ms").to_numpy()
    start = int(times[0] // DAY_MS)
    day = times // DAY_MS - start
    scores = _scores(features, day, payments, reports, start, order.seed)
    quiet = (day >= LIVE_DAY - _MATURES) & (day < LIVE_DAY)
    block, review = np.quantile(scores[quiet], [1 - _BLOCKED, 1 - _REVIEWED])
    actions = np.where(scores > block, "block", np.where(scores > review, "review", "approve"))
    past = (day >= REFERENCE_DAY) & (day < LIVE_DAY)
    live = np.flatnonzero(day >= LIVE_DAY)
    told = (
        payments.select("payment_id", "amount")
        .hstack(truth)
        .with_columns(
            pl.Series("day", day), pl.Series("blocked", actions == "block"), pl.col("amount").cast(pl.Float64)
        )
    )
    shown = reports.join(told.filter(~pl.col("blocked")), on="payment_id", how="semi").sort("reported_at")
    known = shown["reported_at"].dt.epoch("ms").to_numpy()
    own = live + np.searchsorted(known, times[live], side="right")
    offsets = np.arange(len(known)) + np.searchsorted(times, known)
    decisions = _decisions(payments[live], features[live], times[live], scores[live], actions[live], own)
    labels = LabelEvents(
        offsets,
        shown["payment_id"].to_list(),
        np.ones(len(known), np.int8),
        known,
        ["Chargeback"] * len(known),
        {},
    )
    reference = Days.of(features.filter(pl.Series(past)), times[past])
    return Stream(reference, told[live], decisions, labels, start)


def _scores(
    features: pl.DataFrame,
    day: NDArray[np.int64],
    payments: pl.DataFrame,
    reports: pl.DataFrame,
    start: int,
    seed: int,
) -> NDArray[np.float64]:
    """Train on what has matured when decisions begin, with the labels known by then, and score everything."""
    known = reports.filter(pl.col("reported_at").dt.epoch("ms") < (start + LIVE_DAY) * DAY_MS)
    labelled = payments["payment_id"].is_in(known["payment_id"].to_list()).to_numpy()
    rows = (day >= REFERENCE_DAY) & (day < LIVE_DAY - _MATURES)
    own = features.filter(pl.Series(rows))
    encoding = Encoding.learn(own)
    table = Table(encoding.encode(own), labelled[rows].astype(np.int8), encoding)
    return QUICK.fit(table, seed=seed, threads=1).predict(encoding.encode(features))


def _decisions(
    events: pl.DataFrame,
    features: pl.DataFrame,
    times: NDArray[np.int64],
    scores: NDArray[np.float64],
    actions: NDArray[np.str_],
    offsets: NDArray[np.int64],
) -> Decisions:
    counts = tuple(name for name, kind in features.schema.items() if kind == pl.Int64)
    texts = tuple(name for name, kind in features.schema.items() if kind == pl.String)
    words = np.zeros((features.height, features.width), np.int64)
    for place, series in enumerate(features.iter_columns()):
        if series.name in counts:
            words[:, place] = series.fill_null(NULL_INT).to_numpy()
        elif series.name not in texts:
            words[:, place] = series.fill_null(float("nan")).to_numpy().view(np.int64)
    told = zip(*(features[name].to_list() for name in texts), strict=True)
    records = [
        DecisionRecord("Payment", "bench", b"", "bench", None, "bench", action, (0, 0, 0, 0), texts=text)
        for action, text in zip(actions.tolist(), told, strict=True)
    ]
    count = len(times)
    return Decisions(
        offsets=offsets,
        keys=events["payment_id"].to_list(),
        times_ms=times,
        decided_ms=times,
        actions=actions,
        would_be=actions,
        scores=scores,
        risk_scores=np.full(count, np.nan),
        models=["bench"] * count,
        policies=["bench"] * count,
        control=np.full(count, np.nan),
        fallback=np.zeros(count, np.bool_),
        rules=[()] * count,
        events=events,
        words=words,
        program=Program("Payment", "bench", tuple(features.columns), counts, texts),
        records=records,
    )


def _cut(whole: Decisions, low: int, high: int) -> Decisions:
    part = slice(low, high)
    return Decisions(
        whole.offsets[part],
        whole.keys[part],
        whole.times_ms[part],
        whole.decided_ms[part],
        whole.actions[part],
        whole.would_be[part],
        whole.scores[part],
        whole.risk_scores[part],
        whole.models[part],
        whole.policies[part],
        whole.control[part],
        whole.fallback[part],
        whole.rules[part],
        whole.events[part],
        whole.words[part],
        whole.program,
        whole.records[part],
    )


def _labels(whole: LabelEvents, rows: NDArray[np.int64]) -> LabelEvents:
    keys = [whole.keys[place] for place in rows.tolist()]
    return LabelEvents(
        whole.offsets[rows], keys, whole.values[rows], whole.known_ms[rows], ["Chargeback"] * len(rows), {}
    )
