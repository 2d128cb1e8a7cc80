"""One contract for every way of computing features: the same values, bit for bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from implementations import IMPLEMENTATIONS, Case, bits, online
from strategies import cases


def test_there_is_something_to_compare() -> None:
    assert len(IMPLEMENTATIONS) >= 6
    assert online not in IMPLEMENTATIONS.values()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
@given(case=cases())
def test_random_designs_over_random_logs_are_equal_bit_for_bit(implementation, case: Case) -> None:
    assert bits(implementation(case)) == bits(online(case))
