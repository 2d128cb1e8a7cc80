"""What is measured: a thousand rules such as analysts write, over sixty features, and payments to decide."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.features.bench.stream import Purchase, make_events, sixty_features
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.planner import compile_plan
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.judge import PolicyJudge
from sevenfold.serving.policy import Policy
from sevenfold.serving.rules.rule import Rule
from sevenfold.serving.rules.sheet import Sheet
from sevenfold.serving.verdict import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SMALL_RULE", "asked", "judge_with", "make_rules", "make_sheet"]

SMALL_RULE = 'card_count_1h > 5 and merchant in ("3", "7") and amount > 200'
_AMOUNTS = (50, 100, 200, 500, 1_000)
_PROBLEM = Problem(goal="Measure.", decision="Approve, review or block.", missed=Cost(share=1.0))


def make_sheet() -> Sheet:
    """Sixty features of a purchase: four entities, five windows, three aggregates."""
    features = sixty_features()
    plan = compile_plan([Purchase], features)
    return Sheet(Purchase, features, plan.asking["Purchase"].names)


def make_rules(sheet: Sheet, count: int, seed: int = 7) -> list[Rule]:
    """Rules of two to five conditions: a count, another feature, and at times an entity, amount or score.

    Thresholds are drawn anew for each, so that rules share what rules share: fields, lists and round amounts.
    """
    rng = random.Random(seed)
    counts = [name for name in sheet.names if "count" in name]
    others = [name for name in sheet.names if "count" not in name]
    rules = []
    for number in range(count):
        parts = [
            f"{rng.choice(counts)} > {rng.randint(3, 40)}",
            f"{rng.choice(others)} > {rng.randint(50, 900)}",
        ]
        if rng.random() < 0.5:
            parts.append(f"merchant in ({', '.join(repr(str(rng.randint(1, 20))) for _ in range(3))})")
        if rng.random() < 0.5:
            parts.append(f"amount > {rng.choice(_AMOUNTS)}")
        if rng.random() < 0.3:
            parts.append(f"score > {rng.randint(1, 99) / 100}")
        rules.append(Rule(f"rule-{number:04d}", " and ".join(parts), "review", "A benchmark.", "us", "live"))
    return rules


def judge_with(sheet: Sheet, rules: Sequence[Rule]) -> PolicyJudge:
    """A policy with these rules, live."""
    judge = PolicyJudge(sheet, Policy(), _PROBLEM)
    for rule in rules:
        judge.book.take(rule)
    return judge


def asked(sheet: Sheet, count: int) -> list[tuple[Asked, list[str]]]:
    """Payments, each with its features and a score, as a service asks for them one by one."""
    engine = FeatureEngine(compile_plan([Purchase], sixty_features()), {"Purchase": Purchase})
    scores = np.random.default_rng(7).random(count)
    table = make_events(count, "zipf").with_columns(
        pl.col("at").dt.epoch("ms"), pl.col("card", "merchant", "device", "ip").cast(pl.String)
    )
    found = []
    for score, row in zip(scores, table.select(list(sheet.event.__fields__)).iter_rows(), strict=True):
        words = engine.observe_words("Purchase", row).copy()
        found.append((Asked([row], words[None, :], np.array([score])), [str(row[0])]))
    return found
