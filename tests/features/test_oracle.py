"""Features against their definition, computed slowly."""

from __future__ import annotations

import pytest
from designs import account_features, wide_features
from hypothesis import given
from implementations import Case, online
from oracle import Oracle, same
from random_logs import dense_log
from sample_events import Payment, Transfer
from strategies import cases

pytestmark = pytest.mark.oracle


def check(case: Case) -> int:
    """Compare every answer with the oracle's; how many there were."""
    oracle = Oracle(case.features, case.log, case.lateness)
    places = [place for place, (event, _) in enumerate(case.log) if event.__name__ == case.on]
    answers = online(case)
    assert len(answers) == len(places)
    for place, answer in zip(places, answers, strict=True):
        expected = oracle.at(place)
        wrong = {
            name: (answer[name], expected[name])
            for name, expression in oracle.features.items()
            if not same(answer[name], expected[name], expression)
        }
        assert wrong == {}, f"at event {place}: (got, expected)"
    return len(answers)


@given(case=cases())
def test_random_designs_over_random_logs_are_what_their_definition_says(case: Case) -> None:
    assert check(case) > 0


@pytest.mark.parametrize("seed", range(9))
def test_every_kind_of_feature_over_a_crowded_log(seed: int) -> None:
    """All in one plan, so that series, columns and lookups are shared."""
    late, lateness = (0.0, 0.2, 0.5)[seed % 3], (None, 600_000)[seed % 2]
    log = dense_log(Payment, 100 + seed, 70, late)
    assert check(Case(wide_features(), log, "Payment", lateness)) > 20


@pytest.mark.parametrize("seed", range(6))
def test_two_entities_of_one_type(seed: int) -> None:
    log = dense_log(Transfer, 200 + seed, 80, (0.0, 0.3)[seed % 2])
    meetings = sum(row["sender"] == row["receiver"] for event, row in log if event is Transfer)
    assert meetings > 0
    assert check(Case(account_features(), log, "Transfer")) > 20
