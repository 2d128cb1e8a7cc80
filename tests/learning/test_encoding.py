import math

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import DataError
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.expansion import Expansion


def test_numbers_booleans_and_nulls_become_floats_with_nan():
    frame = pl.DataFrame({"a": [1, None, 3], "b": [True, False, None], "c": [0.5, math.nan, None]})
    encoded = Encoding.learn(frame).encode(frame)
    np.testing.assert_array_equal(encoded, [[1, 1, 0.5], [np.nan, 0, np.nan], [3, np.nan, np.nan]])
    assert encoded.flags.c_contiguous


def test_rare_categories_share_the_code_of_unseen_ones():
    frame = pl.DataFrame({"c": ["a"] * 5 + ["b"] * 4 + ["rare"] + [None]})
    encoding = Encoding.learn(frame, min_category_rows=2)
    assert encoding.columns == (Column("c", ("a", "b")),)
    new = pl.DataFrame({"c": ["b", "rare", "never seen", None]})
    np.testing.assert_array_equal(encoding.encode(new)[:, 0], [2, 0, 0, np.nan])


def test_only_the_most_frequent_categories_get_a_code():
    frame = pl.DataFrame({"c": ["x"] * 3 + ["y"] * 2 + ["z"] * 4})
    encoding = Encoding.learn(frame, max_categories=2, min_category_rows=1)
    assert encoding.columns[0].categories == ("x", "z")


def test_ten_thousand_categories_stay_bounded():
    frame = pl.DataFrame({"c": [f"merchant-{i % 10_000}" for i in range(30_000)]})
    assert len(Encoding.learn(frame, max_categories=50, min_category_rows=1).columns[0].categories) == 50


def test_a_row_is_encoded_like_a_frame(world):
    encoding = Encoding.learn(world.features)
    head = world.features.head(50)
    by_name = [encoding.encode_row(row) for row in head.iter_rows(named=True)]
    by_place = [encoding.encode_row(row) for row in head.iter_rows()]
    np.testing.assert_array_equal(by_name, encoding.encode(head))
    np.testing.assert_array_equal(by_place, encoding.encode(head))


def test_the_order_of_columns_and_further_columns_make_no_difference(world):
    encoding = Encoding.learn(world.features)
    shuffled = world.features.select(reversed(world.features.columns)).with_columns(extra=pl.lit("x"))
    np.testing.assert_array_equal(encoding.encode(shuffled), encoding.encode(world.features))


def test_it_survives_json(world):
    encoding = Encoding.learn(world.features)
    assert Encoding.from_json(encoding.to_json()) == encoding


def test_all_faulty_columns_are_named():
    encoding = Encoding((Column("amount"), Column("country", ("DE",)), Column("gone")))
    with pytest.raises(DataError) as error:
        encoding.encode(pl.DataFrame({"amount": ["12"], "country": [3.0]}))
    assert str(error.value) == (
        "The features are not those that the model was trained on.\n"
        "  - amount: expected a number, got String\n"
        "  - country: expected a category, got Float64\n"
        "  - gone: expected a number, got no such column. Columns that are there: amount, country"
    )


def test_infinities_are_refused_by_name():
    encoding = Encoding((Column("a"), Column("b")))
    with pytest.raises(DataError, match="a: expected finite numbers or null, got infinities in 2 of 2 rows"):
        encoding.encode(pl.DataFrame({"a": [math.inf, -math.inf], "b": [1.0, 2.0]}))
    with pytest.raises(DataError, match="b: expected finite numbers or null, got infinities in 1 of 2 rows"):
        encoding.encode(pl.DataFrame({"a": [1e38, 0.0], "b": [1e39, 2.0]}))


def test_a_column_of_another_type_is_refused():
    with pytest.raises(DataError, match="at: expected a number, a boolean or a category, got Date"):
        Encoding.learn(pl.DataFrame({"at": ["2020-01-01"]}).select(pl.col("at").str.to_date()))


def test_a_frame_without_columns_is_refused():
    with pytest.raises(DataError, match="at least one feature"):
        Encoding.learn(pl.DataFrame())


def test_expansion_gives_a_column_to_each_code_and_to_missing():
    encoding = Encoding((Column("n"), Column("c", ("a", "b"))))
    X = np.array([[5.0, 0.0], [np.nan, 1.0], [6.0, 2.0], [7.0, np.nan]])
    np.testing.assert_array_equal(
        Expansion.of(encoding).apply(X),
        [[5, 1, 0, 0, 0], [np.nan, 0, 1, 0, 0], [6, 0, 0, 1, 0], [7, 0, 0, 0, 1]],
    )
