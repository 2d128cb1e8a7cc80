"""A backtest adds up what a slow count adds up, and finds features that know the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from orders import NAMES, SHEET, Order

from sevenfold.data.table import physical_schema
from sevenfold.errors import DataError, DesignError
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.backtest.history import History, check_against
from sevenfold.serving.backtest.report import DAY_HEAD, HEAD, day_rows, draw_money, result_row
from sevenfold.serving.backtest.run import Backtest, backtest
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.rules.rule import Rule

DAY = 86_400_000
ROWS = 3_000
PROBLEM = Problem(
    goal="Stop fraud.",
    decision="Approve or not.",
    missed=Cost(share=1.0, fixed=1.0),
    false_alarm=Cost(fixed=5.0),
    review=Cost(fixed=2.0),
)
LIVE = Rule("live", "country == 'NG'", "block", "r", "o", "live")
RULES = [
    Rule("big", "amount > 60", "block", "r", "o"),
    Rule("both", "amount > 30 and country in ('NG', 'RU')", "review", "r", "o"),
    Rule("scored", "score > 0.8", "approve", "r", "o"),
    Rule("never", "amount > 1000000", "block", "r", "o"),
]


def _history(rows: int = ROWS) -> History:
    rng = np.random.default_rng(11)
    columns: dict[str, Any] = {
        "order_id": [f"o{i}" for i in range(rows)],
        "at": np.sort(rng.integers(100 * DAY, 110 * DAY, rows)),
        "card": ["c"] * rows,
        "device": [None] * rows,
        "amount": rng.integers(1, 10_000, rows),
        "limit": [None] * rows,
        "currency": ["EUR"] * rows,
        "items": [None] * rows,
        "weight": [None] * rows,
        "gift": [None] * rows,
        "country": rng.choice(["NG", "RU", "DE", None], rows).tolist(),
        "due": [None] * rows,
    }
    schema = physical_schema(Order)
    decided = pl.DataFrame(
        [
            pl.Series(name, values, dtype=pl.Int64 if schema[name].is_temporal() else schema[name]).cast(
                schema[name]
            )
            for name, values in columns.items()
        ]
    )
    features = pl.DataFrame({name: [0.0] * rows for name in NAMES if name not in ("before", "count_1h")})
    features = features.with_columns(count_1h=pl.lit(1), before=pl.lit(None, dtype=pl.String))
    scores = np.where(rng.random(rows) < 0.3, np.nan, rng.random(rows))
    label = rng.choice([1, 0, -1], rows, p=[0.1, 0.8, 0.1]).astype(np.int64)
    return History(decided, features, columns["at"], label, scores, np.full(rows, -(2**63), np.int64))


def _tested(history: History, **given: Any) -> Backtest:
    return backtest(history, RULES, [LIVE], SHEET, EventCosts(SHEET, PROBLEM), **given)


def _slow(history: History, name: str) -> np.ndarray:
    """Which rows a rule hits, in plain Python."""
    amounts = history.decided["amount"].to_list()
    countries = history.decided["country"].cast(pl.String).to_list()
    meaning = {
        "big": lambda a, c, s: a > 6_000,
        "both": lambda a, c, s: a > 3_000 and c in ("NG", "RU"),
        "scored": lambda a, c, s: s > 0.8,
        "never": lambda a, c, s: False,
        "live": lambda a, c, s: c == "NG",
    }[name]
    rows = zip(amounts, countries, history.scores.tolist(), strict=True)
    return np.array([meaning(*row) for row in rows])


def test_figures_agree_with_a_slow_count() -> None:
    history = _history()
    tested = _tested(history, catches=0.5)
    amount, label = history.decided["amount"].to_numpy() / 100, history.label
    live = _slow(history, "live")
    assert (tested.rows, tested.positives, tested.unknown) == (ROWS, sum(label == 1), sum(label < 0))
    assert tested.at_stake == pytest.approx((amount + 1)[label == 1].sum())
    for result in tested.results:
        hit = _slow(history, result.rule.name)
        caught, wrong = hit & (label == 1), hit & (label == 0)
        share = {"block": 1.0, "review": 0.5, "approve": 0.0}[result.rule.action]
        lost = {
            "block": 5.0 * wrong.sum(),
            "review": 2.0 * hit.sum(),
            "approve": (amount + 1)[caught].sum(),
        }[result.rule.action]
        plain = result.to_json()
        assert (plain["hits"], plain["positives"], plain["good"]) == (hit.sum(), caught.sum(), wrong.sum())
        assert plain["recall"] == caught.sum() / sum(label == 1)
        known = caught.sum() + wrong.sum()
        assert plain["precision"] == (caught.sum() / known if known else None)
        assert plain["saved"] == pytest.approx(share * (amount + 1)[caught].sum(), abs=0.01)
        assert plain["lost"] == pytest.approx(lost, abs=0.01)
        assert plain["overlap"] == ({"live": (hit & live).sum()} if (hit & live).any() else {})
        assert (plain["new_hits"], plain["new_positives"]) == ((hit & ~live).sum(), (caught & ~live).sum())
    assert tested.results[2].to_json()["unknown"] == np.isnan(history.scores).sum()


def test_days_add_up_and_a_period_is_cut() -> None:
    history = _history()
    tested = _tested(history)
    big = tested.results[0]
    hit = _slow(history, "big")
    days = history.times // DAY
    assert big.days[:, 0].tolist() == [(hit & (days == 100 + day)).sum() for day in range(10)]
    rows = day_rows(tested, big)
    assert rows[0][0] == "1970-04-11"
    assert sum(row[DAY_HEAD.index("hits")] for row in rows) == hit.sum()
    part = history.between(102 * DAY, 104 * DAY)
    assert _tested(part).results[0].total("hits") == (hit & (days >= 102) & (days < 104)).sum()
    assert _tested(part).first_day == 102
    assert dict(zip(HEAD, result_row(big), strict=True))["hits"] == hit.sum()


def test_parts_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    history = _history()
    whole = _tested(history)
    monkeypatch.setattr("sevenfold.serving.backtest.run._ROWS_A_PART", 271)
    done: list[tuple[int, int]] = []
    parts = _tested(history, progress=lambda *both: done.append(both))
    assert done[-1] == (ROWS, ROWS)
    for one, other in zip(whole.results, parts.results, strict=True):
        assert np.allclose(one.days, other.days)
        assert one.overlap == other.overlap


def test_a_rule_is_not_compared_with_itself_and_must_fit_the_design() -> None:
    history = _history(50)
    costs = EventCosts(SHEET, PROBLEM)
    tested = backtest(history, [LIVE], [LIVE], SHEET, costs)
    assert tested.results[0].overlap == {"live": 0}
    with pytest.raises(DesignError, match="got 'amuont'"):
        backtest(history, [replace(LIVE, expression="amuont > 1")], [], SHEET, costs)


def test_no_history_is_no_error() -> None:
    tested = _tested(_history().between(0, 1))
    assert (tested.rows, tested.results[0].to_json()["precision"], tested.results[0].recall) == (
        0,
        None,
        None,
    )


def test_features_that_know_the_future_are_found() -> None:
    then = pl.DataFrame({"a": [1.0, None, 3.0], "b": [1, 2, 3]})
    check_against(then, then)
    leak = then.with_columns(a=pl.Series([1.0, 7.0, 3.5]))
    with pytest.raises(DataError) as refused:
        check_against(leak.drop("b"), then)
    summary, first, second = str(refused.value).splitlines()
    assert summary == "These features are not of the time of the decisions."
    expected = (
        "  - features.a, decision 1: expected None, as the log gave it then, got 7.0, and 2 rows like it."
    )
    assert first.startswith(expected)
    assert second == "  - features.b: expected a column, got none"


def test_the_money_is_drawn(tmp_path: Any) -> None:
    path = draw_money(_tested(_history(200)), tmp_path / "plots" / "money.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
