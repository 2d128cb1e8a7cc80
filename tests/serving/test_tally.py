"""What is counted on the deciding thread, and what only when somebody asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from served import Broken, opened, payment, served

from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.serving.record import Program
from sevenfold.serving.tally import STAGE_BOUNDS_S, STAGES, Tally
from sevenfold.serving.values_seen import SCORE_BOUNDS, ValuesSeen

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = Program("Payment", "p", ("amount", "count", "country"), ("count",), ("country",))


def _words(*rows: tuple[float, int, int]) -> np.ndarray:
    return np.array([[np.float64(a).view(np.int64), count, text] for a, count, text in rows], np.int64)


def test_nulls_are_counted_by_the_kind_of_the_feature() -> None:
    seen = ValuesSeen()
    seen.note(PROGRAM, _words((1.5, 3, 7), (math.nan, NULL_INT, NULL_INT)), [0.5, None])
    seen.note(PROGRAM, _words((math.nan, 0, 7)), [0.0005])
    assert seen.nulls == {"amount": 2, "count": 1, "country": 1}
    assert seen.decisions == 3
    assert sum(seen.scores) == 2
    assert seen.scores[SCORE_BOUNDS.index(0.5)] == 1, "a bucket holds its upper bound"
    assert seen.scores[0] == 1
    assert math.isclose(seen.score_sum, 0.5005)


def test_scores_are_counted_as_numpy_would() -> None:
    scores = np.random.default_rng(5).random(5_000)
    seen = ValuesSeen()
    for first in range(0, 5_000, 7):
        part = scores[first : first + 7]
        seen.note(PROGRAM, _words(*[(1.0, 1, 1)] * len(part)), part.tolist())
    below = [int((scores <= bound).sum()) for bound in SCORE_BOUNDS]
    assert np.cumsum(seen.scores).tolist() == below
    assert below[-1] == 5_000


def test_two_programs_are_counted_apart_and_little_waits() -> None:
    seen = ValuesSeen()
    other = Program("Payment", "q", ("amount", "other"), (), ())
    for _ in range(2_000):
        seen.note(PROGRAM, _words((math.nan, 1, 1)), [math.nan])
        seen.note(other, _words((1.0, 1, 1))[:, :2], [None])
    assert seen._rows < 1_100
    assert seen.nulls["amount"] == 2_000
    assert seen.nulls["other"] == 0
    assert sum(seen.scores) == 0


def test_a_stage_is_counted_once_for_a_group() -> None:
    tally = Tally()
    tally.spent("model", 50_000)  # 50 µs: the first bucket's bound
    tally.spent("model", 3_000_000_000)
    assert tally.buckets["model"][0] == 1
    assert tally.buckets["model"][len(STAGE_BOUNDS_S)] == 1
    assert tally.spent_ns["model"] == 3_000_050_000


def test_a_service_counts_what_it_decides(tmp_path: Path) -> None:
    service = opened(tmp_path)
    for number in range(40):
        service.decide(payment(number))
    stats = service.stats()
    service.close_now()
    assert sum(stats.score_buckets) == stats.decided == 40
    assert stats.nulls["card_mean_7d" if "card_mean_7d" in stats.nulls else "card_mean"] == 0
    assert stats.nulls["country"] == sum(payment(number)["country"] is None for number in range(40))
    assert set(stats.stage_buckets) == set(STAGES)
    assert sum(stats.stage_buckets["model"]) == 40
    assert sum(stats.stage_buckets["flush"]) >= 40


def test_a_model_that_fails_has_no_scores(tmp_path: Path) -> None:
    service = opened(tmp_path, model=served(model=Broken()))
    service.decide(payment(1))
    assert sum(service.stats().score_buckets) == 0
    service.close_now()
