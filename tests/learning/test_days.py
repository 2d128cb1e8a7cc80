"""Days before a training, counted: the bins, what is kept, and the way into a bundle."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from sevenfold.learning.days import BINS, DAY_MS, KEPT_DAYS, Bins, Days
from sevenfold.learning.reference import Reference


def rows(days: int = 100, per_day: int = 50) -> tuple[pl.DataFrame, np.ndarray]:
    chance = np.random.default_rng(0)
    count = days * per_day
    amount = pl.Series(chance.exponential(1, count)).set(pl.Series(chance.random(count) < 0.2), None)
    country = pl.Series(chance.choice(np.array(["DE", "NL"]), count, p=[0.7, 0.3]))
    table = pl.DataFrame(
        {"amount": amount, "country": country, "none": pl.Series([None] * count, dtype=pl.Int64)}
    )
    return table, np.repeat(np.arange(days), per_day) * DAY_MS + 5


def test_every_row_of_the_newest_days_is_counted_once_for_each_feature():
    days = Days.of(*rows())
    assert days.numbers.tolist() == list(range(100 - KEPT_DAYS, 100))
    assert days.counts.shape == (KEPT_DAYS, 3, BINS)
    assert (days.counts.sum(-1) == 50).all()
    assert (days.counts[:, days.names.index("none"), -1] == 50).all()


def test_a_number_is_counted_between_quantiles():
    bins = Bins(np.array([1.0, 2.0]))
    assert bins.codes(np.array([0.5, 1.0, 1.5, 2.5, np.inf, np.nan])).tolist() == [0, 0, 1, 2, 2, BINS - 1]


def test_a_category_without_a_bin_of_its_own_is_other():
    values = pl.Series([f"c{n:02}" for n in range(30) for _ in range(40 - n)])
    bins = Bins.of(values)
    assert bins.categories is not None
    assert bins.categories[:2] == ("c00", "c01")
    codes = bins.text_codes(pl.Series(["c00", "c19", "c25", "new", None]))
    assert codes.tolist() == [0, 19, BINS - 2, BINS - 2, BINS - 1]


def test_days_go_into_a_reference_and_come_back():
    days = Days.of(*rows())
    again = Reference.from_json(json.loads(json.dumps(Reference({}, days).to_json()))).days
    assert again is not None
    assert again.names == days.names
    assert (again.counts == days.counts).all()
    assert (again.bins["amount"].edges == days.bins["amount"].edges).all()
    assert again.bins["country"].categories == ("DE", "NL")


def test_a_reference_of_an_earlier_version_has_no_days():
    assert Reference.from_json({"amount": {"missing": 0.0, "quantiles": [], "shares": {}}}).days is None


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows_are_no_trouble(count: int):
    table, times = rows()
    assert len(Days.of(table.head(count), times[:count]).numbers) == count
