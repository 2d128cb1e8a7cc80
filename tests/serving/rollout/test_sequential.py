"""The test that may be looked at any number of times: its error, its power, and the guardrails beside it."""

from __future__ import annotations

import numpy as np
import pytest

import sevenfold as sf
from sevenfold.serving.rollout.guard import Counts, breaches
from sevenfold.serving.rollout.sequential import needed, saving

SHARE, CONFIDENCE = 0.3, 0.9


def _looks(effect: float, seed: int, planned: int, most: int, cards: int = 4_000) -> str:
    """Look every few hundred decisions, as a person that cannot wait."""
    rng = np.random.default_rng(seed)
    entity = rng.integers(0, cards, most)
    own = rng.random(cards)[entity] < SHARE
    cost = rng.exponential(1.0, most) * (rng.random(most) < 0.3) - effect * own
    for n in range(500, most + 1, 500):
        verdict = saving(cost[:n], own[:n], entity[:n], SHARE, CONFIDENCE, planned).verdict()
        if verdict != "open":
            return verdict
    return "open"


def test_looking_often_finds_nothing_where_there_is_nothing() -> None:
    verdicts = [_looks(0.0, seed, 5_000, 10_000) for seed in range(200)]
    wrong = sum(verdict != "open" for verdict in verdicts) / len(verdicts)
    assert wrong <= 1 - CONFIDENCE


def test_the_effect_is_found_with_the_power_that_was_computed_beforehand() -> None:
    rng = np.random.default_rng(1)
    spread = float((rng.exponential(1.0, 50_000) * (rng.random(50_000) < 0.3)).std())
    planned = needed(spread, SHARE, 0.06, CONFIDENCE, 0.8)
    verdicts = [_looks(0.06, seed, planned, planned) for seed in range(60)]
    assert verdicts.count("better") / len(verdicts) >= 0.7
    assert "worse" not in verdicts


def test_a_sample_without_both_arms_says_nothing() -> None:
    alone = saving(np.ones(5), np.ones(5, bool), np.arange(5), 0.5, 0.95, 100)
    assert (alone.low, alone.high, alone.verdict()) == (-np.inf, np.inf, "open")


@pytest.mark.parametrize(
    ("challenger", "said"),
    [
        (Counts(2_000, 200), "It blocks 10.00%; at most 2 times the champion's 2.00%."),
        (Counts(2_000, 0), "It blocks 0.00%, less than the champion's 2.00% by 2 times."),
        (Counts(2_000, 40, scoring_us=50.0), "It scores in 50 us; at most 20 us are allowed."),
        (Counts(2_000, 40, failed=50), "50 of its 2,000 decisions had no score; at most 0.10% are allowed."),
        (
            Counts(2_000, 40, groups={"DE": (1_000, 20), "NL": (1_000, 200)}),
            (
                "Block rates of groups of country lie 18.00% apart, the champion's 0.00%;"
                " 5.00% more are allowed."
            ),
        ),
    ],
)
def test_each_guardrail_says_what_broke_it(challenger: Counts, said: str) -> None:
    rails = sf.Guardrails(fairness=0.05, group="country")
    champion = Counts(10_000, 200, scoring_us=10.0, groups={"DE": (5_000, 100), "NL": (5_000, 100)})
    assert breaches(rails, challenger, champion) == [said]
    assert breaches(rails, Counts(2_000, 41, 1, 11.0), champion) == []
    assert breaches(rails, Counts(20, 20), champion) == []
