"""Active learning: what is informative, how it is drawn, and that chances are what they are said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reviewed import DAY, Bench

import sevenfold as sf
from sevenfold.design.selecting import select_decisions
from sevenfold.errors import DesignError, UsageError
from sevenfold.feedback.active.committee import Committee
from sevenfold.feedback.active.curve import Budget, Pool, label_curve, labels_needed
from sevenfold.feedback.active.draw import chances, draw
from sevenfold.feedback.active.informative import density, disagreement, uncertainty
from sevenfold.feedback.active.report import draw_curves, efficiency, markdown
from sevenfold.feedback.review.change import SELECTION, Selection

if TYPE_CHECKING:
    from pathlib import Path


def test_disagreement_is_the_mean_divergence_from_the_mean() -> None:
    scores = np.array([[0.1, 0.9], [0.3, 0.9], [0.8, 0.9]])
    mean = scores.mean(axis=0)
    divergence = [
        np.mean([p * np.log2(p / m) + (1 - p) * np.log2((1 - p) / (1 - m)) for p in column])
        for column, m in zip(scores.T, mean, strict=True)
    ]
    assert disagreement(scores) == pytest.approx(divergence, abs=1e-12)
    with pytest.raises(UsageError, match=r"\(members, rows\), not \(2,\)"):
        disagreement(np.zeros(2))


def test_density_is_the_mean_cosine_to_all_rows() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 3))
    X[3, 1] = np.nan
    filled = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
    standard = (filled - np.nanmean(X, axis=0)) / np.sqrt(
        np.nanmean((X - np.nanmean(X, axis=0)) ** 2, axis=0)
    )
    unit = standard / np.linalg.norm(standard, axis=1, keepdims=True)
    expected = (1 + (unit @ unit.T).mean(axis=1)) / 2
    assert density(np.ones(40), X) == pytest.approx(expected)
    assert uncertainty(np.array([0.5])).tolist() == [1.0]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=60),
    st.integers(0, 70),
    st.floats(0.01, 1.0),
    st.integers(0, 1000),
)
def test_draws_hold_to_their_chances(values: list[float], count: int, share: float, seed: int) -> None:
    given_values = np.array(values)
    probability = chances(given_values, count, share)
    wanted = min(count, len(values))
    assert probability.sum() == pytest.approx(wanted)
    assert (probability <= 1 + 1e-9).all()
    if count > 0:
        assert (probability >= share * wanted / len(values) - 1e-9).all(), "everybody has a chance"
    drawn = draw(given_values, count, share, np.random.default_rng(seed))
    assert len(drawn.rows) == wanted == len(set(drawn.rows.tolist()))
    assert drawn.probability == pytest.approx(probability[drawn.rows])


def test_each_is_drawn_as_often_as_its_chance_says() -> None:
    values = np.array([0.0, 0.2, 0.9, 1.0, 0.5, 0.7])
    rng, times = np.random.default_rng(7), 5_000
    counted = np.zeros(6)
    for _ in range(times):
        counted[draw(values, 2, 0.3, rng, sharpness=2).rows] += 1
    expected = chances(values, 2, 0.3, sharpness=2)
    assert counted / times == pytest.approx(expected, abs=4 * np.sqrt(0.25 / times))


def test_what_cannot_be_drawn_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        chances(np.array([np.nan]), -1, 0.0)
    for text in (
        "count: expected zero or more, got -1",
        "random_share: expected above 0",
        "values: expected",
    ):
        assert text in str(caught.value)
    with pytest.raises(DesignError, match=r"active\.strategy: expected one of uncertainty, committee"):
        sf.Active(strategy="best")  # type: ignore[arg-type]


def _pool(seed: int = 7) -> Pool:
    """A rare class in two far corners, one of them hard to see."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(8_000, 6))
    odds = 3.0 * (X[:, 0] + X[:, 1]) - 9.5 + 2.0 * (X[:, 2] > 1.5)
    y = (rng.random(8_000) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return Pool("corners", X[:5000], y[:5000], X[5000:], y[5000:])


def test_asking_for_uncertain_labels_needs_half_of_them_or_fewer(tmp_path: Path) -> None:
    pool, budget = _pool(), Budget(first=200, batch=200, most=1_000)
    curves = [
        label_curve(pool, strategy, seed, budget, threads=1)
        for seed in (1,)
        for strategy in ("uncertainty", "random")
    ]
    assert [curve.labels[-1] for curve in curves] == [1_000] * 2
    active, random = efficiency("corners", curves)
    assert (active.strategy, random.strategy) == ("uncertainty", "random")
    assert active.share is not None
    assert active.share <= 0.5
    assert active.positives > 1.5 * random.positives
    assert "| uncertainty | " in markdown([active, random])
    assert draw_curves("corners", curves, tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_a_quality_counts_once_it_stays() -> None:
    curve = label_curve(_pool(), "random", 1, Budget(first=200, batch=100, most=400), threads=1)
    quality = curve.average_precision
    assert labels_needed(curve, quality.min()) == 200
    assert labels_needed(curve, 2.0) is None


def test_a_committee_of_one_learns_from_all_rows_and_repeats_itself() -> None:
    pool = _pool()
    first, second = (Committee.fit(pool.X, pool.y, members=1, trees=5, threads=1) for _ in range(2))
    assert np.array_equal(first.scores(pool.X_test), second.scores(pool.X_test))
    assert first.scores(pool.X_test).shape == (1, 3000)


@pytest.mark.parametrize("strategy", ["uncertainty", "random", "density"])
def test_a_day_draws_what_is_declared_and_notes_the_chance(tmp_path: Path, strategy: str) -> None:
    bench = Bench(tmp_path, active=sf.Active(per_day=5, strategy=strategy))  # type: ignore[arg-type]
    for number in range(40):
        bench.pay(number, amount=10.0 + 4 * number)
    bench.pay(99, amount=500.0)
    drawn = select_decisions(bench.design, tmp_path, clock_ms=bench.clock, seed=7)
    assert len(drawn) == 5
    assert {one.pool for one in drawn} == {40}
    assert all(0 < one.probability <= 1 for one in drawn)
    if strategy == "random":
        assert {one.probability for one in drawn} == {5 / 40}
    assert select_decisions(bench.design, tmp_path, clock_ms=bench.clock) == [], "only so many a day"
    listed = bench.queue.cases()
    members = [m for one in listed for m in bench.queue.show(one.case).case["members"]]
    chances_of = {member["event_id"]: member.get("probability") for member in members}
    assert chances_of == {one.event_id: pytest.approx(one.probability) for one in drawn} | {"p99": None}
    logged = bench.service.parts.log.entries_of(SELECTION)
    assert [Selection.of(entry) for entry in logged] == drawn
    bench.clock.now += DAY + 1
    assert select_decisions(bench.design, tmp_path, clock_ms=bench.clock) == [], "nothing was decided since"
    bench.pay(200, amount=20.0)
    assert [one.event_id for one in select_decisions(bench.design, tmp_path, clock_ms=bench.clock)] == [
        "p200"
    ]
    bench.close()


def test_a_committee_draws_where_it_disagrees(tmp_path: Path) -> None:
    bench = Bench(tmp_path, active=sf.Active(per_day=3, strategy="committee"))
    for number in range(120):
        bench.pay(number, amount=10.0 + number)
        if number > 80:
            bench.charge_back(number)
    bench.clock.now += 50 * DAY
    for number in range(200, 230):
        bench.pay(number, amount=10.0 + 4 * (number - 200))
    drawn = select_decisions(bench.design, tmp_path, clock_ms=bench.clock, seed=7)
    assert len(drawn) == 3
    assert {one.strategy for one in drawn} == {"committee"}
    bench.close()


def test_a_design_that_draws_nothing_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(UsageError, match=r"feedback.active.per_day: expected one or more, got 0. Declare it"):
        select_decisions(bench.design, tmp_path)
    bench.close()
