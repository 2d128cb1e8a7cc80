"""A risk score is a false-positive rate of the validation period, whatever the model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import BundleError
from sevenfold.learning.risk_scale import HIGHEST, RiskScale, false_positive_rate

SCORES = st.lists(st.integers(0, 40).map(lambda n: n / 40), min_size=1, max_size=120)


@given(SCORES, SCORES)
def test_no_more_negatives_score_that_much_than_it_says(
    negatives: list[float], positives: list[float]
) -> None:
    y = np.r_[np.zeros(len(negatives)), np.ones(len(positives))]
    scale = RiskScale.learn(y, [*negatives, *positives])
    risks = scale.risks(np.array(negatives))
    for risk in (1, 100, 250, 333, 500, 750, HIGHEST):
        assert (risks >= risk).mean() <= false_positive_rate(risk) + 1e-9
        # As many as there may be: the next lower probability would be one tie too many.
        below = [p for p in negatives if p <= scale.threshold(risk)]
        if below:
            assert (np.array(negatives) >= max(below)).mean() > false_positive_rate(risk) - 1e-9


def test_a_threshold_keeps_its_meaning_when_the_model_changes() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(50_000) < 0.02).astype(int)
    signal = rng.normal(size=50_000) + 2 * y
    old, new = 1 / (1 + np.exp(-signal)), 1 / (1 + np.exp(-3 * signal - 2))
    for score in (old, new):
        risks = RiskScale.learn(y, score).risks(score)
        shares = [(risks[y == 0] >= risk).mean() for risk in (250, 500, 750)]
        assert shares == pytest.approx([0.1, 0.01, 0.001], rel=0.05)
    assert (RiskScale.learn(y, old).risks(old) == RiskScale.learn(y, new).risks(new)).all()


def test_one_by_one_and_all_at_once_agree() -> None:
    scores = np.linspace(0, 1, 401)
    scale = RiskScale.learn(np.zeros(401), scores)
    assert [scale.risk(score) for score in scores.tolist()] == scale.risks(scores).tolist()
    assert (scale.risk(0.0), scale.risk(1.0), scale.risk(float("nan"))) == (0, 650, None)


def test_it_survives_json() -> None:
    rng = np.random.default_rng(5)
    scale = RiskScale.learn(np.zeros(3000), rng.random(3000).round(3))
    again = RiskScale.from_json(json.loads(json.dumps(scale.to_json())))
    assert (again.above == scale.above).all()
    assert again.negatives == 3000
    empty = RiskScale.from_json(RiskScale.learn([1, 1], [0.2, 0.3]).to_json())
    assert (empty.risk(0.9), empty.negatives) == (0, 0)


def test_a_damaged_one_is_refused() -> None:
    plain = RiskScale.learn(np.zeros(10), np.arange(10) / 10).to_json()
    with pytest.raises(BundleError, match="risk_scale: expected a rising scale, got another"):
        RiskScale.from_json({**plain, "above": plain["above"][::-1]})
