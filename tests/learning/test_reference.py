"""What is normal for everyone: shares of the training set below and above a value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sevenfold.learning.candidate import Table
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.reference import Reference

ENCODING = Encoding((Column("amount"), Column("count"), Column("country", ("DE", "NL")), Column("none")))


def table(rows: int = 10_000, weight: np.ndarray | None = None) -> Table:
    rng = np.random.default_rng(0)
    amount = rng.permutation(np.arange(rows) / rows)
    amount[: rows // 5] = np.nan
    count = np.arange(rows) % 4 == 0
    country = np.where(np.arange(rows) % 10 < 3, 1.0, 2.0)
    X = np.stack([amount, count.astype(float), country, np.full(rows, np.nan)], axis=1)
    return Table(X, np.zeros(rows, np.int8), ENCODING, weight)


def test_shares_below_and_above_are_those_of_the_rows():
    spread = Reference.of(table()).spreads["amount"]
    assert spread.missing == pytest.approx(0.2)
    for value in (0.0005, 0.25, 0.5, 0.9, 0.9993):
        assert spread.below(value) == pytest.approx(value, abs=0.01)
        assert spread.above(value) == pytest.approx(1 - value, abs=0.01)
    assert (spread.below(-1), spread.above(-1)) == (0.0, 1.0)
    assert (spread.below(2), spread.above(2)) == (1.0, 0.0)


def test_ties_are_neither_below_nor_above():
    spread = Reference.of(table()).spreads["count"]
    assert spread.below(0.0) == 0.0
    assert spread.above(0.0) == pytest.approx(0.25, abs=0.02)
    assert spread.below(1.0) == pytest.approx(0.75, abs=0.02)
    assert spread.above(1.0) == 0.0


def test_categories_have_shares_and_absent_values_no_place():
    reference = Reference.of(table())
    assert dict(reference.spreads["country"].shares) == pytest.approx({"DE": 0.3, "NL": 0.7})
    assert reference.spreads["country"].below(1.0) is None
    nothing = reference.spreads["none"]
    assert (nothing.missing, nothing.below(1.0), nothing.above(1.0)) == (1.0, None, None)


def test_rows_count_with_their_weight():
    weight = np.where(np.arange(10_000) % 4 == 0, 9.0, 1.0)
    spread = Reference.of(table(weight=weight)).spreads["count"]
    assert spread.below(1.0) == pytest.approx(0.25, abs=0.02)


def test_it_comes_back_from_json_as_it_was():
    reference = Reference.of(table())
    again = Reference.from_json(json.loads(json.dumps(reference.to_json())))
    assert again.to_json() == reference.to_json()
    assert list(again.names) == ENCODING.names
