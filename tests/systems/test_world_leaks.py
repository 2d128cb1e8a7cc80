"""Nothing in a single field gives a thief away; behaviour over time does."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

KINDS = {"payment_id": "pay_", "card": "card_", "merchant": "shop_", "device": "dev_", "ip": "fd"}


@pytest.fixture(scope="session")
def labelled(world):
    """Payments with the truth, in time."""
    payments, _, truth = world
    return payments.join(truth, on="payment_id", maintain_order="left").with_columns(
        euros=pl.col("amount").cast(pl.Float64)
        / pl.col("currency").replace_strict(
            ["GBP", "PLN", "SEK", "CHF", "DKK", "CZK", "USD", "CAD", "AUD"],
            [0.86, 4.3, 11.2, 0.95, 7.46, 25.0, 1.08, 1.48, 1.65],
            default=1.0,
        )
    )


def _auc(labelled: pl.DataFrame, columns: list[pl.Expr]) -> float:
    """Learn from the first half of the world, and rank the second; a single column takes a single tree."""
    X = labelled.select(column.cast(pl.Float64).alias(str(i)) for i, column in enumerate(columns)).to_numpy()
    y = labelled["is_fraud"].to_numpy()
    half = len(y) // 2
    model = DecisionTreeClassifier(max_leaf_nodes=64, min_samples_leaf=100, random_state=0)
    if len(columns) > 1:
        model = XGBClassifier(n_estimators=80, max_depth=4, learning_rate=0.15, n_jobs=1, random_state=0)
    model.fit(X[:half], y[:half])
    return float(roc_auc_score(y[half:], model.predict_proba(X[half:])[:, 1]))


def _hexadecimal(column: str, first: int, digits: int) -> pl.Expr:
    return pl.col(column).str.slice(first, digits).str.replace_all(":", "0").str.to_integer(base=16)


@pytest.mark.parametrize(
    ("name", "column", "most"),
    [
        ("amount", pl.col("amount"), 0.75),
        ("amount in euros", pl.col("euros"), 0.75),
        ("cents", pl.col("amount").cast(pl.Float64) * 100 % 100, 0.70),
        ("hour", pl.col("occurred_at").dt.hour(), 0.68),
        ("weekday", pl.col("occurred_at").dt.weekday(), 0.60),
        ("no device", pl.col("device").is_null(), 0.65),
        ("no country", pl.col("country").is_null(), 0.55),
        ("country", pl.col("country").rank("dense"), 0.72),
        ("currency", pl.col("currency").rank("dense"), 0.60),
        ("channel", pl.col("channel").rank("dense"), 0.68),
    ],
)
def test_no_single_field_finds_the_thieves(labelled, name, column, most):
    auc = _auc(labelled, [column])
    assert auc < most, f"{name} alone reaches an AUC of {auc:.3f}"


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("payment_id", _hexadecimal("payment_id", 4, 7)),
        ("payment_id's end", _hexadecimal("payment_id", 13, 7)),
        ("milliseconds", pl.col("occurred_at").dt.epoch("ms") % 1_000),
        ("seconds", pl.col("occurred_at").dt.second()),
        ("parity of the row", pl.int_range(pl.len()) % 2),
    ],
)
def test_identifiers_and_positions_tell_nothing(labelled, name, column):
    # 360 thieves in the second half: an AUC of pure chance scatters by 0.015
    assert abs(_auc(labelled, [column]) - 0.5) < 0.06, name


@pytest.mark.parametrize("kind", KINDS)
def test_all_tokens_of_a_kind_have_one_form(labelled, kind):
    held = labelled[kind].drop_nulls()
    assert held.str.len_bytes().n_unique() == 1
    assert held.str.starts_with(KINDS[kind]).all()
    digits = held.str.slice(len(KINDS[kind])).str.replace_all(":", "")
    assert digits.str.contains("^[0-9a-f]+$").all()


def test_a_stolen_card_has_a_name_like_any_other(labelled):
    cards = labelled.group_by("card").agg(stolen=pl.col("is_fraud").any()).sort("card")
    digits = cards.select(head=_hexadecimal("card", 5, 7), tail=_hexadecimal("card", 10, 7)).to_numpy()
    stolen = cards["stolen"].to_numpy()
    assert 300 < stolen.sum() < len(stolen) / 3
    model = DecisionTreeClassifier(max_leaf_nodes=16, min_samples_leaf=50, random_state=0)
    model.fit(digits[::2], stolen[::2])
    assert abs(roc_auc_score(stolen[1::2], model.predict_proba(digits[1::2])[:, 1]) - 0.5) < 0.08


def test_payments_of_one_millisecond_are_in_no_order_of_making():
    from sevenfold.systems.fraud.world.batch import Batch
    from sevenfold.systems.fraud.world.chance import stream

    size = 4_000
    columns = {name: np.zeros(size, dtype=np.int64) for name in Batch.__slots__}
    columns["pattern"] = np.repeat([0, 1], size // 2)
    columns["time"] = np.full(size, 1_770_000_000_000)
    mixed = Batch(**columns).in_time(stream(1, "order")).pattern
    assert 0.45 < mixed[: size // 2].mean() < 0.55


def test_behaviour_over_time_finds_them(labelled):
    raw = [pl.col("euros"), pl.col("occurred_at").dt.hour(), pl.col("device").is_null()]
    alone = _auc(labelled, raw)
    windowed = (
        labelled.with_columns(one=pl.lit(1.0))
        .with_columns(
            pl.col("one").rolling_sum_by("occurred_at", window).over(entity).alias(f"{entity}_{window}")
            for entity in ("card", "merchant", "device", "ip")
            for window in ("1h", "1d", "7d")
        )
        .with_columns(
            pl.when(pl.col("device").is_not_null())
            .then(pl.col(f"{entity}_{window}"))
            .alias(f"{entity}_{window}")
            for entity in ("device", "ip")
            for window in ("1h", "1d", "7d")
        )
    )
    windowed = windowed.with_columns(
        ratio=pl.col("euros") / pl.col("euros").rolling_mean_by("occurred_at", "30d").over("card"),
        known_device=pl.int_range(pl.len()).over("card", "device"),
        known_merchant=pl.int_range(pl.len()).over("card", "merchant"),
        known_country=pl.int_range(pl.len()).over("card", "country"),
        seen=pl.int_range(pl.len()).over("card"),
    )
    added = [pl.col(name) for name in windowed.columns if name not in (*labelled.columns, "one")]
    together = _auc(windowed, raw + added)
    assert together > 0.93, f"only {together:.3f}"
    assert together > alone + 0.12, f"{together:.3f} with windows, {alone:.3f} without"
