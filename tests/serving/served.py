"""A small design, a model for it that needs no training, and payments to decide."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from plain_judge import CostJudge

import sevenfold as sf
from sevenfold.data.body import read_table
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.model import ServedModel
from sevenfold.serving.parts import Parts
from sevenfold.serving.record import Program, decode_record
from sevenfold.serving.service import DecisionService
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

START = 1_769_860_800_000

p = Payment
DESIGN = sf.Design(
    name="small",
    events=[Payment, Chargeback],
    features=sf.features(
        amount=p.amount,
        country=p.country,
        card_count=p.count().by(p.card).over("1h", "1d"),
        card_mean=p.amount.mean().by(p.card).over("7d"),
        card_idle=p.occurred_at.since_last().by(p.card),
        reports=Chargeback.count().by(Chargeback.merchant).over("30d"),
    ),
    problem=Problem(goal="Stop fraud.", decision="Approve or not.", review=Cost(fixed=3.0)),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="45d"),
)
NAMES = DESIGN.plan.asking["Payment"].names
ENCODING = Encoding(tuple(Column(name, ("DE", "NL") if name == "country" else None) for name in NAMES))


class Slope:
    """A model: the larger the amount, the likelier."""

    def __init__(self, scale: float = 1000.0) -> None:
        self.scale = scale

    def score(self, X: np.ndarray) -> np.ndarray:
        return np.minimum(X[:, 0] / self.scale, 1.0)


class Broken:
    """A model that fails."""

    def score(self, X: np.ndarray) -> np.ndarray:
        raise RuntimeError("the model broke")


def served(name: str = "slope", model: Any = None) -> ServedModel:
    return ServedModel(name, ENCODING, Slope() if model is None else model)


def parts(home: Path, *, model: ServedModel | None = None, **changes: Any) -> Parts:
    home.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {
        "plan": DESIGN.plan,
        "events": DESIGN.events,
        "decides": "Payment",
        "lateness": DESIGN.lateness_ms,
        "serving": DESIGN.serving,
        "log": SqliteEventLog(home / "log.sqlite", "normal"),
        "snapshots": home / "snapshots",
        "model": served() if model is None else model,
        "judge": lambda model: CostJudge(DESIGN.problem, (6, 100.0)),
    }
    return Parts(**(given | changes))


def opened(home: Path, **changes: Any) -> DecisionService:
    return DecisionService(parts(home, **changes))


def payment(number: int, seed: int = 7) -> dict[str, Any]:
    """The payment of a number: always the same."""
    chance = random.Random(seed * 1_000_003 + number)
    return {
        "payment_id": f"p{number}",
        "occurred_at": START + number * 1000 + chance.randrange(5000),
        "card": f"c{chance.randrange(40)}",
        "merchant": f"m{chance.randrange(10)}",
        "device": f"d{chance.randrange(30)}" if chance.random() < 0.8 else None,
        "amount": f"{chance.lognormvariate(3.5, 1.4):.2f}",
        "currency": "EUR",
        "country": chance.choice(["DE", "NL", "FR", None]),
    }


def chargeback(number: int) -> dict[str, Any]:
    paid = payment(number)
    return {
        "chargeback_id": f"b{number}",
        "reported_at": paid["occurred_at"] + 86_400_000,
        "payment_id": paid["payment_id"],
        "card": paid["card"],
        "merchant": paid["merchant"],
    }


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def mismatches(home: Path) -> list[str]:
    """Features in records that a backfill of the same log does not give, bit for bit."""
    log = SqliteEventLog(home / "log.sqlite", "normal")
    log.verify()
    entries = list(log.read())
    log.close()
    tables = {}
    for name, event in DESIGN.events.items():
        own = [entry for entry in entries if entry.event == name]
        frame = read_table(event, [entry.body for entry in own])
        tables[name] = frame.with_columns(pl.Series("_offset", [entry.offset for entry in own], pl.Int64))
    program = next(Program.decode(entry.body) for entry in entries if entry.event == "FeatureProgram")
    expected = {row["payment_id"]: row for row in DESIGN.backfill(tables).to_dicts()}
    found = []
    for before, entry in itertools.pairwise(entries):
        if entry.event != "Decision":
            continue
        if (before.event, before.key) != ("Payment", entry.key):
            found.append(f"{entry.key} does not follow its event")
        wanted = expected[entry.key]
        found += [
            f"{entry.key}.{name}: {value!r} is not {wanted[name]!r}"
            for name, value in program.values(decode_record(entry.body)).items()
            if _bits(value) != _bits(wanted[name])
        ]
    keys = [entry.key for entry in entries if entry.event == "Decision"]
    found += [f"{key} was decided twice" for key, times in Counter(keys).items() if times > 1]
    return found


def _bits(value: object) -> object:
    return struct.pack("<d", value) if isinstance(value, float) else value
