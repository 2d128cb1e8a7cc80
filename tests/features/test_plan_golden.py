"""Compiled plans as text files, so that a change of the planner is seen in review.

``SEVENFOLD_GOLDEN=write pytest tests/features/test_plan_golden.py`` writes the files anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from designs import account_features, wide_features
from sample_events import EVENTS, Chargeback, Payment

import sevenfold as sf
from sevenfold.features.planner import compile_plan

if TYPE_CHECKING:
    from sevenfold.features.plan import Plan

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("SEVENFOLD_GOLDEN") == "write"

p, c = Payment, Chargeback

PLANS = {
    "fraud": lambda: sf.load("fraud").plan,
    "handbook": lambda: sf.load("handbook").plan,
    "wide": lambda: compile_plan(list(EVENTS.values()), wide_features()),
    "accounts": lambda: compile_plan(list(EVENTS.values()), account_features()),
    "smallest": lambda: compile_plan([p], sf.features(n=p.count().by(p.card).over("1h"))),
    "row_wise": lambda: compile_plan(
        [p], sf.features(large=(p.amount > 100) & ~p.online, hour=p.occurred_at.hour())
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_what_it_was(name: str) -> None:
    text = "\n".join(PLANS[name]().text) + "\n"
    path = GOLDEN / f"{name}.txt"
    if WRITE:
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), "run with SEVENFOLD_GOLDEN=write once, and look at what is written"
    assert text == path.read_text(encoding="utf-8"), (
        "if this is meant: SEVENFOLD_GOLDEN=write, and commit the file"
    )


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(PLANS)


# What the files cannot say by themselves.


def series(plan: Plan) -> int:
    return sum(line.startswith("series ") for line in plan.text)


def compiled(**features: object) -> Plan:
    return compile_plan(list(EVENTS.values()), sf.features(**features))


def test_what_is_the_same_is_kept_once() -> None:
    """The count of a mean is that of the count beside it, whatever the windows."""
    by_card = p.count().by(p.card)
    plan = compiled(
        n=by_card.over("1h", "1d"),
        again=by_card.over("1d"),
        mean=p.amount.mean().by(p.card).over("1d"),
        std=p.amount.std().by(p.card).over("1h"),
        most=p.amount.max().by(p.card).over("1h"),
        idle=p.occurred_at.since_last().by(p.card),
    )
    assert series(plan) == 1
    text = "\n".join(plan.text)
    assert text.count(": total of") == 1
    assert text.count("window 0: 1h") == text.count("window 1: 1d") == 1
    asked = text[text.index("ask Payment") : text.index("ask Chargeback")]
    assert asked.count("count over window 1") == asked.count("sum of column 0 over window 1") == 1


def test_conditions_and_nulls_make_series_of_their_own() -> None:
    plan = compiled(
        n=p.count().by(p.card).over("1h"),
        scores=p.score.count().by(p.card).over("1h"),
        score=p.score.mean().by(p.card).over("1h"),
        online=p.count(where=p.online).by(p.card).over("1h"),
        online_total=p.amount.sum(where=p.online).by(p.card).over("1h"),
        also_online=p.count(where=p.online == True).by(p.card).over("1h"),  # noqa: E712
    )
    assert series(plan) == 4


def test_keys_are_the_types_of_entities_in_any_order() -> None:
    plan = compiled(
        one=p.count().by(p.card, p.merchant).over("1h"),
        two=p.count().by(p.merchant, p.card).over("1d"),
        three=c.count().by(c.merchant, c.card).over("1h"),
    )
    assert [key.entities for key in plan.keys] == [("card", "merchant")]
    assert series(plan) == 2


def test_a_plan_says_how_long_an_untouched_entity_matters() -> None:
    def finite(node: object) -> int | None:
        return compiled(x=node).finite[0]

    assert finite(p.count().by(p.card).over("1h")) == 3_600_000
    assert finite(p.count().by(p.card).over("1h", delay="1d")) == 90_000_000
    assert finite(p.count().by(p.card).over("all")) is None
    assert finite(p.occurred_at.since_last().by(p.card)) is None
    assert finite(p.amount.lag(2).by(p.card)) is None
    assert finite(p.decayed_count("1h").by(p.card)) is None


def test_the_fingerprint_tells_plans_apart() -> None:
    by_card = p.count().by(p.card)
    plans = [
        compiled(n=by_card.over("1h")),
        compiled(n=by_card.over("2h")),
        compiled(n=by_card.over("1h", delay="1m")),
        compiled(n=p.count().by(p.merchant).over("1h")),
        compiled(n=p.count(where=p.online).by(p.card).over("1h")),
        compiled(n=p.count(where=p.country == "DE").by(p.card).over("1h")),
        compiled(n=p.count(where=p.country == "FR").by(p.card).over("1h")),
        compiled(m=by_card.over("1h")),
        compiled(n=p.amount.lag(1).by(p.card)),
        compiled(n=p.amount.lag(2).by(p.card)),
        compiled(a=p.amount.lag(1).by(p.card), b=p.amount.lag(3).by(p.card)),
        compiled(a=p.amount.lag(2).by(p.card), b=p.amount.lag(3).by(p.card)),
        compiled(n=p.amount.max().by(p.card).over("1h")),
        compiled(n=p.amount.min().by(p.card).over("1h")),
        compiled(n=p.amount.max().by(p.card).over("all")),
        compiled(n=p.amount.min().by(p.card).over("all")),
        compiled(n=p.decayed_count("1h").by(p.card)),
        compiled(n=p.decayed_count("2h").by(p.card)),
        compiled(n=p.amount.sum().by(p.card).over("1h")),
        compiled(n=p.amount.std().by(p.card).over("1h")),
        compiled(n=p.amount.first().by(p.card).over("all")),
        compiled(n=p.amount.last().by(p.card).over("all")),
        compiled(a=by_card.over("all"), b=by_card.over("all", delay="1h")),
        compiled(a=by_card.over("all", delay="1h"), b=by_card.over("all")),
    ]
    prints = [plan.fingerprint for plan in plans]
    assert len(set(prints)) == len(prints)
    texts = [plan.text for plan in plans]
    assert len(set(texts)) == len(texts), "and so does what the plan says"
    assert compiled(n=by_card.over("1h")).fingerprint == prints[0]
    assert compiled(n=by_card.over("60m") * 1).fingerprint != prints[0]
