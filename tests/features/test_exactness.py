"""Nothing drifts: after ten million events of mixed magnitude, sums are those of exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from implementations import Case, online
from oracle import standard_deviation
from random_logs import BEGIN
from sample_events import Payment, physical

import sevenfold as sf
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.features.planner import compile_plan
from sevenfold.features.state import FeatureState

p = Payment
MINUTE, DAY = 60_000, 86_400_000


class Sale(sf.Event, key="sale_id", time="at"):
    sale_id: str
    at: sf.Timestamp
    shop: sf.Entity
    amount: sf.Money
    weight: float
    level: float
    item: int


ROWS, BATCH, SHOPS = 10_000_000, 500_000, 3
WINDOWS = {"10m": 10 * MINUTE, "1d": DAY}


class Log:
    """Ten million sales in sixty days."""

    def __init__(self) -> None:
        rng = np.random.default_rng(2026)
        self.at = BEGIN + np.sort(rng.integers(0, 60 * DAY, ROWS))
        self.shop = rng.integers(0, SHOPS, ROWS, dtype=np.int8)
        self.cents = rng.integers(0, 10**10, ROWS) // 10 ** rng.integers(0, 10, ROWS)
        self.weight = rng.normal(size=ROWS) * 10.0 ** rng.integers(-9, 10, ROWS)
        self.level = 1e9 + rng.normal(size=ROWS) * 1e-3
        self.item = rng.integers(0, 5_000, ROWS)

    def frame(self, begin: int) -> pl.DataFrame:
        part = slice(begin, begin + BATCH)
        return pl.DataFrame(
            {
                "sale_id": "s",
                "at": pl.Series(self.at[part]).cast(pl.Datetime("ms", "UTC")),
                "shop": self.shop[part].astype(np.int64),
                "amount": self.cents[part],
                "weight": self.weight[part],
                "level": self.level[part],
                "item": self.item[part],
            }
        )

    def window(self, row: int, width: int) -> np.ndarray:
        """The rows of a window that ends with ``row``."""
        first = int(np.searchsorted(self.at, self.at[row] - width, side="right"))
        rows = np.arange(first, row + 1)
        return rows[self.shop[rows] == self.shop[row]]


def exact_sum_of_squares(cents: np.ndarray) -> int:
    """Without overflow: each square in three parts."""
    high, low = np.divmod(cents, 10**5)
    return 10**10 * int((high * high).sum()) + 2 * 10**5 * int((high * low).sum()) + int((low * low).sum())


def expected(log: Log, row: int, name: str, width: int) -> dict[str, Any]:
    """What one window comes to, by exact arithmetic or by twice the precision."""
    rows = log.window(row, width)
    cents, weight, level = log.cents[rows], log.weight[rows], log.level[rows].astype(np.longdouble)
    n, total = rows.size, int(cents.sum())
    variance = Fraction(n * exact_sum_of_squares(cents) - total**2, max(n * (n - 1), 1)) / 100**2
    spread = level - 10**9
    squares = (spread**2).sum() - spread.sum() ** 2 / n
    return {
        f"count_{name}": n,
        f"sum_{name}": float(Fraction(total, 100)),
        f"mean_{name}": pytest.approx(float(Fraction(total, 100 * n)), rel=2**-52, abs=0),
        f"std_{name}": pytest.approx(math.sqrt(variance), rel=1e-9, abs=0) if n > 1 else None,
        f"min_{name}": cents.min() / 100,
        f"max_{name}": cents.max() / 100,
        f"weight_{name}": math.fsum(weight),
        f"level_{name}": (
            pytest.approx(float(np.sqrt(squares / (n - 1))), rel=1e-9, abs=0) if n > 1 else None
        ),
        f"items_{name}": np.unique(log.item[rows]).size,
    }


def test_ten_million_events_of_mixed_magnitude() -> None:
    """At random places and at the end, over windows that slid all the way, in the state batches leave."""
    log, names = Log(), tuple(WINDOWS)
    s = Sale
    features = sf.features(
        count=s.count().by(s.shop).over(*names),
        sum=s.amount.sum().by(s.shop).over(*names, "all"),
        mean=s.amount.mean().by(s.shop).over(*names),
        std=s.amount.std().by(s.shop).over(*names),
        min=s.amount.min().by(s.shop).over(*names),
        max=s.amount.max().by(s.shop).over(*names),
        weight=s.weight.sum().by(s.shop).over(*names, "all"),
        level=s.level.std().by(s.shop).over(*names),
        items=s.item.n_unique().by(s.shop).over(*names),
    )
    plan, events = compile_plan([s], features), {"Sale": s}
    state, asking = FeatureState(plan), plan.asking["Sale"]
    rng, compared = np.random.default_rng(1), 0
    for begin in range(0, ROWS, BATCH):
        batch = make_batch(plan, events, {"Sale": log.frame(begin)}, "Sale", None, None, state)
        out, nulls = np.empty((len(asking.names), BATCH), np.int64), np.zeros(len(asking.names), np.int64)
        fold_batch(state, batch, "Sale", out, nulls)
        for row in [*rng.integers(begin, begin + BATCH, 3), begin + BATCH - 1]:
            words = out[:, row - begin]
            got = {
                name: int(word) if name in asking.counts else float(word.view(np.float64))
                for name, word in zip(asking.names, words, strict=True)
            }
            for name, width in WINDOWS.items():
                wanted = expected(log, int(row), name, width)
                assert {key: got[key] for key in wanted} == wanted, f"row {row}"
            compared += 1
    assert compared == 80
    mine = log.shop == log.shop[-1]
    assert got["sum_all"] == float(Fraction(int(log.cents[mine].sum()), 100))
    assert got["weight_all"] == math.fsum(log.weight[mine])


def ask(values: list[Any], field: str, **features: object) -> list[dict[str, Any]]:
    """Features at payments of one card, one a minute."""
    log = [
        (p, physical(p, payment_id=str(at), occurred_at=BEGIN + at, card="a", amount=0) | {field: value})
        for at, value in zip(range(0, MINUTE * len(values), MINUTE), values, strict=True)
    ]
    return online(Case(sf.features(**features), log))


def test_a_large_value_that_comes_and_goes_leaves_no_trace() -> None:
    values = [0.1, 0.2, 1e300, 0.3, -1e-300, 0.4, *[0.1] * 12, 0.1]
    got = ask(
        values, "score", total=p.score.sum().by(p.card).over("10m"), std=p.score.std().by(p.card).over("10m")
    )
    assert [answer["total_10m"] for answer in got] == [
        math.fsum(values[max(0, place - 9) : place + 1]) for place in range(len(values))
    ]
    assert got[-1]["std_10m"] == 0.0


def test_cents_are_never_lost() -> None:
    got = ask(
        [1] * 1_000,
        "amount",
        total=p.amount.sum().by(p.card).over("all"),
        mean=p.amount.mean().by(p.card).over("all"),
    )
    assert [answer["total_all"] for answer in got] == [number / 100 for number in range(1, 1_001)]
    assert {answer["mean_all"] for answer in got} == {0.01}


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=12))
def test_the_largest_amounts(cents: list[int]) -> None:
    got = ask(
        cents, "amount", amount=p.amount, total=p.amount.sum().by(p.card).over("5m"),
        most=p.amount.max().by(p.card).over("5m"), mean=p.amount.mean().by(p.card).over("5m"),
    )  # fmt: skip
    for place, answer in enumerate(got):
        inside = cents[max(0, place - 4) : place + 1]
        assert answer["amount"] == cents[place] / 100
        assert answer["most_5m"] == max(inside) / 100
        assert answer["total_5m"] == float(Fraction(sum(inside), 100))
        mean = float(Fraction(sum(inside), 100 * len(inside)))
        # Beyond 2 ** 50 of its own units a sum is rounded before it is divided.
        ulps = 1.0 if abs(sum(inside)) * 100 <= 2**50 else 1.5
        assert abs(Fraction(answer["mean_5m"]) - Fraction(sum(inside), 100 * len(inside))) <= ulps * math.ulp(
            mean
        )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12))
def test_sums_and_deviations_of_any_doubles(values: list[float]) -> None:
    got = ask(
        values, "score", total=p.score.sum().by(p.card).over("5m"), std=p.score.std().by(p.card).over("5m"),
        ever=p.score.std().by(p.card).over("all"),
    )  # fmt: skip
    for place, answer in enumerate(got):
        inside = [Fraction(value) for value in values[max(0, place - 4) : place + 1]]
        try:
            assert answer["total_5m"] == float(sum(inside))
        except OverflowError:
            assert answer["total_5m"] is None
        for name, over in (
            ("std_5m", inside),
            ("ever_all", [Fraction(value) for value in values[: place + 1]]),
        ):
            wanted = standard_deviation(over)
            assert answer[name] == (None if wanted is None else pytest.approx(wanted, rel=1e-9, abs=5e-324))


@pytest.mark.parametrize("mean", [0, 1, 10**6, 10**12, 10**15])
def test_a_small_variance_about_a_large_mean(mean: int) -> None:
    values = [mean + step for step in (0, 1, 3, 2, 0, 1)]
    got = ask(values, "items", std=p.items.std().by(p.card).over("all"))
    wanted = standard_deviation([Fraction(value) for value in values])
    assert got[-1]["std_all"] == pytest.approx(wanted, rel=1e-15)


def test_a_constant_has_no_deviation() -> None:
    for value in (0.1, 1e-300, -1e300, 5e-324):
        got = ask([value] * 5, "score", std=p.score.std().by(p.card).over("all"))
        assert [answer["std_all"] for answer in got] == [None, 0.0, 0.0, 0.0, 0.0]
