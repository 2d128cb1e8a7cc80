"""Features against their definition, computed slowly."""

from __future__ import annotations

from hypothesis import given
from implementations import Case, online
from oracle import Oracle, same
from strategies import cases


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
